#!/usr/bin/env python3
"""Copy the project's configuration into FreeSWITCH: scripts/install_freeswitch.py --help."""

from minibot_fs.cli.install_freeswitch import main

if __name__ == "__main__":
    main()
