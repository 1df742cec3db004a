"""Reading tables: what to ask, and how a family's answer becomes readings with one name each.

Names carry their unit: rsrp_dbm, rsrq_db, sinr_db, rssi_dbm, uptime_s, sampled_ago_s.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

RANGES = {  # 3GPP TS 36.133 and 38.133 together with NR; outside is an anomaly, never a number
    "rsrp_dbm": (-156.0, -31.0),
    "rsrq_db": (-43.0, 20.0),
    "sinr_db": (-23.0, 40.0),
    "rssi_dbm": (-125.0, -1.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The OIDs of one look and the function that reads them into (readings, missing)."""

    oids: tuple[str, ...]
    read: Callable[[Mapping[str, Any]], tuple[dict[str, Any], dict[str, str]]]


def load(name: str) -> Table:
    """Give the reading table called `name`."""
    table = importlib.import_module(f"provision.readings.{name}").TABLE
    assert isinstance(table, Table)
    return table


def number(name: str, raw: Any) -> tuple[float | None, str]:
    """Turn a raw radio value into a number in range, or None and the reason."""
    if raw is None or raw == "":
        return None, "not reported"
    try:
        value = float(raw)
    except (TypeError, ValueError):
        return None, f"not a number: {raw!r}"
    low, high = RANGES[name]
    if not low <= value <= high:
        return None, f"out of range: {value:g}"
    return value, ""
