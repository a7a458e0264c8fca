#!/usr/bin/env python3
"""Export a campaign: scripts/export_campaign.py --help. ``CampaignExporter`` does it from Python."""

from minibot_fs.cli.export_campaign import main
from minibot_fs.report.export import CampaignExporter

__all__ = ["CampaignExporter"]

if __name__ == "__main__":
    main()
