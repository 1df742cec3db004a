"""One look over SNMP: what is asked, and how the answer becomes readings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from provision.families.readings import mib
from provision.families.readings.mib import Mib

UPTIME = "1.3.6.1.2.1.1.3.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusLine:
    """A status line of our own at fixed OIDs, with the function that reads it into (readings, missing)."""

    places: tuple[str, ...]
    reader: Callable[[Mapping[str, Any]], tuple[dict[str, Any], dict[str, str]]]
    is_indexed: bool = False

    def oids(self, row: int) -> tuple[str, ...]:
        """Return the OIDs of one look, which are the same for every `row`."""
        return self.places

    def read(self, values: Mapping[str, Any], row: int) -> tuple[dict[str, Any], dict[str, str]]:
        """Return the readings in `values` (by OID), and the reason for each missing one; `row` is not used."""
        return self.reader(values)

    def names(self) -> tuple[str, ...]:
        """Return the names of the readings that the reader calls missing when there is no answer."""
        return tuple(self.reader({})[1])

    def columns(self, name: str) -> tuple[str, ...]:
        """Return an empty tuple: a status line has no table."""
        return ()


@dataclass(frozen=True, slots=True)
class MibLook:
    """Readings of one modem in the first table of a vendor's MIB, and of what the device says of itself."""

    mib: Mib
    is_indexed: bool = True

    def oids(self, row: int) -> tuple[str, ...]:
        """Return the OIDs of uptime, model, firmware, serial and each column of the modem's row, each OID once.

        `row` is the row's index; scalars are asked at 0.
        """
        own = [text.oid for texts in (self.mib.model, self.mib.firmware, self.mib.serial) for text in texts]
        rows = self.mib.rows[0]
        at = 0 if rows.scalar is not None else row
        return tuple(dict.fromkeys((UPTIME, *own, *(f"{mib.place(rows, c)}.{at}" for c in rows.columns))))

    def read(self, values: Mapping[str, Any], row: int) -> tuple[dict[str, Any], dict[str, str]]:
        """Return the readings in `values` (by OID) of the device and its modem, and the reason for each missing one.

        `row` is the index of the modem's row. An RSRP above the RSSI is an anomaly, and missing.
        """
        box = mib.read(self.mib, values)
        rows = self.mib.rows[0]
        modem = mib.row(rows, 0 if rows.scalar is not None else row, values)
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

    def names(self) -> tuple[str, ...]:
        """Return `serial`, `firmware`, `uptime_s` and the name of each column of the modem, each once."""
        return ("serial", "firmware", "uptime_s", *dict.fromkeys(c.name for c in self.mib.rows[0].columns))

    def columns(self, name: str) -> tuple[str, ...]:
        """Return the OIDs of the columns called `name`."""
        rows = self.mib.rows[0]
        return tuple(mib.place(rows, column) for column in rows.columns if column.name == name)
