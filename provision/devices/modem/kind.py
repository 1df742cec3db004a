"""Modems: a change is a confirmed commit whose way back lies on the device itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provision.core.device import Device, Intended, Intent
from provision.core.errors import UsageError
from provision.core.model import Kind
from provision.devices.carrier import Carrier, Look
from provision.devices.modem.look import look
from provision.devices.modem.ways import CARRIER
from provision.home.workspace import Workspace

if TYPE_CHECKING:
    from provision.connectors.ansible import Writer
    from provision.core.errors import ProvisionError
    from provision.core.model import ApplyStep, Event, Finding, Plan, Snapshot, Watched
    from provision.devices.door import EnrolRequest
    from provision.devices.journal import Enrolment
    from provision.devices.run import ApplyRequest, Changed, Drill, Job, OnStep, RunEnd, Running, Session, VerifyRequest
    from provision.ledger.known import Known


def intents(group: Sequence[Intended]) -> list[Intent]:
    """Return a group of modems or radios as what they are."""
    return [one for one in group if isinstance(one, Intent)]


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxKind:
    """Modems, or radios, in the words of `kinds.DeviceKind`; what differs between the two is handed in.

    Each verb is imported when it is asked for: a watch pays for no apply.
    """

    carrier: Carrier
    look: Look
    usual_address: Callable[[Workspace, Intended], tuple[str, int]]
    let_in: Callable[[Workspace, Writer, Intent, EnrolRequest], Enrolment]
    drill: Callable[[Workspace, Device], list[Drill]]
    has_canary: bool = True
    settles_first: bool = True
    gives_back: bool = False

    @property
    def kind(self) -> Kind:
        """Which one it is."""
        return self.carrier.kind

    def enrol(self, workspace: Workspace, writer: Writer, intended: Intended, request: EnrolRequest) -> Enrolment:
        """Take one box in."""
        (intent,) = intents([intended])
        return self.let_in(workspace, writer, intent, request)

    def refusal(self, workspace: Workspace, known: Known, request: ApplyRequest) -> tuple[ApplyStep, str] | None:
        """Return at which step and why a device may not be changed, or None."""
        from provision.devices.modem import refusals

        return refusals.refusal(workspace, self.carrier, known, request)

    def settle(self, session: Session, begun: Mapping[str, Event], *, wait_s: float) -> dict[str, RunEnd]:
        """End runs that did not end by themselves."""
        from provision.devices.modem import resume

        return resume.settle(session, self.carrier, begun, wait_s=wait_s)

    def running(self, session: Session, group: Sequence[Intended]) -> Running:
        """Return what runs on each device, or why it could not be read."""
        from provision.devices.modem import running
        from provision.devices.run import Running

        return Running(snapshots=running.running(session, self.carrier, intents(group)))

    def look_again(self, session: Session, group: Sequence[Intended]) -> Running:
        """Read all of what runs on devices that moved since their plan was made."""
        from provision.devices.modem import running
        from provision.devices.run import Running

        return Running(snapshots=running.read_all(session, self.carrier, intents(group)))

    def plans(
        self, session: Session, group: Sequence[Intended], snapshots: dict[str, Snapshot]
    ) -> dict[str, Plan | ProvisionError]:
        """Return the plan of each device, or why none can be made."""
        from provision.devices.modem import running

        return running.plans(session, intents(group), snapshots)

    def is_due(self, session: Session, tag: str, plan: Plan) -> bool:
        """Say whether a plan has anything to do."""
        return bool(plan.changes)

    def is_news(self, known: Known, running: Snapshot) -> bool:
        """Say whether what runs as intended has to be accepted."""
        return not known.accepted or known.snapshot.marker != running.marker

    def change(self, session: Session, jobs: Sequence[Job]) -> Changed:
        """Carry the plans out."""
        from provision.devices.modem import apply

        return apply.change(session, self.carrier, jobs)

    def verify(self, workspace: Workspace, group: Sequence[Intended], request: VerifyRequest) -> list[Finding]:
        """Read every device and judge it by all checks."""
        from provision.devices.modem import verify

        return verify.verify(workspace, self.look, intents(group), request)

    def watch(
        self, workspace: Workspace, group: Sequence[Intended], *, bench: bool, on_step: OnStep
    ) -> Callable[[], dict[str, Watched]]:
        """Return what compares each device with what was accepted."""
        from provision.devices.modem import drift

        read = drift.reader(workspace, self.carrier, on_step)
        return lambda: drift.watch(workspace, self.look, read, intents(group), bench=bench)

    def selftest(
        self, workspace: Workspace, intended: Intended, *, bench: bool, on_drill: Callable[[Drill], None]
    ) -> list[Drill]:
        """Show the way back by its timer and by a reboot."""
        known = workspace.known.get(intended.tag)
        if known is None:
            hint = f"provision enrol {intended.tag} --address A"
            raise UsageError(f"{intended.tag} is not enrolled", hint=hint)
        drills = self.drill(workspace, known.device.at(bench=bench or not known.accepted))
        for drill in drills:
            on_drill(drill)
        return drills

    def undo(self, _w: Workspace, intended: Intended, /, *, bench: bool) -> tuple[str, ...]:
        """Refuse: a box is reset by hand."""
        raise UsageError(f"{intended.tag} is reset by hand", hint="press its reset button, then enrol it again")

    def next_on_bench(self, workspace: Workspace) -> str:
        """Return what the bench takes next."""
        return next((tag for tag in workspace.home.intents if tag not in workspace.known), "")


def _usual_address(_: Workspace, intended: Intended) -> tuple[str, int]:
    """Return where the box is on the bench: by its kit, or where the factory puts it."""
    (intent,) = intents([intended])
    return intent.bench_address or intent.family.door.factory.address, intent.bench_port


def _let_in(workspace: Workspace, writer: Writer, intent: Intent, request: EnrolRequest) -> Enrolment:
    from provision.devices.modem import enrol

    return enrol.enrol(workspace, writer, intent, request)


def _drill(workspace: Workspace, device: Device) -> list[Drill]:
    from provision.devices.modem import selftest

    return selftest.selftest(workspace, device)


MODEM = BoxKind(carrier=CARRIER, look=look, usual_address=_usual_address, let_in=_let_in, drill=_drill)
