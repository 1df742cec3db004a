"""Bytes that a modem counted, added up since its SIM card was last checked: to be held against the card's quota.

A counter that falls began anew (a restart, a redial, another SIM) or wrapped at 32 bits (RutOS 7.0 to 7.6). What
ran between the last look and a restart nobody counted, so a sum is never too high, and may be too low.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from provision.core.device import SimCard

GB = 10**9  # operators sell decimal gigabytes
SPAN = 1 << 32
HIGH, LOW = SPAN // 4 * 3, SPAN // 4  # own choice: from the last quarter to the first one is a wrap
SILENCE = timedelta(days=1)
COUNTERS = ("sent_bytes", "received_bytes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What was counted: `used` bytes from `since` until `at` (UTC, ISO 8601), for the card as it was checked (`of`).

    `counters` are the raw ones (sent, received) at `at`; `gaps` counts restarts and silences of over a day.
    """

    of: str
    since: str
    at: str
    counters: tuple[int, int]
    used: int = 0
    gaps: int = 0


def counters(readings: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return the counters of a look, where it has both."""
    sent, received = (readings.get(name) for name in COUNTERS)
    return (sent, received) if isinstance(sent, int) and isinstance(received, int) else None


def card(sim: SimCard) -> str:
    """Name a card as it was checked: after a top-up its new `dicek_pada` starts the sum anew."""
    return f"{sim.number[-4:]} {sim.dicek_pada}"


def advance(last: Traffic | None, seen: tuple[int, int], at: str, of: str, *, narrow: bool = False) -> Traffic:
    """Add what ran since the `last` look; the first look of a card is where its sum begins.

    Only counters of 32 bits (`narrow`) can wrap.
    """
    if last is None or last.of != of:
        return Traffic(of=of, since=at, at=at, counters=seen)
    pairs = list(zip(last.counters, seen, strict=True))
    fell = any(new < old and not (narrow and _wrapped(old, new)) for old, new in pairs)
    silent = datetime.fromisoformat(at) - datetime.fromisoformat(last.at) > SILENCE
    ran = sum(_ran(old, new, narrow=narrow) for old, new in pairs)
    return Traffic(
        of=of, since=last.since, at=at, counters=seen, used=last.used + ran, gaps=last.gaps + (fell or silent)
    )


def _wrapped(old: int, new: int) -> bool:
    return HIGH <= old < SPAN and new < LOW


def _ran(old: int, new: int, *, narrow: bool) -> int:
    if new >= old:
        return new - old
    return new + SPAN - old if narrow and _wrapped(old, new) else new


def days_left(total: Traffic, quota_gb: float) -> float | None:
    """Return for how many days the rest lasts at the pace so far; None before a day was counted, or where none ran."""
    span = datetime.fromisoformat(total.at) - datetime.fromisoformat(total.since)
    if span < timedelta(days=1) or total.used <= 0:
        return None
    return (quota_gb * GB - total.used) / total.used * (span / timedelta(days=1))
