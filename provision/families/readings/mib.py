"""Conversion of raw SNMP values into readings: scaled and in range, or missing with the reason; never invented.

This is the one reader of all reading tables. Raw values are int, float, str, bytes, or None for what the agent does
not have. RSRQ and SINR of 0 are real values, unless RSRP is absent in the same row.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

SYS_DESCR, SYS_OBJECT_ID = "1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.2.0"
RANGES = {  # 3GPP TS 36.133 and 38.133 together with NR; outside is an anomaly, never a number
    "rsrp_dbm": (-156.0, -31.0),
    "rsrq_db": (-43.0, 20.0),
    "sinr_db": (-23.0, 40.0),
    "rssi_dbm": (-125.0, -1.0),
    "snr_db": (-20.0, 60.0),  # of a radio link, own choice
    "temperature_c": (-60.0, 150.0),  # of the module: industrial parts are made for -40 to 85
}
ABSENT = frozenset(("", "-", "--", "---", "n/a", "none", "unknown", "null"))
COUNTER32 = 1 << 32
TEXT_MAX, DESCR_MAX = 128, 512
NOT_REPORTED = "not reported"
Raw = int | float | str | bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextAt:
    """A text at an OID (`.*`: any index): the first group of `pattern`, named by `words` if it is there."""

    oid: str
    pattern: str = r"(?s)(.+)"
    words: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One value of a row: `oid` below the table's entry, or a whole one (it begins with `1.3.`).

    A radio value or temperature (a name in RANGES) is the raw number times `scale`. `words` maps raw texts to names of
    our own, `absent` lists what this vendor writes if it has no value.
    """

    name: str
    oid: str
    scale: float = 1.0
    words: Mapping[str, str] = field(default_factory=dict)
    absent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """One table of modems, or one set of scalars (`scalar`: the index that its row is shown with).

    `only` keeps the rows where a text matches. An idle row shows RSSI at `floor_dbm` and no RSRP.
    """

    entry: str
    columns: tuple[Column, ...]
    scalar: int | None = None
    only: TextAt | None = None
    floor_dbm: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mib:
    """The reading table of one kind of device: how to recognise it, its model, firmware and serial, its modems.

    `systems` are prefixes of sysObjectID. Of several sources of a text the first that is there counts.
    """

    vendor: str
    systems: tuple[str, ...]
    evidence: tuple[TextAt, ...] = ()
    lacks: tuple[str, ...] = ()
    model: tuple[TextAt, ...] = ()
    firmware: tuple[TextAt, ...] = ()
    serial: tuple[TextAt, ...] = ()
    rows: tuple[Rows, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Modem:
    """One modem's row: readings, the reason for each missing one, and anomalies; `index` is a hint of the row."""

    index: int
    readings: Mapping[str, Any]
    missing: Mapping[str, str]
    anomalies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A device read over SNMP: its table's vendor, its model, firmware and serial (empty if absent), and its modems."""

    vendor: str
    model: str
    firmware: str
    serial: str
    modems: tuple[Modem, ...]


def columns(at: str = "", /, **places: int) -> tuple[Column, ...]:
    """Return a plain column for each (name, number), below the OID `at` or the table's own entry."""
    return tuple(Column(name=name, oid=f"{at}.{number}" if at else f"{number}") for name, number in places.items())


def text(raw: Raw, most: int = TEXT_MAX) -> str:
    """Return a raw value as one printable line of at most `most` characters; empty for what stands for no value."""
    if raw is None or isinstance(raw, bool):
        return ""
    said = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)
    said = "".join(c if c.isprintable() else " " for c in said[: most * 2]).strip()[:most]
    return "" if said.lower() in ABSENT else said


