"""The kinds of device behind one face: what an operation asks, whatever it meets."""

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
    from provision.devices.run import ApplyRequest, Changed, Drill, Job, OnStep, RunEnd, Running, Session, VerifyRequest
    from provision.home.workspace import Workspace
    from provision.ledger.known import Known


class DeviceKind(Protocol):
    """One kind of device. A device that fails is a value in what comes back; a wrong program raises."""

    @property
    def kind(self) -> Kind:
        """Which one it is."""
        ...

    @property
    def has_canary(self) -> bool:
        """Whether deployed devices are changed one first, then the rest."""
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
        """Where a device stands on the bench (host, port) when nobody says otherwise."""
        ...

    def enrol(self, workspace: Workspace, writer: Writer, intended: Intended, request: EnrolRequest) -> Enrolment:
        """Compare one device with its record and pin it. Raises IdentityError where it is another one."""
        ...

    def next_on_bench(self, workspace: Workspace) -> str:
        """Return the tag that the bench takes next, or nothing where all are in."""
        ...

    def refusal(self, workspace: Workspace, known: Known, request: ApplyRequest) -> tuple[ApplyStep, str] | None:
        """Return at which step and why a device may not be changed at all, or None."""
        ...

    def settle(self, session: Session, begun: Mapping[str, Event], *, wait_s: float) -> dict[str, RunEnd]:
        """End the runs that have no end, by asset tag; one that cannot be ended stays open, as UNCONFIRMED."""
        ...

    def running(self, session: Session, group: Sequence[Intended]) -> Running:
        """Return what runs on each device, or why it could not be read."""
        ...

    def look_again(self, session: Session, group: Sequence[Intended]) -> Running:
        """Read all of what runs on devices that moved since their plan was made."""
        ...

    def plans(
        self, session: Session, group: Sequence[Intended], snapshots: dict[str, Snapshot]
    ) -> dict[str, Plan | ProvisionError]:
        """Return the plan from what runs to what is intended, or why none can be made."""
        ...

    def is_due(self, session: Session, tag: str, plan: Plan) -> bool:
        """Say whether a plan has to be carried out."""
        ...

    def is_news(self, known: Known, running: Snapshot) -> bool:
        """Say whether what runs as intended has to be accepted: it was never, or it is not what was accepted last."""
        ...

    def change(self, session: Session, jobs: Sequence[Job]) -> Changed:
        """Carry the plans out, each with its way back, and record begin, end and acceptance."""
        ...

    def verify(self, workspace: Workspace, group: Sequence[Intended], request: VerifyRequest) -> list[Finding]:
        """Read every device and judge it by all checks."""
        ...

    def watch(
        self, workspace: Workspace, group: Sequence[Intended], *, bench: bool, on_step: OnStep
    ) -> Callable[[], dict[str, Watched]]:
        """Begin to compare each device with what was accepted; what is returned waits for the answers."""
        ...

    def selftest(
        self, workspace: Workspace, intended: Intended, *, bench: bool, on_drill: Callable[[Drill], None]
    ) -> list[Drill]:
        """Drill what only a real device can show, and record that all passed."""
        ...

    def undo(self, workspace: Workspace, intended: Intended, *, bench: bool) -> tuple[str, ...]:
        """Put a device back as it was before it was provisioned; return what was undone."""
        ...


def of(kind: Kind) -> DeviceKind:
    """Return one kind; its modules are imported here, so that a command pays for what it meets."""
    if kind is Kind.PC:
        from provision.devices.pc.kind import PC

        return PC
    if kind is Kind.RADIO:
        from provision.devices.radio.kind import RADIO

        return RADIO
    from provision.devices.modem.kind import MODEM

    return MODEM


def groups(devices: Sequence[Intended]) -> list[tuple[DeviceKind, list[Intended]]]:
    """Return the devices by kind, in the order of the kinds."""
    found = {kind: [d for d in devices if d.kind is kind] for kind in Kind}
    return [(of(kind), group) for kind, group in found.items() if group]
