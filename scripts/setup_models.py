#!/usr/bin/env python3
"""Install a French Vosk model: scripts/setup_models.py --help."""

from minibot_fs.cli.setup_models import main

if __name__ == "__main__":
    main()
