"""End a run that did not end by itself: read the device back, then confirm, revert or wait.

Used by the apply that lost a device on the way, by `resume`, and by the next apply after a
`kill -9`. Whatever the moment of death, a device ends in the old or the new configuration.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from provision import families
from provision.connectors.ansible import Writer
from provision.connectors.phase import Step
from provision.core import plan
from provision.core.device import Device
from provision.core.family import DocumentRequest
from provision.core.model import Ending, Event, Kind, Snapshot, Stage
from provision.core.settings import diff
from provision.devices import replies
from provision.devices.modem import look as modem_look
from provision.home.workspace import Workspace
from provision.ledger.events import ACCEPTED, CONFIGURED, ENDED, ROTATED, configuration, device_of, record, unpack

PAUSE_S = 2.0
GRACE_S = 20.0  # after the window: for the revert itself, and for a boot
PATIENCE_S = 12.0  # a device that is just moving its doors is in neither place for a moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """How an open run ended on one device."""

    ending: Ending
    because: str
    snapshot: Snapshot | None = None


def settle(
    workspace: Workspace,
    writer: Writer,
    begun: Mapping[str, Event],
    *,
    tell: Callable[[Step], None] = lambda _: None,
    wait_s: float = 0.0,
    why: Mapping[str, str] | None = None,
) -> dict[str, Settled]:
    """Settle every open run in `begun` (device -> its begun event) and record the end.

    A device that does not answer is tried again until `wait_s` is over;
    then it stays open, as UNCONFIRMED, for the next resume.
    """
    ended: dict[str, Settled] = {}
    time.sleep(max((_settles_in(e) for e in begun.values()), default=0.0))
    deadline = time.monotonic() + wait_s
    while True:
        open_now = {t: e for t, e in begun.items() if t not in ended}
        now_ended, acted = _round(workspace, writer, open_now, tell, why or {})
        ended |= now_ended
        if len(ended) == len(begun) or (time.monotonic() >= deadline and not acted):
            break
        if not acted:
            time.sleep(PAUSE_S)
    return ended | {
        t: Settled(
            ending=Ending.UNCONFIRMED,
            because=_left(begun[t]),
        )
        for t in begun
        if t not in ended
    }


def _left(event: Event) -> str:
    if families.box(event.payload["after"]["driver"]).kind is Kind.RADIO:
        return "no answer; its old values are kept here: provision resume puts them back"
    return "no answer; its guard puts the old configuration back by itself: provision resume"


def _settles_in(event: Event) -> float:
    """Give the seconds after which an answer proves the new way in; on the bench the box is within reach."""
    return 0.0 if event.payload["bench"] else families.box(event.payload["after"]["driver"]).commit.settle_s


def device_at(event: Event, side: str) -> Device:
    """Give the device as it was `before` or is to be `after` the run."""
    device = device_of(event.subject, event.payload[side], Stage.PROVISIONED)
    return replace(device, host=device.bench_host) if event.payload["bench"] else device


def _round(
    workspace: Workspace,
    writer: Writer,
    begun: Mapping[str, Event],
    tell: Callable[[Step], None],
    why: Mapping[str, str],
) -> tuple[dict[str, Settled], bool]:
    """Look once at every device, at its new address first, then at its old one; end or act."""
    seen = _see(workspace, writer, begun, tell)
    to_confirm: dict[str, tuple[Snapshot, Device]] = {}
    to_revert: dict[str, tuple[Snapshot, Device]] = {}
    ended: dict[str, Settled] = {}
    for tag, (look, device) in seen.items():
        event = begun[tag]
        state = str(look.readings.get("guard", "")).split(" ")
        is_new = not event.payload.get("drill") and _is_candidate(event, look)
        if state[0] == "armed" and state[1] == event.payload["run"]:
            (to_confirm if is_new else to_revert)[tag] = (look, device)
        elif state[0] in {"none", "reverted"}:  # another run's guard ends first; one that cannot be read says nothing
            ended[tag] = _ended(state, _as_sent(event, look) if is_new else look, is_new=is_new)
    _finish(workspace, writer, begun, to_confirm, tell)
    _finish(workspace, writer, begun, to_revert, tell, revert=True)
    for tag, settled in ended.items():
        _record(workspace, begun[tag], settled, why.get(tag, ""))
    return ended, bool(to_confirm or to_revert)


def _see(
    workspace: Workspace, writer: Writer, begun: Mapping[str, Event], tell: Callable[[Step], None]
) -> dict[str, tuple[Snapshot, Device]]:
    seen: dict[str, tuple[Snapshot, Device]] = {}
    for side in ("after", "before"):
        devices = [device_at(e, side) for t, e in begun.items() if t not in seen]
        for tag, look in modem_look.by_ssh(workspace, writer, devices, tell).items() if devices else ():
            if isinstance(look, Snapshot):
                seen[tag] = look, next(d for d in devices if d.tag == tag)
    return seen


def _ended(state: list[str], look: Snapshot, *, is_new: bool) -> Settled:
    if is_new:
        return Settled(ending=Ending.APPLIED, because="read back: the new configuration, confirmed", snapshot=look)
    how = f"the guard reverted it ({state[-1]})" if state[0] == "reverted" else "nothing took effect"
    return Settled(ending=Ending.REVERTED, because=f"{how}; the old configuration runs", snapshot=look)


def _is_candidate(event: Event, look: Snapshot) -> bool:
    family = families.box(event.payload["after"]["driver"])
    intended = unpack(event.payload["settings"])
    owns = family.configuration.owns if event.payload.get("owns") is None else tuple(event.payload["owns"])
    if family.configuration.hidden:  # what it hides proves nothing: the mark of the run goes with a whole change
        if look.readings.get("mark") != event.payload["run"]:
            return False
        intended = plan.visible(family, intended)
        look = plan.without(look, plan.closing(family, look, intended))
    seen = plan.visible(family, look.settings)
    return not diff(seen, intended, owns=owns, volatile=family.configuration.volatile)


def _as_sent(event: Event, look: Snapshot) -> Snapshot:
    """Give what a device hides as this run sent it."""
    family = families.box(event.payload["after"]["driver"])
    seen = replace(look, settings=plan.visible(family, look.settings))
    return plan.carry(family, seen, unpack(event.payload["settings"]))


def _finish(
    workspace: Workspace,
    writer: Writer,
    begun: Mapping[str, Event],
    seen: Mapping[str, tuple[Snapshot, Device]],
    tell: Callable[[Step], None],
    *,
    revert: bool = False,
) -> None:
    """Confirm, or revert now, the devices in `seen`; the next round reads them back."""
    hosts = {}
    for tag, (seen_now, device) in seen.items():
        family, event = device.box, begun[tag]
        closing = () if revert else plan.closing(family, seen_now, unpack(event.payload["settings"]))
        configuration = family.configuration
        edits = configuration.grammar.edits(closing, seen_now.locators, configuration.shape) if closing else ""
        request = DocumentRequest(
            nonce=secrets.token_hex(replies.NONCE_BYTES),
            run=event.payload["run"],
            guard=modem_look.guard_of(family),
            marker=seen_now.marker,
            closing=edits,
        )
        dialect = configuration.dialect
        document = dialect.revert(family, request) if revert else dialect.finish(family, request)
        hosts[tag] = modem_look.host(workspace, writer, device) | {
            "look_document": str(writer.put(f"{tag}.settle", document)),
            "look_output": str(writer.path / f"{tag}.settled"),
        }  # fmt: skip
    writer.phase("gather.yml", hosts, tell, deadline_s=replies.LOOK_DEADLINE_S)


def _record(workspace: Workspace, event: Event, settled: Settled, why: str) -> None:
    run, applied = event.payload["run"], settled.ending is Ending.APPLIED
    because = f"{why}; {settled.because}" if why and settled.ending is not Ending.APPLIED else settled.because
    lines: list[tuple[str, str, Mapping[str, Any]]] = [
        (ENDED, event.subject, {"run": run, "ending": str(settled.ending), "because": because})
    ]
    if event.payload.get("rotation"):
        (workspace.vault.promote if applied else workspace.vault.discard)(event.subject)
        lines += [(ROTATED, event.subject, {"run": run})] if applied else []
    if applied and settled.snapshot:
        seen = settled.snapshot.readings
        device = device_of(event.subject, event.payload["after"], Stage.PROVISIONED)
        device = replace(device, firmware=str(seen.get("firmware", "")), model=str(seen.get("model", "")))
        lines.append((CONFIGURED, event.subject, configuration(settled.snapshot)))
        lines.append((ACCEPTED, event.subject, record(device)))
    workspace.ledger.extend(lines, at=workspace.now())


def resume(workspace: Workspace, tell: Callable[[Step], None] = lambda _: None) -> dict[str, Settled]:
    """Settle every run that has no recorded end and no living holder."""
    from provision.ledger.lease import hold

    begun = workspace.unfinished()
    name = workspace.new_run()
    with hold(workspace.ledger, sorted(begun), name, now=workspace.clock_s()) as held:
        mine = {t: e for t, e in begun.items() if t not in held}
        if not mine:
            return {t: Settled(ending=Ending.UNCONFIRMED, because=f"still at work: {w}") for t, w in held.items()}
        with Writer(name, workspace.place.ssh_key, workspace.place.host_keys) as writer:
            ended = settle(workspace, writer, mine, tell=tell, wait_s=PATIENCE_S)
    return ended | {t: Settled(ending=Ending.UNCONFIRMED, because=f"still at work: {w}") for t, w in held.items()}
