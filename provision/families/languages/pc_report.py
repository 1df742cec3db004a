"""Daily reports of PCs, each signed by the PC's own key: their configuration, parsing and verification.

A verified report was made by somebody with that PC's key and not altered since, and its place in the order of
reports is known. The MAC does not prove when it was made (the PC's clock says so), nor what root on that PC chose
to hide.
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
    """Refusal of a file as a report; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The fields of a report file, of which nothing is proved yet; `at_s` is in seconds since 1970."""

    tag: str
    counter: int
    at_s: int
    body: str
    mac: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A verified report: its readings, and the reason for each missing one.

    `at_s` is the time by the PC's own clock, in seconds since 1970.
    """

    tag: str
    counter: int
    at_s: int
    readings: Mapping[str, Any]
    missing: Mapping[str, str]


def config(tag: str, key: Secret, apps: tuple[str, ...], drop: str) -> Secret:
    """Return the JSON that configures a PC's report program: asset tag, key, apps to look for and drop address.

    It is stored on the PC as it is, and is secret because it holds the key.
    """
    return Secret(json.dumps({"tag": tag, "key": key.reveal(), "apps": list(apps), "drop": drop}, sort_keys=True))


def digest(program: str, written: Secret) -> str:
    """Return the SHA-256 (hex) of program and configuration together, by which they are compared.

    It does not reveal the key.
    """
    return sha256((program + written.reveal()).encode()).hexdigest()


def claim(raw: bytes) -> Claim:
    """Return the fields of a report file; its MAC is not checked yet.

    Raises ReportError if the file is larger than LARGEST bytes, has no `mac` or is no well-formed report.
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
    """Return the report that a claim holds, once its MAC, counter, time and body are checked.

    Raises ReportError if the MAC does not match `key`, the counter is not above `last`, the time is more than AHEAD_S
    after or OLD_S before `now_s` (seconds since 1970), or the body is no JSON object of the current schema.
    """
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
