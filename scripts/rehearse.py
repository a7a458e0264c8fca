#!/usr/bin/env python3
"""Rehearse one call of a scenario with a scripted caller: scripts/rehearse.py --help."""

from minibot_fs.cli.rehearse import main

if __name__ == "__main__":
    main()
