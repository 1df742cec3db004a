"""Homes for the figures."""

from __future__ import annotations

import re
from pathlib import Path


def all_openwrt(home: Path) -> None:
    """Let all eight be OpenWrt: the peer's script speaks no other words."""
    for kit in (home / "inventory/kits").glob("*.yml"):
        kit.write_text(re.sub(r"  driver: (?:routeros|rutos)\n", "", kit.read_text()))
