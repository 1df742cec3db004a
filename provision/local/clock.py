"""The time, and names that no other run has."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime, timedelta, timezone

WITA = timezone(timedelta(hours=8))  # Berau's time zone


class Clock:
    """The clock of this computer. It is handed in, so that a test can wait for hours without waiting."""

    def utc(self) -> datetime:
        """Return the time in UTC."""
        return datetime.now(UTC)

    def now(self) -> str:
        """Return the time in UTC, ISO 8601 to the second."""
        return self.utc().strftime("%Y-%m-%dT%H:%M:%SZ")

    def today(self) -> str:
        """Return the day in Berau (WITA), ISO 8601."""
        return self.utc().astimezone(WITA).date().isoformat()

    def seconds(self) -> int:
        """Return the time in seconds since 1970, for leases."""
        return int(self.utc().timestamp())

    def new_run(self) -> str:
        """Return the name of a new run: its time, and a few characters that no other run has."""
        return self.utc().strftime("r%y%m%d-%H%M%S-") + secrets.token_hex(2)

    def monotonic(self) -> float:
        """Return seconds that never go back, for deadlines and durations."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)
