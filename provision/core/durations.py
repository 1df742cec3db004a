"""How long something is, in the words of people."""

from __future__ import annotations

UNITS = (  # seconds of one, how many of it make the next one better to read, its name
    (1, 120, "s"),
    (60, 120, "minutes"),
    (3600, 48, "hours"),
    (86400, 730, "days"),
    (31_557_600, 0, "years"),
)


def spoken(seconds: float) -> str:
    """Return a duration in the largest unit of which there are at least two: 90 s, 5 minutes, 3 hours, 2.1 years."""
    for size, enough, name in UNITS:
        count = seconds / size
        if not enough or count < enough:
            return f"{count:.1f} {name}" if name == "years" else f"{count:.0f} {name}"
    raise AssertionError("the last unit has no end")
