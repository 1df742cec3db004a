"""Sum of the bytes that a modem counted since its SIM card was last checked, to compare with the card's quota.

A counter that fell was restarted (a restart, a redial, another SIM) or wrapped at 32 bits (older RutOS, see
`counts_64` of the family). What ran between the last look and a restart was not counted, so a sum may be too low.
It is too high only if the restart of a 32-bit counter is taken for a wrap.
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
    """Sum for one SIM card: `used` bytes from `since` until `at` (UTC, ISO 8601); `of` is the card's name, see `card`.

    `counters` are the raw ones (sent, received) at `at`; `gaps` counts the looks that found a restart, or came over a
    day after the one before.
    """

    of: str
    since: str
    at: str
    counters: tuple[int, int]
    used: int = 0
    gaps: int = 0


def counters(readings: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return the byte counters (sent, received) of a look, or None if it lacks one of them."""
    sent, received = (readings.get(name) for name in COUNTERS)
    return (sent, received) if isinstance(sent, int) and isinstance(received, int) else None


def card(sim: SimCard) -> str:
    """Return a name for a SIM card as it was checked: the last four digits of its number, and the day `dicek_pada`.

    After a top-up the new `dicek_pada` makes another name, so that the sum starts anew.
    """
    return f"{sim.number[-4:]} {sim.dicek_pada}"


def advance(last: Traffic | None, seen: tuple[int, int], at: str, of: str, *, narrow: bool = False) -> Traffic:
    """Return the sum after a look: the `last` one and the bytes that ran since; 0 bytes at the first look of a card.

    `seen` are the counters at `at`, `of` is the card's name. A counter that fell was restarted and counts from 0; only
    one of 32 bits (`narrow`) may have wrapped instead.
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
    """Return for how many days the rest of the quota lasts at the average pace so far; negative if it is used up.

    None if the sum covers less than a day, or no bytes were counted.
    """
    span = datetime.fromisoformat(total.at) - datetime.fromisoformat(total.since)
    if span < timedelta(days=1) or total.used <= 0:
        return None
    return (quota_gb * GB - total.used) / total.used * (span / timedelta(days=1))
