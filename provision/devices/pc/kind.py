"""PCs: each setting is set by itself, with its old value kept on the PC."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provision.core.device import Computer, Intended
from provision.core.model import Kind
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


def _pcs(group: Sequence[Intended]) -> list[Computer]:
    """Return those of a group that are PCs, in their order; other devices are left out."""
    return [one for one in group if isinstance(one, Computer)]


def _usual_address(_: Workspace, intended: Intended) -> tuple[str, int]:
    """Return the address and SSH port that the intent gives the PC, on the bench or off it."""
    (computer,) = _pcs([intended])
    return computer.address, computer.ssh_port


@dataclass(frozen=True, slots=True, kw_only=True)
class PcKind:
    """The `kinds.DeviceKind` of PCs; the module of a verb is imported when the verb is called."""

    kind: Kind
    usual_address: Callable[[Workspace, Intended], tuple[str, int]]
    has_canary: bool = False
    settles_first: bool = False
    gives_back: bool = True

    def enrol(self, workspace: Workspace, writer: Writer, intended: Intended, request: EnrolRequest) -> Enrolment:
        """Enrol one PC and return its enrolment."""
        from provision.devices.pc import enrol

        (computer,) = _pcs([intended])
        return enrol.enrol(workspace, writer, computer, request)

    def next_on_bench(self, workspace: Workspace) -> str:
        """Return the tag of the first PC of the intent that is not enrolled, or an empty text."""
        return next((tag for tag in workspace.home.computers if tag not in workspace.known), "")

    def refusal(self, _w: Workspace, _k: Known, _r: ApplyRequest, /) -> tuple[ApplyStep, str] | None:
        """Return None: this kind refuses no change."""
        return None

    def settle(self, session: Session, begun: Mapping[str, Event], *, wait_s: float) -> dict[str, RunEnd]:
        """Look once at each PC of `begun` that is known and in the intent, and return how its run stands.

        `wait_s` is not used: nothing on a PC ends by itself.
        """
        from provision.devices.pc import resume

        mine = {
            t: e for t, e in begun.items() if t in session.workspace.known and t in session.workspace.home.computers
        }
        return resume.settle(session, mine)

    def assume(self, session: Session, tag: str, begun: Event, assumption: Assumption) -> RunEnd:
        """End the open run of one PC as a person says that it ended; see `resume.assume`."""
        from provision.devices.pc import resume

        return resume.assume(session, tag, begun, assumption)

    def running(self, session: Session, group: Sequence[Intended]) -> Running:
        """Return what runs on each PC, or why it could not be read."""
        from provision.devices.pc import apply

        return apply.running(session, _pcs(group))

    look_again = running

    def plans(
        self, session: Session, group: Sequence[Intended], snapshots: dict[str, Snapshot]
    ) -> dict[str, Plan | ProvisionError]:
        """Return the plan of each PC."""
        from provision.devices.pc import apply

        return {**apply.plans(session, _pcs(group), snapshots)}

    def is_due(self, session: Session, tag: str, plan: Plan) -> bool:
        """Say whether a plan has to be carried out: it has changes, or the PC was not looked at.

        A PC is not looked at before its first apply, unless only a plan is asked for.
        """
        looked = session.workspace.known[tag].accepted or session.request.plan_only
        return bool(plan.changes) or not looked

    def is_news(self, known: Known, _: Snapshot, /) -> bool:
        """Return True until the PC has been accepted once; later differences are drift."""
        return not known.accepted

    def change(self, session: Session, jobs: Sequence[Job]) -> Changed:
        """Carry out the plans and return how each ended; see `apply.change`."""
        from provision.devices.pc import apply

        return apply.change(session, jobs)

    def verify(self, workspace: Workspace, group: Sequence[Intended], request: VerifyRequest) -> list[Finding]:
        """Return the findings of all checks on each PC; one that was never provisioned gets one UNKNOWN finding."""
        from provision.devices.pc import verify

        return verify.verify(workspace, _pcs(group), request)

    def watch(
        self,
        workspace: Workspace,
        group: Sequence[Intended],
        *,
        bench: bool,
        on_step: OnStep,
    ) -> Callable[[], dict[str, Watched]]:
        """Send every PC its question; return a function that waits for the answers and returns each state by asset tag.

        The PCs work while other devices are read.
        """
        from provision.devices.pc import poll

        pending = poll.ask(workspace, _pcs(group), bench=bench)
        return lambda: poll.collect(workspace, pending)

    def selftest(
        self, workspace: Workspace, intended: Intended, *, bench: bool, on_drill: Callable[[Drill], None]
    ) -> list[Drill]:
        """Run and return the drills that only a real PC can pass; `on_drill` is called with each."""
        from provision.devices.pc import selftest

        return selftest.selftest(workspace, *_pcs([intended]), bench=bench, on_drill=on_drill)

    def undo(self, workspace: Workspace, intended: Intended, *, bench: bool) -> tuple[str, ...]:
        """Put a PC back as it was before the baseline; return the settings that were undone."""
        from provision.devices.pc import apply

        return apply.undo(workspace, *_pcs([intended]), bench=bench)


PC = PcKind(kind=Kind.PC, usual_address=_usual_address)
