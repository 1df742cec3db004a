"""How a confirmed change is carried to a device: what differs between a modem and a radio, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provision.core.device import Device
from provision.core.model import Kind, Snapshot
from provision.home.workspace import Workspace

if TYPE_CHECKING:
    from provision.connectors.ansible import Variables, Writer
    from provision.core.device import Intent
    from provision.core.model import Secret
    from provision.ledger.known import Known

Look = Callable[[Workspace, list[Device]], dict[str, Snapshot]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """The ways of one kind.

    `host` returns Ansible's variables of a device, with the command that it is fed by. `after` returns the device as it
    is reached once it runs its intent with a set of secrets. `not_afield` returns why a device may not be changed away
    from the bench, or nothing. `silent_s` is how long a device may be silent once its guard's window is over, of which
    `waits_for_window` says whether it counts; `left` is what is said of a device that stays silent.
    """

    kind: Kind
    host: Callable[[Workspace, Writer, Device], Variables]
    after: Callable[[Intent, Device, Mapping[str, Secret]], Device]
    not_afield: Callable[[Workspace, Known], str]
    drill_hint: Callable[[str], str]
    silent_s: float
    waits_for_window: bool
    left: str

    def patience_s(self, window_s: int) -> float:
        """Return how long a device may be silent: until its own guard has acted, where it has one."""
        return self.silent_s + (window_s if self.waits_for_window else 0)
