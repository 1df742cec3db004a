"""Reading tables: what to ask, and how a family's answer becomes readings with one name each.

One file per family, found by being there. Names carry their unit: rsrp_dbm, rsrq_db, sinr_db,
rssi_dbm, temperature_c, uptime_s, sampled_ago_s.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from provision import found
from provision.radio import Family, Raw, is_of


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


@cache
def families() -> Mapping[str, Family]:
    """Give every family that can be read over SNMP, by name."""
    return {name: found.load(__name__, names(), name, Family, "reading table") for name in names()}


@cache
def names() -> tuple[str, ...]:
    """Give the names of all reading tables."""
    return found.names(__path__)


def identify(values: Mapping[str, Raw]) -> str:
    """Give the name of the family whose answers these are, or an empty text."""
    return next((name for name, family in families().items() if is_of(family, values)), "")
