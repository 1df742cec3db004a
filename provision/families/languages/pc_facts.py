"""Conversion of a PC collector's report (schema 2) into readings; a malformed field is missing, with the reason.

The fields are the same for every kind of PC. One malformed entry makes its whole list missing: nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from provision.families.languages.pc_json import as_bool, as_list, as_seconds, texts

SCHEMA = 2
TEXT_MAX = 300
SIDES = ("playback", "capture")
NOT_REPORTED, NOT_UNDERSTOOD = "not reported", "not understood"


def text(value: Any) -> str | None:
    """Return a text as one line of at most TEXT_MAX characters, or None if it is blank or not a string."""
    if not isinstance(value, str):
        return None
    line = " ".join(value.split())[:TEXT_MAX]
    return line or None


def whole(value: Any) -> int | None:
    """Return `value` if it is an int and not a bool, else None."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def things(value: Any) -> list[dict[str, Any]] | None:
    """Return cameras or sound cards, without those marked as not present (Windows remembers them).

    `capture` and `playback` become booleans. Return None if `value` is no list (see `as_list`) or an entry has no text
    `name`.
    """
    found = as_list(value)
    if found is None or any(not isinstance(t, dict) or not isinstance(t.get("name"), str) for t in found):
        return None
    return [
        one | {n: as_bool(one[n]) for n in ("capture", "playback") if n in one}
        for one in found
        if as_bool(one.get("present", True)) is not False
    ]


def records(value: Any) -> list[dict[str, Any]] | None:
    """Return a list of objects, or None if `value` is no list (see `as_list`) or an entry is no object."""
    found = as_list(value)
    return None if found is None or any(not isinstance(one, dict) for one in found) else found


def names(value: Any) -> list[str] | None:
    """Return a list of strings, or None if `value` is anything else.

    A single string becomes a list of one: Windows PowerShell writes such a list as its entry.
    """
    found = [value] if isinstance(value, str) else value
    return texts(found) if isinstance(found, list) else None


def sound(value: Any) -> dict[str, list[dict[str, Any]]] | None:
    """Return the default devices of `playback` and `capture`, each a list with one object per role.

    Return None if `value` is no object or either side is no list of objects.
    """
    if not isinstance(value, dict):
        return None
    found = {side: records(value.get(side)) for side in SIDES}
    return {side: one for side, one in found.items() if one is not None} if None not in found.values() else None


def consent(value: Any) -> dict[str, dict[str, str]] | None:
    """Return what each level allows, as thing -> level -> word (Allow or Deny, which is not checked).

    Return None if `value` or one of its things is empty, or if anything is of another type.
    """
    if not isinstance(value, dict) or not value:
        return None
    levels = {kind: one for kind, one in value.items() if isinstance(one, dict) and one}
    whole_ = len(levels) == len(value) and all(isinstance(v, str) for one in levels.values() for v in one.values())
    return levels if whole_ else None


def updates(value: Any) -> dict[str, int] | None:
    """Return `newest_s`, the time of the newest update in seconds since 1970, or None if it is not understood."""
    newest = as_seconds(value.get("newest")) if isinstance(value, dict) else None
    return None if newest is None else {"newest_s": newest}


def antivirus(value: Any) -> dict[str, Any] | None:
    """Return `on` (the scanner guards now) and `age_days` (of its signatures), or None if either is not understood."""
    if not isinstance(value, dict):
        return None
    on, age = as_bool(value.get("on")), whole(value.get("age_days"))
    return None if on is None or age is None else {"on": on, "age_days": age}


def disk(value: Any) -> dict[str, Any] | None:
    """Return `value`, which holds the disk's size and free space, or None if it is empty or no object."""
    return value if isinstance(value, dict) and value else None


FIELDS: dict[str, Callable[[Any], Any]] = {
    "os": text, "serial": text, "vendor": text, "model": text, "hostname": text, "system": text, "zone": text,
    "clock_s": whole, "clock_synced": as_bool, "clock_source": text, "utc_offset_s": whole, "disk": disk,
    "cameras": things, "audio": things, "macs": names, "sound": sound, "consent": consent, "holders": names,
    "apps": records, "updates": updates, "antivirus": antivirus, "adapters": records, "logon": text,
}  # fmt: skip


def read(body: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the readings in a collector's report, and the reason for each field that is missing.

    A field without a value, or not of its expected form, is missing; `disk_free_mb` is taken from `disk`. A report that
    is no mapping or of another schema has no readings, and all its fields are missing.
    """
    if not isinstance(body, Mapping) or body.get("schema") != SCHEMA:
        return {}, dict.fromkeys((*FIELDS, "disk_free_mb"), "the collector is of another version")
    readings: dict[str, Any] = {}
    missing: dict[str, str] = {}
    for name, parse in FIELDS.items():
        value = body.get(name)
        if value is None or value == "":
            missing[name] = NOT_REPORTED
        elif (read_ := parse(value)) is None:
            missing[name] = NOT_UNDERSTOOD
        else:
            readings[name] = read_
    if (free := whole(readings.get("disk", {}).get("free_mb"))) is not None:
        readings["disk_free_mb"] = free
    else:
        missing["disk_free_mb"] = missing.get("disk", NOT_UNDERSTOOD)
    return readings, missing
