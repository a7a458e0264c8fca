#!/usr/bin/env python3
"""What the bot understands of each line, and why: scripts/understand.py --help."""

from minibot_fs.cli.understand import main

if __name__ == "__main__":
    main()
