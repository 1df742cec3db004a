"""Interface of the emulated MikroTik for its parts: SNMP agent, SSH server and commands."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import Any

from provision.lab.box import Box
from provision.lab.device import Boxed
from provision.lab.ros.config import Config


class RouterParts(Boxed):
    """Base class of the router, with the members that its SNMP agent, SSH server and commands use."""

    config: Config

    def __init__(self, box: Box, home: Path, run: Path) -> None:
        """Set up the modem `box`, whose files are in `home` and whose sockets go to `run`."""
        super().__init__(box, home, run)
        self.visitors: set[Any] = set()  # open SSH connections

    @abstractmethod
    def reboot(self) -> None:
        """Start a power cycle in the background."""

    @abstractmethod
    def flash(self) -> None:
        """Count one flash operation; a pending fault that is due at this one may raise."""

    @abstractmethod
    def addresses(self) -> tuple[str, ...]:
        """Return the IP addresses at which the router can be reached."""

    @abstractmethod
    def port(self) -> int:
        """Return the TCP port of the router's SSH server."""

    @abstractmethod
    def background(self, text: str) -> None:
        """Run a script as a job does: what it prints is discarded, and it may load a backup."""

    @abstractmethod
    def script(self, text: str, out: Any, *, prompting: bool = False) -> None:
        """Run commands and print to `out`; a refusal is printed, as RouterOS does, and ends them.

        Only with `prompting` may they load a backup.
        """

    @abstractmethod
    def signal(self) -> dict[str, Any]:
        """Return what the radio reports now, by RouterOS's names of the values."""
