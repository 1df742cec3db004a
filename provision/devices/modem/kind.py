"""The kind that modems and radios share, and that of modems.

A modem's change is a confirmed commit whose way back lies on the device itself.
"""

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
    from provision.ledger.known import Known


def intents(group: Sequence[Intended]) -> list[Intent]:
    """Return those of a group that are intents of modems or radios, in their order; PCs are left out."""
    return [one for one in group if isinstance(one, Intent)]


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxKind:
    """The `kinds.DeviceKind` of modems, or of radios; what differs between the two is handed in.

    The module of a verb is imported when the verb is called, so that a watch does not load an apply.
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
        """The kind of device, as the carrier names it."""
        return self.carrier.kind

    def enrol(self, workspace: Workspace, writer: Writer, intended: Intended, request: EnrolRequest) -> Enrolment:
        """Enrol one modem or radio by `let_in`, and return its enrolment."""
        (intent,) = intents([intended])
        return self.let_in(workspace, writer, intent, request)

    def refusal(self, workspace: Workspace, known: Known, request: ApplyRequest) -> tuple[ApplyStep, str] | None:
        """Return the step that refuses a change of the device and the reason, or None if it may be changed."""
        from provision.devices.modem import refusals

        return refusals.refusal(workspace, self.carrier, known, request)

    def settle(self, session: Session, begun: Mapping[str, Event], *, wait_s: float) -> dict[str, RunEnd]:
        """Settle the open runs in `begun` (asset tag -> begun event) and return how each ended; see `resume.settle`."""
        from provision.devices.modem import resume

        return resume.settle(session, self.carrier, begun, wait_s=wait_s)

    def assume(self, session: Session, tag: str, begun: Event, assumption: Assumption) -> RunEnd:
        """End the open run of one device as a person says that it ended; see `resume.assume`."""
        from provision.devices.modem import resume

        return resume.assume(session, self.carrier, (tag, begun), assumption)

    def running(self, session: Session, group: Sequence[Intended]) -> Running:
        """Return what runs on each device, or why it could not be read."""
        from provision.devices.modem import running
        from provision.devices.run import Running

        return Running(snapshots=running.running(session, self.carrier, intents(group)))

    def look_again(self, session: Session, group: Sequence[Intended]) -> Running:
        """Read all settings of each device and return them, or why one could not be read."""
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
        """Say whether a plan has any change."""
        return bool(plan.changes)

    def is_news(self, known: Known, running: Snapshot) -> bool:
        """Return whether the running settings are to be recorded as accepted: none were yet, or the marker changed."""
        return not known.accepted or known.snapshot.marker != running.marker

    def change(self, session: Session, jobs: Sequence[Job]) -> Changed:
        """Carry out the plans and return how each ended; see `apply.change`."""
        from provision.devices.modem import apply

        return apply.change(session, self.carrier, jobs)

    def verify(self, workspace: Workspace, group: Sequence[Intended], request: VerifyRequest) -> list[Finding]:
        """Return the findings of all checks on each device; one that was never provisioned gets one UNKNOWN finding."""
        from provision.devices.modem import verify

        return verify.verify(workspace, self.look, intents(group), request)

    def watch(
        self, workspace: Workspace, group: Sequence[Intended], *, bench: bool, on_step: OnStep
    ) -> Callable[[], dict[str, Watched]]:
        """Return a function that compares each device with what was accepted and returns the result by asset tag.

        Nothing is read before it is called.
        """
        from provision.devices.modem import drift

        read = drift.reader(workspace, self.carrier, on_step)
        return lambda: drift.watch(workspace, self.look, read, intents(group), bench=bench)

    def selftest(
        self, workspace: Workspace, intended: Intended, *, bench: bool, on_drill: Callable[[Drill], None]
    ) -> list[Drill]:
        """Run the kind's drill on an enrolled device, call `on_drill` with each result, and return them.

        A modem drills its way back by the timer and by a reboot; a device that was never accepted is reached on the
        bench. Raises UsageError if the device is not enrolled or is a radio, DeviceError if a drill did not pass.
        """
        known = workspace.known.get(intended.tag)
        if known is None:
            hint = f"provision enrol {intended.tag} --address A"
            raise UsageError(f"{intended.tag} is not enrolled", hint=hint)
        drills = self.drill(workspace, known.device.at(bench=bench or not known.accepted))
        for drill in drills:
            on_drill(drill)
        return drills

    def undo(self, _w: Workspace, intended: Intended, /, *, bench: bool) -> tuple[str, ...]:
        """Raise UsageError: a modem or radio is reset by hand."""
        raise UsageError(f"{intended.tag} is reset by hand", hint="press its reset button, then enrol it again")

    def next_on_bench(self, workspace: Workspace) -> str:
        """Return the tag of the first modem or radio of the intent that is not enrolled, or an empty text."""
        return next((tag for tag in workspace.home.intents if tag not in workspace.known), "")


def _usual_address(_: Workspace, intended: Intended) -> tuple[str, int]:
    """Return the modem's address on the bench (its kit's, else its family's factory address) and its bench port."""
    (intent,) = intents([intended])
    return intent.bench_address or intent.family.door.factory.address, intent.bench_port


def _let_in(workspace: Workspace, writer: Writer, intent: Intent, request: EnrolRequest) -> Enrolment:
    from provision.devices.modem import enrol

    return enrol.enrol(workspace, writer, intent, request)


def _drill(workspace: Workspace, device: Device) -> list[Drill]:
    from provision.devices.modem import selftest

    return selftest.selftest(workspace, device)


MODEM = BoxKind(carrier=CARRIER, look=look, usual_address=_usual_address, let_in=_let_in, drill=_drill)
