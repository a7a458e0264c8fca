#!/usr/bin/env python3
"""Run a rehearsed campaign from contacts to exports: make demo."""

from minibot_fs.cli.demo import main

if __name__ == "__main__":
    main()
