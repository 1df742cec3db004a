"""What the guard of a device says of itself: the one proof of how a change ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ARMED, CONFIRMED, REVERTED, NONE = "armed", "confirmed", "reverted", "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """The state of a guard: `word` is one of the four above, or what the device said that is none of them.

    `run` is the run that it names, empty if none. `rest` is what follows: the seconds that are left until an armed
    guard acts, the digest of the configuration that was confirmed (empty if the device makes none), or what reverted
    (timer, tick, boot, asked).
    """

    word: str
    run: str = ""
    rest: str = ""

    def is_of(self, word: str, run: str) -> bool:
        """Return whether the guard says this word of this run."""
        return (self.word, self.run) == (word, run)


def of(readings: Mapping[str, Any]) -> Guard:
    """Return the guard's state in the readings of a look; its word is empty if it was not read."""
    word, run, rest, *_ = [*str(readings.get("guard", "")).split(" ", 2), "", "", ""]
    return Guard(word=word, run=run, rest=rest)
