"""The program that goes to a PC on standard input, and its one JSON answer read back as a snapshot."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from provision.errors import CutShortError, DeviceError
from provision.model import Settings, Snapshot, Value

SCHEMA = 1
ANSWER_MAX = 1 << 20  # a PC with a thousand sound cards says less
KEY = "ssh.monitoring_key"
FILLERS = frozenset(  # what factories write where a serial should be (domain page on conference, section 4)
    ("", "0", "none", "default string", "system serial number", "to be filled by o.e.m.", "not specified")
)
FIELDS: dict[str, type | tuple[type, ...]] = {
    "serial": str, "vendor": str, "model": str, "hostname": str, "system": str, "clock_s": int, "clock_synced": bool,
    "zone": str, "utc_offset_s": int, "disk": dict, "cameras": list, "audio": list, "macs": list,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a PC answered: how it is now, which settings were changed, and which failed because of what."""

    snapshot: Snapshot
    changed: tuple[str, ...]
    failed: Mapping[str, str]


def intended(settings: Settings, key: str) -> dict[str, Value]:
    """Give the whole baseline: the intent's settings, and the office's key as a PC shows it."""
    return {**settings, KEY: " ".join(key.split()[:2])}


def write(
    sources: tuple[str, str], *, verb: str, settings: Settings, key: str, nonce: str, serial: str, collect: bool
) -> bytes:
    """Write the program: `sources` are the texts of the collector and of the baseline; verb: look, apply, undo.

    A PC with another `serial` than the record's changes nothing.
    """
    task = {
        "serial": serial, "fillers": sorted(FILLERS), "verb": verb, "nonce": nonce, "key": key, "collect": collect,
        "settings": {p: list(v) if isinstance(v, tuple) else v for p, v in settings.items()},
    }  # fmt: skip
    head = f"import json\nTASK = json.loads({json.dumps(task)!r})\n"
    return "\n".join((head, *sources)).encode()


def read(output: bytes, *, nonce: str, device: str, at: str) -> Answer:
    """Read the answer to the program that carries `nonce`.

    Raises CutShortError where it is not whole, DeviceError where it is no answer of this program.
    """
    text = output.decode("utf-8-sig", "replace").strip()
    if len(output) > ANSWER_MAX:
        raise DeviceError(f"{len(output)} bytes are no answer", where=device, hint="look at the PC")
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        raise CutShortError(
            "the PC's answer is no whole JSON object", where=device, hint="run the command again"
        ) from None
    if not isinstance(said, dict):
        raise DeviceError("the PC's answer is no JSON object", where=device, hint="run the command again")
    if said.get("end") != nonce:
        raise CutShortError("the PC's answer is of another run", where=device, hint="run the command again")
    settings, failed = said.get("settings"), said.get("failed")
    if not isinstance(settings, dict) or not isinstance(failed, dict):
        raise DeviceError("the PC's answer has no settings", where=device, hint="run the command again")
    readings, missing = _collected(said)
    running = {str(p): _value(v) for p, v in settings.items()}
    snapshot = Snapshot(
        device=device, at=at, settings=running, readings=readings, missing=missing, marker=marker(running)
    )
    changed = said.get("changed")
    return Answer(
        snapshot=snapshot, changed=tuple(map(str, changed)) if isinstance(changed, list) else (),
        failed={str(p): str(why) for p, why in failed.items()},
    )  # fmt: skip


def packed(text: bytes) -> bytes:
    """Give the program as it travels: a third of its bytes."""
    return gzip.compress(text, mtime=0)


def marker(settings: Settings) -> str:
    """Give the digest of a PC's settings."""
    flat = {p: list(v) if isinstance(v, tuple) else str(v) for p, v in settings.items()}
    return sha256(json.dumps(flat, sort_keys=True).encode()).hexdigest()[:32]


def _value(value: Any) -> Value:
    return tuple(str(v) for v in value) if isinstance(value, list) else str(value)


def _collected(said: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Take each field that is what it must be; the others are missing, with the reason."""
    body = said.get("collected")
    if body is None:
        serial = said.get("serial")
        return ({"serial": serial.strip()} if isinstance(serial, str) and serial.strip() else {}), {}
    if not isinstance(body, dict) or body.get("schema") != SCHEMA:
        return {}, dict.fromkeys(FIELDS, "the collector is of another version")
    readings: dict[str, Any] = {}
    missing: dict[str, str] = {}
    for name, kind in FIELDS.items():
        value = body.get(name)
        if value is None or value == "":
            missing[name] = "not reported"
        elif not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            missing[name] = "not understood"
        else:
            readings[name] = value.strip() if isinstance(value, str) else value
    _things(readings, missing)
    if isinstance(free := readings.get("disk", {}).get("free_mb"), int):
        readings["disk_free_mb"] = free
    else:
        missing["disk_free_mb"] = missing.get("disk", "not understood")
    return readings, missing


def _things(readings: dict[str, Any], missing: dict[str, str]) -> None:
    """Keep only lists of things that are things; one odd entry makes the whole list unknown."""
    for name in ("cameras", "audio"):
        if any(not isinstance(one, dict) or not isinstance(one.get("name"), str) for one in readings.get(name, ())):
            del readings[name]
            missing[name] = "not understood"
