#!/usr/bin/env python3
"""Check everything a call needs: scripts/check_system.py --help."""

from minibot_fs.cli.check_system import main

if __name__ == "__main__":
    main()
