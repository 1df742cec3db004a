"""What a PC leaves behind each day, signed by its own key: proven, or refused by name.

It proves that the file was made on that PC's disk by somebody with its key and was not altered since, and in which
order it was made. It does not prove when (the PC's clock says so), nor what root on that PC did not want to be seen.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from provision.core.model import Secret
from provision.families.languages import pc_facts
from provision.families.languages.pc_json import only_object

SETTING = "report.program"
LARGEST = 1 << 20
AHEAD_S, OLD_S = 600, 31 * 86400  # own choice: clocks of PCs drift by minutes; older than a month says nothing of today
TAG = re.compile(r"[A-Z0-9-]{3,27}")
FIELDS = {"kit": str, "counter": int, "at": int, "body": str, "mac": str}


class ReportError(ValueError):
    """The file is no report that can be taken in; says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a file says of itself, before anything is proved."""

    tag: str
    counter: int
    at_s: int
    body: str
    mac: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A proven report: readings, and what is missing with its reason; `at_s` is the PC's own clock."""

    tag: str
    counter: int
    at_s: int
    readings: Mapping[str, Any]
    missing: Mapping[str, str]


def config(tag: str, key: Secret, apps: tuple[str, ...], drop: str) -> Secret:
    """Write what the PC's program must know, as the very text that is laid down there."""
    return Secret(json.dumps({"tag": tag, "key": key.reveal(), "apps": list(apps), "drop": drop}, sort_keys=True))


def digest(program: str, written: Secret) -> str:
    """Return the digest by which program and configuration are compared; it shows nothing of the key."""
    return sha256((program + written.reveal()).encode()).hexdigest()


def claim(raw: bytes) -> Claim:
    """Return what a report claims, its MAC not checked yet.

    Raises ReportError if the bytes are too many, unsigned or no well-formed report.
    """
    if len(raw) > LARGEST:
        raise ReportError(f"too large for a report: over {LARGEST} bytes")
    try:
        said = only_object(raw)
    except (ValueError, RecursionError) as error:
        raise ReportError(f"no report: {str(error).partition(': line')[0] or 'nested too deep'}") from None
    if "mac" not in said:
        raise ReportError("unsigned: it has no mac")
    if isinstance(said.get("kit"), str) and not TAG.fullmatch(said["kit"]):
        raise ReportError("no report: kit is no asset tag")
    if wrong := [n for n, kind in FIELDS.items() if not isinstance(said.get(n), kind) or isinstance(said.get(n), bool)]:
        raise ReportError(f"no report: {', '.join(wrong)} is missing or not understood")
    return Claim(tag=said["kit"], counter=said["counter"], at_s=said["at"], body=said["body"], mac=said["mac"])


def prove(claimed: Claim, key: Secret, *, last: int, now_s: int) -> Report:
    """Prove a claim by the PC's key, `last` counter and our clock; raises ReportError."""
    signed = f"{claimed.tag}\n{claimed.counter}\n{claimed.at_s}\n{claimed.body}"
    made = hmac.digest(bytes.fromhex(key.reveal()), signed.encode(), "sha256").hex()
    if not hmac.compare_digest(made.encode(), claimed.mac.encode()):
        raise ReportError("altered, or signed by another PC's key")
    if claimed.counter <= last:
        raise ReportError(f"replayed: number {claimed.counter}, the newest that was taken in is {last}")
    if claimed.at_s > now_s + AHEAD_S:
        raise ReportError("from the future: the PC's clock is wrong, or ours")
    if claimed.at_s < now_s - OLD_S:
        raise ReportError(f"{(now_s - claimed.at_s) // 86400} days old: too old to say anything of today")
    try:
        body = only_object(claimed.body.encode())
    except (ValueError, RecursionError):
        raise ReportError("its body is no JSON object") from None
    if body.get("schema") != pc_facts.SCHEMA:
        raise ReportError(
            f"of another version ({str(body.get('schema'))[:20]}): provision apply brings the PC's program up to date"
        )
    readings, missing = pc_facts.read(body)
    return Report(tag=claimed.tag, counter=claimed.counter, at_s=claimed.at_s, readings=readings, missing=missing)
