"""One run on devices: what is asked, how its progress is told, and what came out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from provision.connectors.ansible import Writer
from provision.connectors.phase import Step
from provision.core.device import Device, Intended
from provision.core.errors import DeviceError, ProvisionError
from provision.core.model import ApplyStep, Candidate, Ending, Outcome, Plan, Snapshot
from provision.home.held import Held
from provision.home.workspace import Workspace

OnStep = Callable[[Step], None]
STEP_OF_TASK = {"Change": ApplyStep.CHANGE, "Finish": ApplyStep.FINISH, "Look": ApplyStep.LOOK}


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """What a run sends instead of the intent: an earlier configuration, or the intent with other secrets.

    `owns` are the globs under which settings that are not intended are removed (None: those of the family), `after` is
    the device as it is reached once the run is applied. `rotation` says that the run gives the device new secrets.
    """

    candidate: Candidate
    after: Device
    owns: tuple[str, ...] | None = None
    rotation: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyRequest:
    """The options of an apply; `overrides` are by asset tag.

    `bench` reaches devices over the bench cable; `plan_only` makes plans and changes nothing. `window_s` is the time in
    seconds until the guard acts (0: that of the intent), `packages` a folder of packages for devices that lack some.
    `replacing` lets a device take the place of one that still serves.
    """

    bench: bool = False
    window_s: int = 0
    plan_only: bool = False
    replacing: bool = False
    packages: Path | None = None
    overrides: Mapping[str, Override] = field(default_factory=dict)

    def owns(self, tag: str) -> tuple[str, ...] | None:
        """Return the globs under which settings that are not intended are removed, or None for those of the family."""
        return self.overrides[tag].owns if tag in self.overrides else None

    def rotates(self, tag: str) -> bool:
        """Return whether the run gives a device new secrets."""
        return tag in self.overrides and self.overrides[tag].rotation


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyRequest:
    """The options of a verify; `bench` reaches devices over the bench cable.

    `patience_s` is for how many seconds at most a freshly changed modem or radio is read again until its reading
    counts. `live` has a PC hear itself and see; `answers` is what devices answered just now, by asset tag, as an apply
    returned it: PCs are not asked again, modems not logged in to once more.
    """

    bench: bool = False
    patience_s: float = 0.0
    live: bool = False
    answers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Callbacks:
    """The functions that an apply calls.

    `approve` gets the plans and returns whether they may be carried out; `asks` says that a person decides. `on_step`
    is called with each step as it happens.
    """

    approve: Callable[[list[Plan]], bool] = lambda _: True
    on_step: OnStep = lambda _: None
    asks: bool = False


@dataclass(slots=True, kw_only=True)
class Applied:
    """What came out of an apply: the run's name, how it ended for each device, the plans that were made.

    `answers` is what devices said last, by asset tag, as the verify of their kind takes it.
    """

    run: str
    outcomes: list[Outcome] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One run at work on the devices of one kind, which it holds."""

    workspace: Workspace
    held: Held
    writer: Writer
    request: ApplyRequest
    callbacks: Callbacks

    @property
    def run(self) -> str:
        """The run's name."""
        return self.held.run

    def reach(self, device: Device) -> Device:
        """Return the device as this run reaches it: at its bench address if `bench` is requested, else unchanged."""
        return device.at(bench=self.request.bench)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One device that is to be changed, and its plan."""

    intended: Intended
    plan: Plan

    @property
    def tag(self) -> str:
        """The asset tag."""
        return self.intended.tag


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What runs on each device, or why it could not be read, and the answers of devices that were asked just now.

    `answers` is as the verify of their kind takes it: a device that is not changed need not be asked again.
    """

    snapshots: dict[str, Snapshot | ProvisionError]
    answers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """How a change ended: an outcome for each device, those whose plan was stale, and what devices said last."""

    outcomes: dict[str, Outcome]
    stale: tuple[str, ...] = ()
    answers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnd:
    """How an open run ended on one device, and why; UNCONFIRMED means that it stays open.

    `snapshot` is what the device runs then, None if it is not given.
    """

    ending: Ending
    because: str
    snapshot: Snapshot | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """What a person says of runs of whose end there is no proof: how they ended (APPLIED or REVERTED), and why."""

    ending: Ending
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """One drill of a selftest: its name, whether it went as it must, and the line that says so."""

    name: str
    passed: bool
    text: str


def outcome(intended: Intended, ending: Ending, step: ApplyStep, because: str) -> Outcome:
    """Return an Outcome for one device, with its asset tag and the slug of its kecamatan."""
    return Outcome(
        device=intended.tag, kecamatan=intended.kit.kecamatan.slug, ending=ending, step=step, because=because
    )


@contextmanager
def run_on(workspace: Workspace, tag: str, *, settled: bool = True) -> Iterator[tuple[Held, Writer]]:
    """Hold one device for a new run, and yield that with an entered writer.

    Raises LeaseError if another run holds the device, and DeviceError if `settled` is asked for and the device, a modem
    or radio, has an earlier run without a recorded end.
    """
    with workspace.hold([tag], workspace.new_run()) as held:
        held.only()
        if settled and tag in workspace.unfinished():
            raise DeviceError("an earlier run is not finished", where=tag, hint="provision resume")
        with writer_of(workspace, held.run) as writer:
            yield held, writer


def writer_of(workspace: Workspace, run: str) -> Writer:
    """Return the writer of one run, with the home's SSH key and host keys; the caller enters it."""
    return Writer(run, workspace.place.ssh_key, workspace.place.host_keys, workspace.network.phase)