def number(name: str, raw: Raw, scale: float = 1.0) -> tuple[float | None, str]:
    """Return the raw value times `scale`, rounded to 3 places, and an empty string; or None and the reason.

    RANGES holds what is plausible by name, without the prefix `nr_`; an RSRP or RSSI of 0 counts as not measured.
    """
    said = raw if isinstance(raw, int | float) and not isinstance(raw, bool) else text(raw)
    if said == "":
        return None, NOT_REPORTED
    try:
        value = round(float(said) * scale, 3)
    except (OverflowError, ValueError):
        return None, f"not a number: {text(raw)!r}"
    if name.removeprefix("nr_") in {"rsrp_dbm", "rssi_dbm"} and value == 0:
        return None, "not measured (0)"
    low, high = RANGES[name.removeprefix("nr_")]
    if not math.isfinite(value) or not low <= value <= high:
        return None, f"out of range: {value:g}"
    return value, ""


def identity(raw: Raw) -> str:
    """Return an IMEI, IMSI, ICCID or serial without filler F at its end; empty if absent or only zeros."""
    said = text(raw).rstrip("Ff") if re.fullmatch(r"\d+[Ff]?", text(raw)) else text(raw)
    return said if said.strip("0") else ""


def counter(raw: Raw) -> tuple[int | None, str]:
    """Return a counter of up to 64 bits and an empty string, or None and the reason; 32 bits may be negative."""
    try:
        value = int(text(raw))
    except ValueError:
        return None, NOT_REPORTED if not text(raw) else f"not a number: {text(raw)!r}"
    if -(COUNTER32 >> 1) <= value < 0:
        value += COUNTER32
    return (value, "") if 0 <= value < 1 << 64 else (None, f"out of range: {value}")


def reading(column: Column, raw: Raw) -> tuple[Any, str]:
    """Return the reading of one column or None, and the reason, which counts only with None.

    The column's name decides how it is read: as a number in its range, a counter, an identity or a text. A value that
    the column lists as `absent`, and a number that its `words` lack, are None.
    """
    if text(raw) in column.absent:
        return None, f"not measured ({text(raw)})"
    name = column.name
    if name.removeprefix("nr_") in RANGES:
        return number(name, raw, column.scale)
    if name.endswith("_bytes"):
        return counter(raw)
    if name in {"imei", "imsi", "iccid"}:
        return identity(raw) or None, NOT_REPORTED
    if name == "cell_id":
        value, why = counter(raw)
        return value or None, why or NOT_REPORTED
    said = column.words.get(text(raw), "" if column.words and text(raw).lstrip("-").isdigit() else text(raw))
    return said or None, NOT_REPORTED


def first_text(sources: Iterable[TextAt], values: Mapping[str, Raw]) -> str:
    """Return the first value of `sources` in `values` (by OID), or an empty text; `.*` takes the lowest index."""
    for source in sources:
        for raw in _at(source.oid, values):
            if (found := re.search(source.pattern, text(raw, DESCR_MAX))) and (cut := found.group(1).strip()):
                return source.words.get(cut, cut)
    return ""


def _at(oid: str, values: Mapping[str, Raw]) -> list[Raw]:
    if not oid.endswith("*"):
        return [values.get(oid)]
    below = oid[:-1]
    found = [(_parts(o[len(below) :]), v) for o, v in values.items() if o.startswith(below)]
    return [v for _, v in sorted(found, key=lambda pair: pair[0])]


def _parts(oid: str) -> tuple[int, ...]:
    return tuple(int(p) for p in oid.split(".") if p.isdigit())


def below(oid: str, root: str) -> bool:
    """Say whether an OID is `root` or lies below it."""
    return oid == root or oid.startswith(root + ".")


def is_of(table: Mib, values: Mapping[str, Raw]) -> bool:
    """Return whether a device's answers (`values`, by OID) fit a reading table.

    The sysObjectID has to be below one of `systems` (absent only if there is `evidence`), no OID of `lacks` may have a
    value, and one text of `evidence` has to be there.
    """
    system = text(values.get(SYS_OBJECT_ID)).lstrip(".")
    if system and not any(below(system, prefix) for prefix in table.systems):
        return False
    if any(text(values.get(oid)) for oid in table.lacks):
        return False
    if table.evidence:
        return bool(first_text(table.evidence, values))
    return bool(system)


