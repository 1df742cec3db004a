"""End a run that did not end by itself: read the device back, then confirm, revert or wait.

Used by the apply that lost a device on the way, by `resume`, and by the next apply after a
`kill -9`. Whatever the moment of death, a device ends in the old or the new configuration.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace

from provision.core import guard, identity, read_back
from provision.core.device import Device
from provision.core.errors import ProvisionError
from provision.core.family import DocumentRequest, Family
from provision.core.guard import Guard
from provision.core.model import Ending, Event, Kind, Settings, Snapshot
from provision.core.settings import diff, marker, matches
from provision.devices import journal
from provision.devices.carrier import Carrier
from provision.devices.journal import Conclusion
from provision.devices.modem.look import by_ansible, feed, guard_of
from provision.devices.replies import NONCE_BYTES
from provision.devices.run import Assumption, RunEnd, Session
from provision.home import peers
from provision.home.workspace import Workspace
from provision.ledger.events import Begun

PAUSE_S = 2.0
UNKNOWN = (
    "unknown: its guard says nothing of run {run}, and neither the old nor the new configuration runs; look at it, "
    "then: provision resume {tag} --assume applied|reverted --reason TEXT"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRun:
    """What an open run's device runs now, and how it was reached.

    `proved` says that this was a login of its own by the way in that the run leads to.
    """

    begun: Begun
    snapshot: Snapshot
    device: Device
    proved: bool

    @property
    def is_new(self) -> bool:
        """Whether the device runs what the run sent; False for a drill, which sends nothing that is to stay."""
        return not self.begun.drill and _is_candidate(self.begun, self.device, self.snapshot)


def settle(
    session: Session,
    carrier: Carrier,
    begun: Mapping[str, Event],
    *,
    wait_s: float = 0.0,
    why: Mapping[str, str] | None = None,
) -> dict[str, RunEnd]:
    """Settle every open run in `begun` (asset tag -> begun event), record each end, and return them by asset tag.

    A run that cannot be ended yet (no answer, another device than the record's, another run's guard) is tried again
    until `wait_s` seconds are over; then it stays open, as UNCONFIRMED, for the next resume. So does one of whose end
    there is no proof: see `_end`. `why` goes before the recorded reason of a run that was not applied.
    """
    runs = {tag: Begun.read(event.payload) for tag, event in begun.items()}
    ended: dict[str, RunEnd] = {}
    others: dict[str, str] = {}
    clock = session.workspace.clock
    clock.sleep(max((_settles_in(tag, run) for tag, run in runs.items()), default=0.0))
    deadline = clock.monotonic() + wait_s
    while True:
        open_now = {t: run for t, run in runs.items() if t not in ended}
        now_ended, acted = _round(session, carrier, open_now, others)
        for tag, end in now_ended.items():
            if end.ending is not Ending.UNCONFIRMED:
                _record(session, carrier.kind, (tag, runs[tag]), end, (why or {}).get(tag, ""))
        ended |= now_ended
        if len(ended) == len(runs) or (clock.monotonic() >= deadline and not acted):
            break
        if not acted:
            clock.sleep(PAUSE_S)
    left = {t: others.get(t, carrier.left) for t in runs if t not in ended}
    return ended | {t: RunEnd(ending=Ending.UNCONFIRMED, because=why_open) for t, why_open in left.items()}


def _settles_in(tag: str, run: Begun) -> float:
    """Return after how many seconds an answer proves the new way in: 0 on the bench, where the box is within reach."""
    return 0.0 if run.bench else run.after.device(tag).box.commit.settle_s


def _round(
    session: Session, carrier: Carrier, runs: Mapping[str, Begun], others: dict[str, str]
) -> tuple[dict[str, RunEnd], bool]:
    """Look once at every device, at its new address first, then at its old one; end its run, or confirm or revert it.

    What can be seen only by the way in of before is reverted, whatever it runs: nobody could log in to it later. Return
    the runs that ended, by asset tag, and whether any was confirmed or reverted: those end in a later round. Why a
    device is another one than its record names is put into `others`, by asset tag.
    """
    to_confirm: dict[str, OpenRun] = {}
    to_revert: dict[str, OpenRun] = {}
    ended: dict[str, RunEnd] = {}
    for tag, seen in _see(session, carrier, runs, others).items():
        state = guard.of(seen.snapshot.readings)
        if state.is_of(guard.ARMED, seen.begun.run):
            (to_confirm if seen.is_new and seen.proved else to_revert)[tag] = seen
        elif state.word in {guard.NONE, guard.CONFIRMED, guard.REVERTED}:
            ended[tag] = _end(session.workspace, state, seen)
    _finish(session, carrier, to_confirm)
    _finish(session, carrier, to_revert, revert=True)
    return ended, bool(to_confirm or to_revert)


def _see(session: Session, carrier: Carrier, runs: Mapping[str, Begun], others: dict[str, str]) -> dict[str, OpenRun]:
    seen: dict[str, OpenRun] = {}
    for side in ("after", "before"):
        devices = {t: getattr(run, side).device(t).at(bench=run.bench) for t, run in runs.items() if t not in seen}
        if not devices:
            break
        by = carrier.anew() if side == "after" else carrier
        _carry(session.workspace, {t: runs[t] for t in devices}, side)
        by = by.ending({tag: runs[tag].run for tag in devices if runs[tag].run != session.run})  # our own is sent once
        looks = by_ansible(session.workspace, session.writer, by, list(devices.values()), session.callbacks.on_step)
        for tag, look in looks.items():
            if isinstance(look, ProvisionError):
                continue
            if other := _another(session.workspace, tag, look):
                others[tag] = f"{other}; look at the device, then provision resume"
            else:
                seen[tag] = OpenRun(begun=runs[tag], snapshot=look, device=devices[tag], proved=side == "after")
    _carry(session.workspace, {t: run for t, run in runs.items() if t not in seen}, "before")
    return seen


def _carry(workspace: Workspace, runs: Mapping[str, Begun], side: str) -> None:
    """Have the hub send the traffic of devices whose tunnel key is being replaced to the key before or after the run.

    A device on the bench is not reached through the hub. Where nobody answers, the addresses go back to the key that
    carried the change.
    """
    afield = {t: run for t, run in runs.items() if run.rotation and not run.bench}
    if afield:
        peers.write(workspace, {t: getattr(run, side).device(t).tunnel_key for t, run in afield.items()})


def _another(workspace: Workspace, tag: str, look: Snapshot) -> str:
    """Return why a look is of another device than the record's, or an empty text.

    A device that left the intent has no record, so nothing is compared.
    """
    intent = workspace.home.intents.get(tag)
    return identity.another(intent.item, look.readings) if intent else ""


def _end(workspace: Workspace, state: Guard, seen: OpenRun) -> RunEnd:
    """Return how a run ended whose guard is not armed; UNCONFIRMED if neither guard nor configuration proves it.

    The guard's own word counts first: what runs may have been changed since. A guard that still names an earlier run
    was never armed by this one.
    """
    run, how = seen.begun.run, ""
    if state.is_of(guard.REVERTED, run):
        how = f"the guard reverted it ({state.rest})"
    elif state.is_of(guard.CONFIRMED, run) and (not seen.is_new or state.rest not in {"", seen.snapshot.marker}):
        because = "its guard confirmed it; what runs was changed since"
        return RunEnd(ending=Ending.APPLIED, because=because, snapshot=_as_confirmed(workspace, state, seen))
    elif state.is_of(guard.CONFIRMED, run) or seen.is_new:
        because = "read back: the new configuration, confirmed"
        return RunEnd(ending=Ending.APPLIED, because=because, snapshot=_as_sent(seen))
    elif state.run:
        how = f"nothing took effect (its guard still names run {state.run})"
    elif seen.snapshot.marker == seen.begun.marker and seen.snapshot.readings.get("mark") != run:
        how = "nothing took effect"
    if not how:
        return RunEnd(ending=Ending.UNCONFIRMED, because=UNKNOWN.format(run=run, tag=seen.device.tag))
    return RunEnd(ending=Ending.REVERTED, because=f"{how}; the old configuration runs", snapshot=seen.snapshot)


def _as_confirmed(workspace: Workspace, state: Guard, seen: OpenRun) -> Snapshot:
    """Return the snapshot that was confirmed, of a device that was changed since; see `_as_left`."""
    family, before = seen.device.box, workspace.known[seen.device.tag].snapshot.settings
    settings = _as_left(family, before, seen.begun)
    return replace(seen.snapshot, settings=settings, marker=state.rest or marker(read_back.visible(family, settings)))


def _is_candidate(run: Begun, device: Device, look: Snapshot) -> bool:
    family, intended = device.box, run.settings
    owns = family.configuration.owns if run.owns is None else run.owns
    if family.configuration.hidden:  # what it hides proves nothing: the mark of the run goes with a whole change
        if look.readings.get("mark") != run.run:
            return False
        intended = read_back.visible(family, intended)
        look = read_back.without(look, read_back.closing(family, look, intended))
    seen = read_back.visible(family, look.settings)
    return not diff(seen, intended, owns=owns, volatile=family.configuration.volatile)


def _as_sent(seen: OpenRun) -> Snapshot:
    """Return the snapshot with the settings that the device hides as this run sent them."""
    family = seen.device.box
    visible = replace(seen.snapshot, settings=read_back.visible(family, seen.snapshot.settings))
    return read_back.carry(family, visible, seen.begun.settings)


def _finish(session: Session, carrier: Carrier, seen: Mapping[str, OpenRun], *, revert: bool = False) -> None:
    """Send each device in `seen` the document that confirms its run, or with `revert` the one that reverts it now.

    The answers are not read: the next round reads the devices back.
    """
    documents = {tag: (one.device, _last_document(one, revert=revert)) for tag, one in seen.items()}
    if documents:
        by = carrier if revert else carrier.anew()
        feed(session.workspace, session.writer, by, documents, session.callbacks.on_step)


def _last_document(seen: OpenRun, *, revert: bool) -> bytes:
    family, configuration = seen.device.box, seen.device.box.configuration
    closing = () if revert else read_back.closing(family, seen.snapshot, seen.begun.settings)
    edits = configuration.grammar.edits(closing, seen.snapshot.locators, configuration.shape) if closing else ""
    request = DocumentRequest(
        nonce=secrets.token_hex(NONCE_BYTES),
        run=seen.begun.run,
        guard=guard_of(family),
        marker=seen.snapshot.marker,
        closing=edits,
    )
    dialect = configuration.dialect
    return dialect.revert(family, request) if revert else dialect.finish(family, request)


def _record(session: Session, kind: Kind, run: tuple[str, Begun], end: RunEnd, why: str) -> None:
    (tag, begun), applied = run, end.ending is Ending.APPLIED
    accepted = None
    if applied and end.snapshot:
        accepted = journal.read_identity(begun.after.device(tag), end.snapshot), end.snapshot
    because = f"{why}; {end.because}" if why and not applied else end.because
    journal.conclude(session.held, kind, [_conclusion(run, replace(end, because=because), accepted)])


def assume(session: Session, carrier: Carrier, run: tuple[str, Event], assumption: Assumption) -> RunEnd:
    """Record how the open run of a device ended as a person says, and return that.

    If it is said to be applied, what the run sent is accepted, without a digest: the next watch compares it with what
    runs. Of a rotation both sets of secrets are kept until a later one is proved.
    """
    tag, begun = run[0], Begun.read(run[1].payload)
    end, accepted = RunEnd(ending=assumption.ending, because=f"assumed: {assumption.reason}"), None
    if assumption.ending is Ending.APPLIED and not begun.drill:
        device, before = begun.after.device(tag), session.workspace.known[tag].snapshot
        settings = _as_left(device.box, before.settings, begun)
        accepted = device, replace(before, settings=settings, marker="", at=session.workspace.now())
    conclusion = replace(_conclusion((tag, begun), end, accepted), assumed=assumption.reason)
    journal.conclude(session.held, carrier.kind, [conclusion])
    return end


def _conclusion(run: tuple[str, Begun], end: RunEnd, accepted: tuple[Device, Snapshot] | None) -> Conclusion:
    tag, begun = run
    return Conclusion(
        tag=tag,
        run=begun.run,
        ending=str(end.ending),
        because=end.because,
        accepted=accepted,
        rotated=end.ending is Ending.APPLIED if begun.rotation else None,
    )


def _as_left(family: Family, before: Settings, begun: Begun) -> Settings:
    """Return what a device runs once a run is applied: what the run sent, and of the rest what was known before."""
    owns = family.configuration.owns if begun.owns is None else begun.owns
    kept = {p: v for p, v in before.items() if p not in begun.settings and not matches(p, owns)}
    return kept | dict(begun.settings)
