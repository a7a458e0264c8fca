#!/usr/bin/env python3
"""Launch and steer campaigns: scripts/launch_campaign.py --help."""

from minibot_fs.cli.launch_campaign import main

if __name__ == "__main__":
    main()
