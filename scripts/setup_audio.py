#!/usr/bin/env python3
"""Make telephone prompts of a voice's recordings and deploy them: scripts/setup_audio.py --help."""

from minibot_fs.cli.setup_audio import main

if __name__ == "__main__":
    main()
