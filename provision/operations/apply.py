"""Apply for every kind of device: refuse, lease, plan, ask, change, accept, with the ledger as its journal.

How a change is carried is the kind's part; everything else is here, once. Kinds are changed side by side if nobody
is asked: while the modems' services reload, the PCs are set.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from provision.connectors import private
from provision.core import identity
from provision.core.device import Device, Intended
from provision.core.errors import Interrupted, ProvisionError
from provision.core.model import ApplyStep, Ending, Outcome, Snapshot
from provision.devices import journal, kinds
from provision.devices.kinds import DeviceKind
from provision.devices.run import Applied, ApplyRequest, Callbacks, Job, Running, Session, outcome, writer_of
from provision.home.held import Held
from provision.home.workspace import Workspace
from provision.local import processes
from provision.operations.preconditions import refusal

PATIENCE_S = 12.0  # a device that is just moving its doors is in neither place for a moment
NOT_APPROVED = "not approved; nothing was changed"


def apply(workspace: Workspace, devices: Sequence[Intended], request: ApplyRequest, callbacks: Callbacks) -> Applied:
    """Bring every device to its intent, or only plan (`plan_only`); return outcomes, plans and the last answers.

    The outcomes are in the order of `devices`. A device's failure is an outcome. A ProvisionError that stops the first
    kind is raised; one that stops another kind is an outcome of each of its devices that has none yet.
    """
    groups = kinds.groups(devices)
    results = [Applied(run=workspace.new_run()) for _ in groups]
    if len(groups) < 2 or callbacks.asks or request.plan_only:
        _one_after_the_other(workspace, groups, (request, callbacks), results)
    else:
        _side_by_side(workspace, groups, (request, callbacks), results)
    whole = Applied(run=results[0].run if results else "")
    for result in results:
        whole.outcomes += result.outcomes
        whole.plans += result.plans
        whole.answers |= result.answers
    order = {one.tag: n for n, one in enumerate(devices)}
    whole.outcomes.sort(key=lambda o: order[o.device])
    return whole


Asked = tuple[ApplyRequest, Callbacks]


def _one_after_the_other(
    workspace: Workspace, groups: list[tuple[DeviceKind, list[Intended]]], asked: Asked, results: list[Applied]
) -> None:
    """Apply to one kind after the other, and add what came out to the result of each.

    A ProvisionError of the first kind is raised; that of a later one is an outcome of each of its devices that has none
    yet.
    """
    for (kind, group), result in zip(groups, results, strict=True):
        (_apply if result is results[0] else _apply_or_fail)(workspace, kind, group, asked, result)


def _side_by_side(
    workspace: Workspace, groups: list[tuple[DeviceKind, list[Intended]]], asked: Asked, results: list[Applied]
) -> None:
    """Apply to all kinds at the same time, each in a run of its own, and add what came out to its result.

    A ProvisionError of the first kind is raised; that of another one is an outcome of each of its devices that has none
    yet. On Interrupted the processes of the other kinds are ended, and it is raised again.
    """
    _ = workspace.vault.seal_key(), workspace.known  # opened once, before several threads use them
    with ThreadPoolExecutor(len(groups) - 1) as beside:
        waiting = [
            beside.submit(_apply_or_fail, workspace, kind, group, asked, result)
            for (kind, group), result in list(zip(groups, results, strict=True))[1:]
        ]
        try:
            _apply(workspace, *groups[0], asked, results[0])
            for one in waiting:
                one.result()
        except Interrupted:
            for result in results[1:]:
                processes.sweep(private.mark(result.run))  # nothing of it outlives an interruption
            raise


def _apply_or_fail(
    workspace: Workspace, kind: DeviceKind, group: list[Intended], asked: Asked, result: Applied
) -> None:
    try:
        _apply(workspace, kind, group, asked, result)
    except ProvisionError as error:
        ended = {o.device for o in result.outcomes}
        result.outcomes += [
            outcome(one, Ending.FAILED, ApplyStep.BEGIN, str(error)) for one in group if one.tag not in ended
        ]


def _apply(workspace: Workspace, kind: DeviceKind, group: list[Intended], asked: Asked, result: Applied) -> None:
    """Hold the devices of one kind and apply to them; see `_within`."""
    with workspace.hold([one.tag for one in group], result.run) as held:
        _within(workspace, held, (kind, group), asked, result)


Holding = tuple[Workspace, Held, Intended]  # one device that is held


def settle_held(holding: Holding, request: ApplyRequest, callbacks: Callbacks) -> Applied | None:
    """End the open run of one device that is held, if it has one; return None once it has none.

    If it cannot be ended, the result says so. To be called before anything is made of what is known of the device: its
    accepted configuration and its secrets may be others afterwards.
    """
    workspace, held, intended = holding
    result, kind = Applied(run=held.run), kinds.of(intended.kind)
    if intended.tag not in journal.unfinished(workspace, kind.kind):
        return None
    with writer_of(workspace, held.run) as writer:
        session = Session(workspace=workspace, held=held, writer=writer, request=request, callbacks=callbacks)
        return None if _settle(session, kind, [intended], result) else result


def apply_held(holding: Holding, request: ApplyRequest, callbacks: Callbacks) -> Applied:
    """Bring one device that is held, and has no open run, to its intent or to the request's override; see `apply`."""
    workspace, held, intended = holding
    result = Applied(run=held.run)
    _within(workspace, held, (kinds.of(intended.kind), [intended]), (request, callbacks), result)
    return result