def read(table: Mib, values: Mapping[str, Raw]) -> Box:
    """Return a device's vendor, model, firmware, serial and modems, read by `table` from its answers (by OID)."""
    return Box(
        vendor=table.vendor,
        model=first_text(table.model, values),
        firmware=first_text(table.firmware, values),
        serial=identity(first_text(table.serial, values)),
        modems=tuple(m for rows in table.rows for m in _modems(rows, values)),
    )


def _modems(rows: Rows, values: Mapping[str, Raw]) -> list[Modem]:
    if rows.scalar is not None:
        seen = any(text(values.get(f"{place(rows, c)}.0")) for c in rows.columns)
        return [row(rows, 0, values)] if seen else []
    indexes = set()
    heads = {place(rows, c) for c in rows.columns if not c.oid.startswith("1.3.")}
    for oid in values:
        head, _, last = oid.rpartition(".")
        if head in heads and last.isdigit():
            indexes.add(int(last))
    return [row(rows, i, values) for i in sorted(indexes) if _kept(rows, i, values)]


def _kept(rows: Rows, index: int, values: Mapping[str, Raw]) -> bool:
    if rows.only is None:
        return True
    return bool(re.search(rows.only.pattern, text(values.get(f"{rows.only.oid}.{index}"))))


def place(rows: Rows, column: Column) -> str:
    """Return the whole OID of a column, without its index."""
    return column.oid if column.oid.startswith("1.3.") else f"{rows.entry}.{column.oid}"


def row(rows: Rows, index: int, values: Mapping[str, Raw]) -> Modem:
    """Return one row of `values` as a modem; `index` is that of its OIDs (0 for scalars).

    Of columns with one name the first value counts, of RSRP the strongest; a floor value without RSRP is missing.
    """
    found: dict[str, Any] = {}
    missing: dict[str, str] = {}
    for column in rows.columns:
        value, why = reading(column, values.get(f"{place(rows, column)}.{index}"))
        if value is None:
            missing.setdefault(column.name, why)
        elif column.name == "rsrp_dbm" and column.name in found:
            found[column.name] = max(found[column.name], value)
        else:
            found.setdefault(column.name, value)
    if "rsrp_dbm" in missing and "rsrp_dbm" not in found:
        _drop_zeros(rows, found, missing)
    missing = {name: why for name, why in missing.items() if name not in found}
    shown = index if rows.scalar is None else rows.scalar
    return Modem(index=shown, readings=found, missing=missing, anomalies=anomalies(found, missing))


def _drop_zeros(rows: Rows, readings: dict[str, Any], missing: dict[str, str]) -> None:
    """Move an RSRQ or SINR of 0 and an RSSI at the floor to `missing`: an idle row, one without RSRP, shows them."""
    for name in ("rsrq_db", "sinr_db"):
        if readings.get(name) == 0:
            missing[name] = "not measured (0 without RSRP)"
            del readings[name]
    if rows.floor_dbm is not None and readings.get("rssi_dbm") == rows.floor_dbm:
        missing["rssi_dbm"] = f"not measured ({rows.floor_dbm:g}, the floor)"
        del readings["rssi_dbm"]


def anomalies(readings: Mapping[str, Any], missing: Mapping[str, str]) -> tuple[str, ...]:
    """Return a text for each value out of range, for an RSRP above RSSI, and for an RSRP in WCDMA."""
    wrong = [f"{name} {why}" for name, why in missing.items() if why.startswith(("out of range", "not a number"))]
    rsrp, rssi = readings.get("rsrp_dbm"), readings.get("rssi_dbm")
    if rsrp is not None and rssi is not None and rsrp > rssi:
        wrong.append(f"RSRP {rsrp:g} dBm above RSSI {rssi:g} dBm")
    if "WCDMA" in str(readings.get("technology", "")) and rsrp is not None:
        wrong.append("LTE values while the link is WCDMA")
    return tuple(wrong)
