"""Times as people in Berau read them: the day and the hour there. JSON and the ledger keep UTC."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

WITA = timezone(timedelta(hours=8), "WITA")  # Berau's time zone; Indonesia has no summer time


def day_of(at: str) -> str:
    """Return the day in Berau of a time (ISO 8601 with its zone), ISO 8601; an empty text for an empty one."""
    return datetime.fromisoformat(at).astimezone(WITA).date().isoformat() if at else ""


def in_berau(at: str) -> str:
    """Return a time (ISO 8601 with its zone) as people read it: 2026-11-28 14:05 WITA; any other text unchanged."""
    try:
        return f"{datetime.fromisoformat(at).astimezone(WITA):%Y-%m-%d %H:%M %Z}"
    except ValueError:
        return at
