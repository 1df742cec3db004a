"""End what dead runs left open, on every kind of device."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from provision.core.errors import UsageError
from provision.core.model import Ending, Event, Kind
from provision.devices import journal, kinds
from provision.devices.run import ApplyRequest, Assumption, Callbacks, RunEnd, Session, writer_of
from provision.home.workspace import Workspace
from provision.operations.apply import PATIENCE_S

GONE = "the device was revoked"
ASSUMED = (str(Ending.APPLIED), str(Ending.REVERTED))


def resume(
    workspace: Workspace, tags: Collection[str] | None = None, assumption: Assumption | None = None
) -> dict[str, RunEnd]:
    """Settle every run that has no recorded end and no living holder; return how each run ended, by asset tag.

    With `tags`, only the runs of these devices. A run of whose end the device gives no proof stays UNCONFIRMED, or ends
    as `assumption` says, on record. A device that a living run holds is left alone: it is UNCONFIRMED in what is
    returned.
    """
    ended: dict[str, RunEnd] = {}
    for kind in Kind:
        begun = journal.unfinished(workspace, kind)
        ended |= _resume(workspace, kind, {t: e for t, e in begun.items() if tags is None or t in tags}, assumption)
    return ended


def tags_of(workspace: Workspace, names: Sequence[str] | None) -> set[str] | None:
    """Return the asset tags that TARGETs name, None for all; a device with an open run need not be in the intent.

    Raises UsageError for another name.
    """
    if not names:
        return None
    open_runs = journal.all_unfinished(workspace)
    named = {name.upper() for name in names} & open_runs
    rest = [name for name in names if name.upper() not in named]
    return named | ({one.tag for one in workspace.targets(rest)} if rest else set())


def assumption_of(ending: str, reason: str) -> Assumption | None:
    """Return what a person assumes, as the options --assume and --reason have it, or None if neither is given.

    Raises UsageError for another ending than applied and reverted, and for one option without the other.
    """
    if not ending and not reason:
        return None
    if ending not in ASSUMED:
        raise UsageError(f"--assume: not an end of a run: {ending or 'nothing'}", hint="one of: " + ", ".join(ASSUMED))
    if not reason.strip():
        raise UsageError("--assume: say why with --reason", hint='as: --reason "dilihat di tempat: konfigurasi baru"')
    return Assumption(ending=Ending(ending), reason=reason.strip())


def _resume(
    workspace: Workspace, kind: Kind, begun: Mapping[str, Event], assumption: Assumption | None
) -> dict[str, RunEnd]:
    if not begun:
        return {}
    with workspace.hold(sorted(begun), workspace.new_run()) as held:
        ended = {
            t: RunEnd(ending=Ending.UNCONFIRMED, because=f"still at work: {who}") for t, who in held.refused.items()
        }
        mine = {t: e for t, e in journal.unfinished(workspace, kind).items() if t in held.devices}
        for tag in [t for t in mine if t not in workspace.known]:  # an older release left its run open
            held.record(journal.ended_by_revocation(workspace, tag, GONE))
            ended[tag] = RunEnd(ending=Ending.REVERTED, because=GONE)
            del mine[tag]
        if mine:
            with writer_of(workspace, held.run) as writer:
                session = Session(
                    workspace=workspace, held=held, writer=writer, request=ApplyRequest(), callbacks=Callbacks()
                )
                ended |= _settle(session, kind, mine, assumption)
    workspace.forget_known()
    return ended


def _settle(
    session: Session, kind: Kind, begun: Mapping[str, Event], assumption: Assumption | None
) -> dict[str, RunEnd]:
    ended = kinds.of(kind).settle(session, begun, wait_s=PATIENCE_S)
    if assumption is not None:
        for tag in [t for t, end in ended.items() if end.ending is Ending.UNCONFIRMED]:
            ended[tag] = kinds.of(kind).assume(session, tag, begun[tag], assumption)
    return ended
