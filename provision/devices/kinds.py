"""One interface to every kind of device, so that an operation works on whatever it meets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from provision.core.model import Kind

if TYPE_CHECKING:
    from provision.connectors.ansible import Writer
    from provision.core.device import Intended
    from provision.core.errors import ProvisionError
    from provision.core.model import ApplyStep, Event, Finding, Plan, Snapshot, Watched
    from provision.devices.door import EnrolRequest
    from provision.devices.journal import Enrolment
    from provision.devices.run import (
        ApplyRequest,
        Assumption,
        Changed,
        Drill,
        Job,
        OnStep,
        RunEnd,
        Running,
        Session,
        VerifyRequest,
    )
    from provision.home.workspace import Workspace
    from provision.ledger.known import Known


class DeviceKind(Protocol):
    """What operations ask of one kind of device.

    In what is returned for a group, the failure of a device is a value; a method for a single device may raise a
    ProvisionError.
    """

    @property
    def kind(self) -> Kind:
        """The kind of device."""
        ...

    @property
    def has_canary(self) -> bool:
        """Whether one deployed device is changed first, and the rest only if that one was applied."""
        ...

    @property
    def settles_first(self) -> bool:
        """Whether a run without an end has to be ended before a device is changed again."""
        ...

    @property
    def gives_back(self) -> bool:
        """Whether a return undoes what was provisioned; else the device is reset by hand before it is lent again."""
        ...

    @property
    def usual_address(self) -> Callable[[Workspace, Intended], tuple[str, int]]:
        """The function that returns a device's default address on the bench (host, port)."""
        ...

    def enrol(self, workspace: Workspace, writer: Writer, intended: Intended, request: EnrolRequest) -> Enrolment:
        """Compare one device with its record, pin its key, and return its enrolment.

        Raises IdentityError if it is another device.
        """
        ...

    def next_on_bench(self, workspace: Workspace) -> str:
        """Return the tag of the next device to be enrolled on the bench, or an empty text if all are."""
        ...

    def refusal(self, workspace: Workspace, known: Known, request: ApplyRequest) -> tuple[ApplyStep, str] | None:
        """Return the step that refuses a change of the device and the reason, or None if it may be changed."""
        ...

    def settle(self, session: Session, begun: Mapping[str, Event], *, wait_s: float) -> dict[str, RunEnd]:
        """End the open runs in `begun` (asset tag -> begun event) and return how each ended.

        A run that cannot be ended stays open, as UNCONFIRMED. `wait_s` is for how many seconds a kind may ask a silent
        device again.
        """
        ...

    def assume(self, session: Session, tag: str, begun: Event, assumption: Assumption) -> RunEnd:
        """End the open run of one device as a person says that it ended, on record, and return that."""
        ...

    def running(self, session: Session, group: Sequence[Intended]) -> Running:
        """Return what runs on each device, or why it could not be read."""
        ...

    def look_again(self, session: Session, group: Sequence[Intended]) -> Running:
        """Read and return what runs on devices whose configuration changed after their plan was made."""
        ...

    def plans(
        self, session: Session, group: Sequence[Intended], snapshots: dict[str, Snapshot]
    ) -> dict[str, Plan | ProvisionError]:
        """Return by asset tag the plan from what runs to what is intended, or the error that says why there is none."""
        ...

    def is_due(self, session: Session, tag: str, plan: Plan) -> bool:
        """Say whether a plan has to be carried out."""
        ...

    def is_news(self, known: Known, running: Snapshot) -> bool:
        """Say whether a device that runs as intended has to be recorded as accepted.

        It has to if it never was; for a modem or radio, also if its marker is not the one last kept.
        """
        ...

    def change(self, session: Session, jobs: Sequence[Job]) -> Changed:
        """Carry the plans out, each with its way back, and record begin, end and acceptance."""
        ...

    def verify(self, workspace: Workspace, group: Sequence[Intended], request: VerifyRequest) -> list[Finding]:
        """Return the findings of all checks on each device; one that was never provisioned gets one UNKNOWN finding."""
        ...

    def watch(
        self, workspace: Workspace, group: Sequence[Intended], *, bench: bool, on_step: OnStep
    ) -> Callable[[], dict[str, Watched]]:
        """Return a function that compares each device with what was accepted and returns the result by asset tag.

        A kind may ask its devices before it returns the function, which then waits for the answers.
        """
        ...

    def selftest(
        self, workspace: Workspace, intended: Intended, *, bench: bool, on_drill: Callable[[Drill], None]
    ) -> list[Drill]:
        """Run and return the drills that only a real device can pass, and record it if all passed.

        `on_drill` is called with each drill.
        """
        ...

    def undo(self, workspace: Workspace, intended: Intended, *, bench: bool) -> tuple[str, ...]:
        """Put a device back as it was before it was provisioned; return the settings that were undone.

        Raises UsageError if this kind is reset by hand.
        """
        ...


def of(kind: Kind) -> DeviceKind:
    """Return the DeviceKind of a kind; its modules are imported here, so that a command loads only what it uses."""
    if kind is Kind.PC:
        from provision.devices.pc.kind import PC

        return PC
    if kind is Kind.RADIO:
        from provision.devices.radio.kind import RADIO

        return RADIO
    from provision.devices.modem.kind import MODEM

    return MODEM


def groups(devices: Sequence[Intended]) -> list[tuple[DeviceKind, list[Intended]]]:
    """Return each kind that is among the devices, with its devices, in the order of `Kind`."""
    found = {kind: [d for d in devices if d.kind is kind] for kind in Kind}
    return [(of(kind), group) for kind, group in found.items() if group]
