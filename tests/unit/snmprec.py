"""Recorded walks, as snmpsim writes them: OID|type|value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

HEX, NULL, NUMBERS = "4x", "5", {"2", "65", "66", "67", "70"}


def walk(path: Path) -> dict[str, Any]:
    """Give raw values by OID: int, bytes, or None."""
    found: dict[str, Any] = {}
    for line in path.read_text(errors="surrogateescape").splitlines():
        oid, kind, value = line.split("|", 2)
        if kind == NULL:
            found[oid] = None
        elif kind in NUMBERS:
            found[oid] = int(value)
        else:
            found[oid] = bytes.fromhex(value) if kind == HEX else value.encode("utf-8", "surrogateescape")
    return found
