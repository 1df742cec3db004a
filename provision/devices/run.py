"""One device, one run at a time: its lease, no open run before it, and a hold on Ansible."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from provision.connectors.ansible import Writer
from provision.connectors.phase import Step
from provision.core.device import Device, Intent
from provision.core.errors import DeviceError, LeaseError
from provision.core.model import Candidate, Ending, Outcome, Plan
from provision.home.workspace import Workspace
from provision.ledger.lease import hold


@contextmanager
def single(workspace: Workspace, tag: str) -> Iterator[Writer]:
    """Hold one device for a new run (`writer.run`); raises where another run has it or never ended."""
    run = workspace.new_run()
    with hold(workspace.ledger, [tag], run, now=workspace.clock_s()) as held:
        if held:
            raise LeaseError(f"held by {held[tag]}", where=tag, hint="wait for it, or provision resume")
        if tag in workspace.unfinished():
            raise DeviceError("an earlier run is not finished", where=tag, hint="provision resume")
        with Writer(run, workspace.place.ssh_key, workspace.place.host_keys) as writer:
            yield writer


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a run wants instead of the intent: an earlier configuration, or the intent with other secrets.

    `owns` says where a setting that is not wanted has to go, `after` is the device as it is reached then.
    """

    candidate: Candidate
    after: Device
    owns: tuple[str, ...] | None = None
    rotation: bool = False


@dataclass(slots=True, kw_only=True)
class Run:
    """What an apply needs from its caller: approval of the plans, and an ear; `wanted` by asset tag.

    `replacing` allows a device to take the place of one that still serves.
    """

    approve: Callable[[list[Plan]], bool] = lambda _: True
    tell: Callable[[Step], None] = lambda _: None
    bench: bool = False
    window_s: int = 0
    plan_only: bool = False
    name: str = ""
    plans: list[Plan] = field(default_factory=list)
    wanted: Mapping[str, Wanted] = field(default_factory=dict)
    replacing: bool = False

    def owns(self, tag: str) -> tuple[str, ...] | None:
        """Give where a setting that is not wanted has to go, or None: where the family says."""
        return self.wanted[tag].owns if tag in self.wanted else None

    def rotates(self, tag: str) -> bool:
        """Say whether the run gives a device new secrets."""
        return tag in self.wanted and self.wanted[tag].rotation


def reach(device: Device, run: Run) -> Device:
    """Give the device as this run reaches it: over the bench cable, or through the tunnel."""
    return replace(device, host=device.bench_host) if run.bench else device


def outcome(intent: Intent, ending: Ending, step: str, because: str) -> Outcome:
    """Make the outcome of one device."""
    return Outcome(
        device=intent.item.asset_tag, kecamatan=intent.kit.kecamatan.slug, ending=ending, step=step, because=because
    )
