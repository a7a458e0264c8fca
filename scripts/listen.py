#!/usr/bin/env python3
"""What the hearing chain makes of a recording: scripts/listen.py --help."""

from minibot_fs.cli.listen import main

if __name__ == "__main__":
    main()
