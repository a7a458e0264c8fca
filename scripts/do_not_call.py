#!/usr/bin/env python3
"""Numbers that are never called again: scripts/do_not_call.py add | remove | check | import."""

from minibot_fs.cli.do_not_call import main

if __name__ == "__main__":
    main()
