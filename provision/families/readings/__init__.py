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

from provision.core import discover
from provision.families.readings import mib
from provision.families.readings.mib import Family, Raw, is_of

UPTIME = "1.3.6.1.2.1.1.3.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The OIDs of one look and the function that reads them into (readings, missing)."""

    oids: tuple[str, ...]
    read: Callable[[Mapping[str, Any]], tuple[dict[str, Any], dict[str, str]]]


def load(name: str) -> Table | Family:
    """Give how a managed family is read: our own status line (a Table), or its MIB's rows (a Family)."""
    own = getattr(importlib.import_module(f"provision.families.readings.{name}"), "TABLE", None)
    return own if isinstance(own, Table) else families()[name]


def ask(family: Family, index: int) -> tuple[str, ...]:
    """Give the OIDs of one look: what the device says of itself, and the row of its modem at `index`, a hint."""
    own = [said.oid for sources in (family.model, family.firmware, family.serial) for said in sources]
    rows = family.rows[0]
    at = 0 if rows.scalar is not None else index
    return tuple(dict.fromkeys((UPTIME, *own, *(f"{mib.place(rows, c)}.{at}" for c in rows.columns))))


def said(family: Family, values: Mapping[str, Raw], index: int) -> tuple[dict[str, Any], dict[str, str]]:
    """Read the answer to `ask` into readings, and what is missing with its reason; an anomaly is no reading."""
    box = mib.read(family, values)
    rows = family.rows[0]
    modem = mib.row(rows, 0 if rows.scalar is not None else index, values)
    own = {"model": box.model, "firmware": box.firmware, "serial": box.serial}
    readings = {n: v for n, v in own.items() if v} | dict(modem.readings)
    missing = {n: mib.NOT_REPORTED for n, v in own.items() if not v} | dict(modem.missing)
    if isinstance(ticks := values.get(UPTIME), int):
        readings["uptime_s"] = ticks // 100
    for anomaly in modem.anomalies:
        if anomaly.startswith("RSRP"):
            readings.pop("rsrp_dbm", None)
            missing["rsrp_dbm"] = f"anomaly: {anomaly}"
    return readings, missing


def names_of(family: Family) -> tuple[str, ...]:
    """Give every reading that a family's look may have."""
    return ("serial", "firmware", "uptime_s", *dict.fromkeys(c.name for c in family.rows[0].columns))


@cache
def families() -> Mapping[str, Family]:
    """Give every family that can be read over SNMP, by name."""
    return {name: discover.load(__name__, names(), name, Family, "reading table") for name in names()}


@cache
def names() -> tuple[str, ...]:
    """Give the names of all reading tables."""
    return tuple(n for n in discover.names(__path__) if n != "mib")


def identify(values: Mapping[str, Raw]) -> str:
    """Give the name of the family whose answers these are, or an empty text."""
    return next((name for name, family in families().items() if is_of(family, values)), "")
