"""Look again at what was accepted: drift is a plan nobody asked for.

A device whose published digest is the accepted one is not read any further, and neither Ansible
nor netmiko is loaded for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from provision.connectors.phase import Step
from provision.core import plan
from provision.core.device import Device, Intent
from provision.core.errors import ProvisionError
from provision.core.model import Candidate, Change, Snapshot, Watched
from provision.devices.modem import data_used
from provision.devices.modem import look as modem_look
from provision.devices.pc import poll as computers
from provision.home.targets import Targets
from provision.home.workspace import Workspace
from provision.ledger.events import ACCEPTED, CONFIGURED, WATCHED, configuration, record
from provision.ledger.known import Known

OK, DRIFT, UNREACHABLE, UNKNOWN = "ok", "drift", "unreachable", "unknown"
SILENT = "no answer"
REPEAT_S = 3600  # the same state is written again after an hour: the age of the last contact stays known


def watch(
    workspace: Workspace, targets: Targets, *, bench: bool, tell: Callable[[Step], None] = lambda _: None
) -> list[Watched]:
    """Compare every provisioned device of `targets` with what was accepted; record what moved.

    The PCs are asked first and heard last: they think while the modems are read.
    Raises ProvisionError where none of them is provisioned.
    """
    known = _accepted(workspace, [i.item.asset_tag for i in targets.modems])
    pcs = _accepted(workspace, [c.item.asset_tag for c in targets.computers])
    if not known and not pcs:
        raise ProvisionError("nothing to watch: none of these is provisioned", hint="provision apply TARGET --bench")
    asked = computers.ask(workspace, [c for c in targets.computers if c.item.asset_tag in pcs], bench=bench)
    found = _modems(workspace, targets.modems, known, bench=bench, tell=tell) if known else {}
    found |= computers.hear(workspace, asked, _last_answers(workspace))
    _record(workspace, found)
    return [found[tag] for tag in [*known, *pcs]]


def _accepted(workspace: Workspace, tags: list[str]) -> dict[str, Known]:
    return {t: k for t in tags if (k := workspace.known.get(t)) and k.accepted}


def _modems(
    workspace: Workspace,
    intents: list[Intent],
    known: Mapping[str, Known],
    *,
    bench: bool,
    tell: Callable[[Step], None],
) -> dict[str, Watched]:
    serials = {i.item.asset_tag: i.item.serial for i in intents}
    found: dict[str, Watched] = {}
    moved: list[Device] = []
    looks = modem_look.look(workspace, [reach(k.device, bench=bench) for k in known.values()])
    for tag, look in looks.items():
        state, because = _judge(look, known[tag], serials[tag])
        if state == DRIFT and look.settings:
            found[tag] = _compared(workspace, known[tag], look)
        elif state == DRIFT:
            moved.append(reach(known[tag].device, bench=bench))
        else:
            found[tag] = Watched(device=tag, state=state, seen_at=_seen_at(workspace, tag, look), because=because)
    if moved:
        found |= _fetch(workspace, known, moved, tell)
    ours = {tag: look for tag, look in looks.items() if look.readings.get("serial") == serials[tag]}
    data_used.keep(workspace, ours)
    return found


def reach(device: Device, *, bench: bool) -> Device:
    """Give the device as it is reached now."""
    return replace(device, host=device.bench_host) if bench else device


def _judge(look: Snapshot, known: Known, serial: str) -> tuple[str, str]:
    """Judge one look; DRIFT says only that the configuration has to be read."""
    if not look.readings:
        why = next(iter(look.missing.values()), SILENT)
        return (UNREACHABLE if why == SILENT else UNKNOWN), why
    if (said := look.readings.get("serial")) != serial:
        return UNKNOWN, f"another box answers: serial {said or 'not said'}, recorded {serial}"
    guard = str(look.readings.get("guard", ""))
    if guard.startswith("armed"):
        return UNKNOWN, f"run {guard.split(' ')[1]} is not confirmed: provision resume"
    if not look.marker:
        return UNKNOWN, f"no digest of its configuration: {look.missing.get('marker', 'not said')}"
    return (OK, "runs as accepted") if look.marker == known.snapshot.marker else (DRIFT, "")


def _seen_at(workspace: Workspace, tag: str, look: Snapshot) -> str:
    return look.at if look.readings else _last_answers(workspace)[tag]


def _last_answers(workspace: Workspace) -> dict[str, str]:
    """Give when each device last answered a look: the last watch knows, or else its acceptance."""
    watched = {e.subject: str(e.payload["seen_at"]) for e in workspace.latest(WATCHED)}
    return {tag: max(watched.get(tag, ""), one.snapshot.at) for tag, one in workspace.known.items()}


def _fetch(
    workspace: Workspace, known: Mapping[str, Known], moved: list[Device], tell: Callable[[Step], None]
) -> dict[str, Watched]:
    """Read the settings of devices whose digest moved, and name each path that differs."""
    from provision.connectors.ansible import Writer

    with Writer(workspace.new_run(), workspace.place.ssh_key, workspace.place.host_keys) as writer:
        looked = modem_look.by_ssh(workspace, writer, moved, tell)
    found: dict[str, Watched] = {}
    for tag, look in looked.items():
        if isinstance(look, ProvisionError):
            because = f"its configuration moved, but could not be read: {look}"
            found[tag] = Watched(device=tag, state=UNKNOWN, seen_at=workspace.now(), because=because)
            continue
        found[tag] = _compared(workspace, known[tag], look)
    return found


def _compared(workspace: Workspace, known: Known, look: Snapshot) -> Watched:
    changes = drift(workspace, known, look)
    state, because = (DRIFT, "differs from what was accepted") if changes else (OK, "no setting moved")
    if not changes:  # a comment, an order that does not count: the new digest is the accepted one
        accept(workspace, known, look, [])
    return Watched(device=known.device.tag, state=state, seen_at=look.at, because=because, changes=changes)


def drift(workspace: Workspace, known: Known, running: Snapshot) -> tuple[Change, ...]:
    """Plan from what runs to what was accepted: each change's `intended` is the accepted value."""
    family = known.device.box
    accepted = Candidate(settings=known.snapshot.settings)
    return plan.make(family, running, accepted, workspace.vault.seal_key(), owns=("*",)).changes