def _within(
    workspace: Workspace, held: Held, devices: tuple[DeviceKind, list[Intended]], asked: Asked, result: Applied
) -> None:
    """Apply to the devices of one kind that are held; add outcomes, plans and answers to `result`.

    A device that is refused, or that another run holds, gets a failed outcome and is left alone.
    """
    (kind, group), (request, callbacks) = devices, asked
    result.outcomes += [
        outcome(one, Ending.FAILED, ApplyStep.LEASE, f"held by {held.refused[one.tag]}")
        for one in group
        if one.tag in held.refused
    ]
    mine = [one for one in group if one.tag in held.devices]
    refused = {one.tag: why for one in mine if (why := refusal(workspace, kind, one, request))}
    result.outcomes += [outcome(one, Ending.FAILED, *refused[one.tag]) for one in mine if one.tag in refused]
    ready = [one for one in mine if one.tag not in refused]
    if not ready:
        return
    with writer_of(workspace, held.run) as writer:
        session = Session(workspace=workspace, held=held, writer=writer, request=request, callbacks=callbacks)
        _work(session, kind, ready, result)


def _work(session: Session, kind: DeviceKind, group: list[Intended], result: Applied) -> None:
    """Settle open runs (if the kind needs that), look, plan, ask and change; add all that comes out to `result`.

    If only a plan is asked for, it ends with that and settles nothing. After a wave in which a device was not applied,
    the devices of the next one get a failed outcome.
    """
    if kind.settles_first and not session.request.plan_only:
        group = _settle(session, kind, group, result)
    jobs = _plan(session, kind, group, kind.running(session, group), result)
    if session.request.plan_only or not jobs:
        return
    if not session.callbacks.approve([job.plan for job in jobs]):
        result.outcomes += [outcome(job.intended, Ending.REFUSED, ApplyStep.APPROVAL, NOT_APPROVED) for job in jobs]
        return
    failed = False
    for wave in _waves(kind, jobs, session.request):
        if failed:
            because = "not begun: the first site failed"
            result.outcomes += [outcome(job.intended, Ending.FAILED, ApplyStep.CANARY, because) for job in wave]
            continue
        outcomes = _change(session, kind, wave, result)
        failed = any(o.ending is not Ending.APPLIED for o in outcomes)
        result.outcomes += outcomes


