"""How documents are written for a device, and its answers read: one module for each language that devices obey.

A document is whole or does nothing. Its answer ends in the mark of this very run.
"""

from __future__ import annotations

import importlib
from typing import Protocol

from provision.drivers import Driver
from provision.model import Plan, Snapshot


class Dialect(Protocol):
    """What the use cases ask of a dialect; `guard` is the text of the family's guard.

    `PUT` is the name of the file as which a change is put on the device, empty where it goes on standard input.
    """

    PUT: str

    def look(self, driver: Driver, *, guard: str, nonce: str, firmware: str) -> bytes:
        """Write the document of a look; it needs nothing of ours on the device."""
        ...

    def change(
        self, driver: Driver, plan: Plan, *, run: str, window_s: int, nonce: str, guard: str, firmware: str
    ) -> bytes:
        """Write the document of a change: the way back first, then the change, then the read-back."""
        ...

    def command(self, driver: Driver, *, guard: str, nonce: str, firmware: str) -> bytes:
        """Write the line that takes a change which was put on the device as the file `PUT`."""
        ...

    def finish(self, driver: Driver, *, run: str, marker: str, nonce: str, closing: str, guard: str) -> bytes:
        """Write the document that closes old doors (`closing`: edits), confirms and disarms."""
        ...

    def revert(self, driver: Driver, *, run: str, nonce: str, guard: str) -> bytes:
        """Write the document that asks for the old configuration now."""
        ...

    def reboot(self) -> bytes:
        """Write the document that restarts the device."""
        ...

    def read_look(self, driver: Driver, output: bytes, nonce: str, device: str, at: str) -> tuple[Snapshot, int]:
        """Read a look or a read-back: the snapshot, and the exit code of the change before it."""
        ...

    def read_end(self, output: bytes, nonce: str) -> tuple[bool, int, str]:
        """Read a short answer: whether it came to its end, the exit code, and a refusal's words."""
        ...


def of(driver: Driver) -> Dialect:
    """Give the dialect of a family."""
    dialect: Dialect = importlib.import_module(f"{__name__}.{driver.dialect}")
    return dialect
