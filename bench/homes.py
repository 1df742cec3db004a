"""Change lab homes for the benches."""

from __future__ import annotations

import re
from pathlib import Path


def all_openwrt(home: Path) -> None:
    """Make every modem of a home OpenWrt: remove the RouterOS and RutOS driver lines from the kits' files.

    The peer's script is for OpenWrt only.
    """
    for kit in (home / "inventory/kits").glob("*.yml"):
        kit.write_text(re.sub(r"  driver: (?:routeros|rutos)\n", "", kit.read_text()))