def _settle(session: Session, kind: DeviceKind, group: list[Intended], result: Applied) -> list[Intended]:
    """End open runs on these devices; return the devices that can go on.

    One whose run stays unconfirmed is left out, with that as its outcome in `result`.
    """
    tags = {one.tag for one in group}
    left = {t: e for t, e in journal.unfinished(session.workspace, kind.kind).items() if t in tags}
    if not left:
        return group
    ended = kind.settle(session, left, wait_s=PATIENCE_S)
    session.workspace.forget_known()
    stuck = {tag: end.because for tag, end in ended.items() if end.ending is Ending.UNCONFIRMED}
    result.outcomes += [
        outcome(one, Ending.UNCONFIRMED, ApplyStep.SETTLE, stuck[one.tag]) for one in group if one.tag in stuck
    ]
    return [one for one in group if one.tag not in stuck]


def _plan(
    session: Session,
    kind: DeviceKind,
    group: Sequence[Intended],
    running: Running,
    result: Applied,
) -> list[Job]:
    """Plan each device that was read, and return the jobs of those that have to be changed.

    Any other device gets an outcome: failed if it cannot be read or planned, or is another device; unchanged if it runs
    as intended, which is accepted at once if that is news (unless only a plan is asked for).
    """
    known, accepted = session.workspace.known, list[tuple[Device, Snapshot]]()
    result.answers |= running.answers
    snapshots = {one.tag: look for one in group if (look := _usable(one, running.snapshots[one.tag], result))}
    plans = kind.plans(session, [one for one in group if one.tag in snapshots], snapshots)
    jobs = []
    for one in (one for one in group if one.tag in snapshots):
        made, tag = plans[one.tag], one.tag
        if isinstance(made, ProvisionError):
            result.outcomes.append(outcome(one, Ending.FAILED, ApplyStep.PLAN, str(made)))
            continue
        result.plans.append(made)
        if kind.is_due(session, tag, made):
            jobs.append(Job(intended=one, plan=made))
            continue
        result.outcomes.append(outcome(one, Ending.UNCHANGED, ApplyStep.PLAN, "runs as intended"))
        if not session.request.plan_only and kind.is_news(known[tag], snapshots[tag]):
            accepted.append((known[tag].device, snapshots[tag]))
    if accepted:
        journal.accept_all(session.held, accepted)
    return jobs


def _usable(intended: Intended, look: Snapshot | ProvisionError, result: Applied) -> Snapshot | None:
    """Return the snapshot of a look if a plan can be made from it.

    Else None, with a failed outcome in `result`: the device could not be read, or is another one than the record's.
    """
    if isinstance(look, ProvisionError):
        result.outcomes.append(outcome(intended, Ending.FAILED, ApplyStep.LOOK, f"{look}"))
        return None
    if look.readings and (why := identity.another(intended.item, look.readings)):
        result.outcomes.append(outcome(intended, Ending.FAILED, ApplyStep.IDENTITY, f"{why}; look at the device"))
        return None
    return look


def _waves(kind: DeviceKind, jobs: list[Job], request: ApplyRequest) -> list[list[Job]]:
    """Return the jobs in groups that are changed together, one group after the other.

    The first job alone, then the rest; all at once on the bench, or if the kind has no canary.
    """
    if request.bench or not kind.has_canary or len(jobs) == 1:
        return [jobs]
    return [jobs[:1], jobs[1:]]


def _change(session: Session, kind: DeviceKind, jobs: list[Job], result: Applied) -> list[Outcome]:
    """Change the devices and return their outcomes; add plans and answers to `result`.

    Those whose configuration changed after their plan was made are read, planned and changed once more, without asking
    again.
    """
    changed = kind.change(session, jobs)
    result.answers |= changed.answers
    stale = [job.intended for job in jobs if job.tag in changed.stale]
    outcomes = [o for tag, o in changed.outcomes.items() if tag not in changed.stale]
    if not stale:
        return outcomes
    again = Applied(run=result.run)
    jobs = _plan(session, kind, stale, kind.look_again(session, stale), again)
    result.plans += again.plans
    result.answers |= again.answers
    if jobs:
        changed = kind.change(session, jobs)
        result.answers |= changed.answers
        again.outcomes += changed.outcomes.values()
    return outcomes + again.outcomes
