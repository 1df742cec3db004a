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
    from provision.devices.run import ApplyRequest, Changed, Drill, Job, OnStep, RunEnd, Running, Session, VerifyRequest
    from provision.ledger.known import Known


def _pcs(group: Sequence[Intended]) -> list[Computer]:
    """Return a group of PCs as what they are."""
    return [one for one in group if isinstance(one, Computer)]


def _usual_address(_: Workspace, intended: Intended) -> tuple[str, int]:
    """Return where the PC stands, on the bench or off it."""
    (computer,) = _pcs([intended])
    return computer.address, computer.ssh_port


@dataclass(frozen=True, slots=True, kw_only=True)
class PcKind:
    """PCs, in the words of `kinds.DeviceKind`; each verb is imported when it is asked for."""

    kind: Kind
    usual_address: Callable[[Workspace, Intended], tuple[str, int]]
    has_canary: bool = False
    settles_first: bool = False
    gives_back: bool = True

    def enrol(self, workspace: Workspace, writer: Writer, intended: Intended, request: EnrolRequest) -> Enrolment:
        """Take one PC in."""
        from provision.devices.pc import enrol

        (computer,) = _pcs([intended])
        return enrol.enrol(workspace, writer, computer, request)

    def next_on_bench(self, workspace: Workspace) -> str:
        """Return the PC that the bench takes next, or nothing."""
        return next((tag for tag in workspace.home.computers if tag not in workspace.known), "")

    def refusal(self, _w: Workspace, _k: Known, _r: ApplyRequest, /) -> tuple[ApplyStep, str] | None:
        """Return None: no PC is refused for what it is."""
        return None

    def settle(self, session: Session, begun: Mapping[str, Event], *, wait_s: float) -> dict[str, RunEnd]:
        """Look once at each PC: nothing on it ends by itself."""
        from provision.devices.pc import resume

        mine = {
            t: e for t, e in begun.items() if t in session.workspace.known and t in session.workspace.home.computers
        }
        return resume.settle(session, mine)

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
        """Say whether a plan has anything to do: the first apply of a PC always, since it was not looked at."""
        looked = session.workspace.known[tag].accepted or session.request.plan_only
        return bool(plan.changes) or not looked

    def is_news(self, known: Known, _: Snapshot, /) -> bool:
        """Say whether what runs as intended has to be accepted: its first acceptance only.

        Other differences are drift.
        """
        return not known.accepted

    def change(self, session: Session, jobs: Sequence[Job]) -> Changed:
        """Carry the plans out."""
        from provision.devices.pc import apply

        return apply.change(session, jobs)

    def verify(self, workspace: Workspace, group: Sequence[Intended], request: VerifyRequest) -> list[Finding]:
        """Read every PC and judge it by all checks."""
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
        """Ask every PC; they work while others are read."""
        from provision.devices.pc import poll

        pending = poll.ask(workspace, _pcs(group), bench=bench)
        return lambda: poll.collect(workspace, pending)

    def selftest(
        self, workspace: Workspace, intended: Intended, *, bench: bool, on_drill: Callable[[Drill], None]
    ) -> list[Drill]:
        """Drill what only a real PC can show."""
        from provision.devices.pc import selftest

        return selftest.selftest(workspace, *_pcs([intended]), bench=bench, on_drill=on_drill)

    def undo(self, workspace: Workspace, intended: Intended, *, bench: bool) -> tuple[str, ...]:
        """Put a PC back as it was before the baseline."""
        from provision.devices.pc import apply

        return apply.undo(workspace, *_pcs([intended]), bench=bench)


PC = PcKind(kind=Kind.PC, usual_address=_usual_address)
