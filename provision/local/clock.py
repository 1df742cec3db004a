"""The time, and names that no other run has."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime, timedelta, timezone

WITA = timezone(timedelta(hours=8))  # Berau's time zone


def now() -> str:
    """Return the time in UTC, ISO 8601 to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def today() -> str:
    """Return the day in Berau (WITA), ISO 8601."""
    return datetime.now(WITA).date().isoformat()


def seconds() -> int:
    """Return the time in seconds since 1970, for leases."""
    return int(time.time())


def new_run() -> str:
    """Return the name of a new run: its time, and a few characters that no other run has."""
    return datetime.now(UTC).strftime("r%y%m%d-%H%M%S-") + secrets.token_hex(2)
