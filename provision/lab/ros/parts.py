"""What the parts of an emulated MikroTik (its agent, its door, its words) take of the router."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import Any

from provision.lab.box import Box
from provision.lab.device import Boxed
from provision.lab.ros.config import Config


class RouterParts(Boxed):
    """The router as its parts see it."""

    config: Config

    def __init__(self, box: Box, home: Path, run: Path) -> None:
        """Take a box whose files are in `home`."""
        super().__init__(box, home, run)
        self.visitors: set[Any] = set()  # open SSH connections

    @abstractmethod
    def reboot(self) -> None:
        """Restart."""

    @abstractmethod
    def flash(self) -> None:
        """Count one flash operation."""

    @abstractmethod
    def addresses(self) -> tuple[str, ...]:
        """Return where it can be reached."""

    @abstractmethod
    def port(self) -> int:
        """Return where its SSH server listens."""

    @abstractmethod
    def background(self, text: str) -> None:
        """Run a script that nobody waits for."""

    @abstractmethod
    def script(self, text: str, out: Any, *, prompting: bool = False) -> None:
        """Run commands; a refusal is printed, as RouterOS does, and ends them."""

    @abstractmethod
    def signal(self) -> dict[str, Any]:
        """Return what the radio says now."""