def shown(value: object) -> str | None:
    """Write one value for people and for the ledger: a secret stays hidden, None is absent."""
    if value is None:
        return None
    return " ".join(value) if isinstance(value, tuple) else str(value)


def change_record(change: Change) -> dict[str, str | None]:
    """Give one difference in the documented shape."""
    return {"path": change.path, "accepted": shown(change.intended), "running": shown(change.running)}


def _record(workspace: Workspace, found: Mapping[str, Watched]) -> None:
    """Write each state that is new, and the same one again after an hour."""
    last = {e.subject: e for e in workspace.latest(WATCHED)}
    now = workspace.now()
    lines: list[tuple[str, str, Mapping[str, Any]]] = []
    for tag, one in found.items():
        body = {
            "state": one.state, "because": one.because, "seen_at": one.seen_at,
            "changes": [change_record(c) for c in one.changes],
        }  # fmt: skip
        old = last.get(tag)
        same = old and all(old.payload[k] == body[k] for k in ("state", "because", "changes"))
        if not same or (old and _age_s(old.at, now) >= REPEAT_S):
            lines.append((WATCHED, tag, body))
    if lines:
        workspace.ledger.extend(lines, at=now)


def _age_s(then: str, now: str) -> float:
    return (datetime.fromisoformat(now) - datetime.fromisoformat(then)).total_seconds()


def accept(
    workspace: Workspace, known: Known, running: Snapshot, before: list[tuple[str, str, Mapping[str, Any]]]
) -> None:
    """Make what runs the accepted configuration, in one transaction with the events `before` it."""
    tag = known.device.tag
    lines = [*before, (CONFIGURED, tag, configuration(running)), (ACCEPTED, tag, record(known.device))]
    workspace.ledger.extend(lines, at=workspace.now())
    workspace.forget_known()
