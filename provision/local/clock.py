"""The clock of this computer, and names of new runs."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime

from provision.core.times import WITA


class Clock:
    """The clock of this computer; it is passed as an argument, so that a test can replace it and need not wait."""

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
        """Return the current time in whole seconds since 1970-01-01 UTC."""
        return int(self.utc().timestamp())

    def new_run(self) -> str:
        """Return a name for a new run: `r`, the current UTC time to the second, and four random hex digits.

        The digits make it unlikely that two runs that begin in one second have the same name.
        """
        return self.utc().strftime("r%y%m%d-%H%M%S-") + secrets.token_hex(2)

    def monotonic(self) -> float:
        """Return the monotonic clock in seconds, which never goes back, for deadlines and durations."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait for `seconds`."""
        time.sleep(seconds)
