"""How a confirmed change is carried to a device: what differs between a modem and a radio, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from provision.core.device import Device
from provision.core.model import Kind, Snapshot
from provision.home.workspace import Workspace

if TYPE_CHECKING:
    from provision.connectors.ansible import Variables, Writer
    from provision.core.device import Intent
    from provision.core.model import Secret
    from provision.ledger.known import Known

NO_SHARING = "none"  # ssh_config(5), ControlPath
Look = Callable[[Workspace, list[Device]], dict[str, Snapshot]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """What differs between modems and radios when a device is reached and changed.

    `host` returns Ansible's variables of a device, with the command that it is fed by. `after` returns the device as it
    is reached once it runs its intent with a set of secrets. `not_afield` returns why a device may not be changed away
    from the bench, or an empty text; `drill_hint` returns how to drill the device with a tag, or an empty text.
    `silent_s` is how long a device may be silent, after its guard's window if `waits_for_window`; `left` is what is
    said of a device that stays silent. `ends` are the runs, by asset tag, that a look at a device ends on it.
    """

    kind: Kind
    host: Callable[[Workspace, Writer, Device], Variables]
    after: Callable[[Intent, Device, Mapping[str, Secret]], Device]
    not_afield: Callable[[Workspace, Known], str]
    drill_hint: Callable[[str], str]
    silent_s: float
    waits_for_window: bool
    left: str
    ends: Mapping[str, str] = field(default_factory=dict)

    def patience_s(self, window_s: int) -> float:
        """Return for how many seconds a device may be silent: `silent_s`, plus `window_s` if `waits_for_window`.

        So a device with a guard of its own has the time until that guard has acted.
        """
        return self.silent_s + (window_s if self.waits_for_window else 0)

    def ending(self, runs: Mapping[str, str]) -> Carrier:
        """Return this carrier, but with looks that end a run on each device: it may not begin there any more."""
        return replace(self, ends=runs)

    def anew(self) -> Carrier:
        """Return this carrier, but with a connection of its own for each document: no open one counts as a login."""

        def host(workspace: Workspace, writer: Writer, device: Device) -> Variables:
            return self.host(workspace, writer, device) | {"ansible_control_path": NO_SHARING}

        return replace(self, host=host)
