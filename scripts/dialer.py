#!/usr/bin/env python3
"""A dialer process: scripts/dialer.py --help."""

from minibot_fs.cli.dialer import main

if __name__ == "__main__":
    main()
