#!/usr/bin/env python3
"""Check a scenario and draw it: scripts/check_scenario.py --help."""

from minibot_fs.cli.check_scenario import main

if __name__ == "__main__":
    main()
