#!/usr/bin/env python3
"""Create a scenario step by step: scripts/create_scenario.py --help."""

from minibot_fs.cli.create_scenario import main

if __name__ == "__main__":
    main()
