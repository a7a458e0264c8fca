#!/usr/bin/env python3
"""Import contacts from a .csv or .xlsx file: scripts/import_contacts.py --help."""

from minibot_fs.cli.import_contacts import main

if __name__ == "__main__":
    main()
