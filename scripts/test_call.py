#!/usr/bin/env python3
"""Place one call and follow it: scripts/test_call.py --help."""

from minibot_fs.cli.test_call import main

if __name__ == "__main__":
    main()
