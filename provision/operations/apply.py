"""Plan -> outcome: a confirmed commit, with the ledger as its journal."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from provision.connectors.ansible import Writer
from provision.core import firmware, plan, render
from provision.core.device import Device, Intent
from provision.core.errors import ProvisionError
from provision.core.model import Candidate, Ending, Kind, Outcome, Plan, Secret, Snapshot
from provision.core.render import Access
from provision.devices import replies
from provision.devices.modem import look as modem_look
from provision.devices.modem.apply import Job, change
from provision.devices.modem.poll import poll
from provision.devices.modem.resume import PATIENCE_S, settle
from provision.devices.run import Run, outcome, reach
from provision.home.keys import office_key
from provision.home.vault import wireguard_public
from provision.home.workspace import Workspace
from provision.ledger.events import ACCEPTED, CONFIGURED, configuration, record
from provision.ledger.known import Known
from provision.ledger.lease import hold
from provision.local.share import templates

STALE = 22  # the refusal by which a device says that it moved since the plan was made


def apply(workspace: Workspace, intents: list[Intent], run: Run) -> list[Outcome]:
    """Bring every device of `intents` to its intent, or leave it as it was; record each.

    A device's failure is an outcome. Raises only where nothing was begun at all.
    """
    name = run.name = workspace.new_run()
    known = {i.item.asset_tag: workspace.known.get(i.item.asset_tag) for i in intents}
    outcomes = [refusal for i in intents if (refusal := _refuse(workspace, i, known[i.item.asset_tag], run))]
    ready = [i for i in intents if i.item.asset_tag not in {o.device for o in outcomes}]
    with hold(workspace.ledger, [i.item.asset_tag for i in ready], name, now=workspace.clock_s()) as held:
        outcomes += [
            outcome(i, Ending.FAILED, "lease", f"held by {held[i.item.asset_tag]}")
            for i in ready
            if i.item.asset_tag in held
        ]
        ready = [i for i in ready if i.item.asset_tag not in held]
        if ready:
            with Writer(name, workspace.place.ssh_key, workspace.place.host_keys) as writer:
                if not run.plan_only and any(not workspace.known[i.item.asset_tag].accepted for i in ready):
                    writer.begin("apply.yml")  # a first apply always changes something
                outcomes += _work(workspace, writer, name, ready, run)
    order = {i.item.asset_tag: n for n, i in enumerate(intents)}
    return sorted(outcomes, key=lambda o: order[o.device])


def _refuse(workspace: Workspace, intent: Intent, known: Known | None, run: Run) -> Outcome | None:
    """Refuse what may not be applied at all, with the next step."""
    tag = intent.item.asset_tag
    if known is None:
        return outcome(intent, Ending.FAILED, "record", f"not enrolled yet: provision enrol {tag} --address A")
    if not run.replacing and not run.plan_only and (serving := workspace.serving(intent)):
        because = f"{serving} still serves {intent.kit.kecamatan.name}: provision replace {intent.kit.kecamatan.slug}"
        return outcome(intent, Ending.FAILED, "record", because)
    if not run.plan_only and (unfit := _unfit(workspace, known.device)):
        return outcome(intent, Ending.FAILED, "firmware", unfit)
    return None if run.bench or run.plan_only else _afield(workspace, intent, known)


def _afield(workspace: Workspace, intent: Intent, known: Known) -> Outcome | None:
    """Refuse what may not be changed away from the bench."""
    tag = intent.item.asset_tag
    if not known.accepted:
        return outcome(intent, Ending.FAILED, "record", "never provisioned: the first apply is on the bench (--bench)")
    if intent.family.kind is Kind.RADIO:
        return outcome(
            intent,
            Ending.FAILED,
            "record",
            "nothing on it leads back: changed on the bench only, with --bench in its reach",
        )
    if not workspace.way_back_shown(known.device):
        return outcome(
            intent, Ending.FAILED, "record",
            f"the way back was not shown on {known.device.model} {known.device.firmware}: "
            f"provision selftest {tag}, or --bench with the box in reach",
        )  # fmt: skip
    return None


def _unfit(workspace: Workspace, device: Device) -> str:
    """Say why nothing may be written to a firmware, or nothing."""
    found = firmware.judge(workspace.home.firmware, device.family.name, device.model, device.firmware)
    if found.write:
        return ""
    if found.standing == firmware.BAD:
        return f"{device.model} {device.firmware}: {found.because}; update it on the bench, then enrol it again"
    shown = "" if device.box.kind is Kind.RADIO else f"; provision selftest {device.tag} --bench shows its way back"
    return f"{found.because}: it is read only{shown}; list it there once you have tried it on the bench"


def _work(workspace: Workspace, writer: Writer, name: str, intents: list[Intent], run: Run) -> list[Outcome]:
    """Settle what is left of dead runs, look, plan, ask, change."""
    outcomes: list[Outcome] = []
    unfinished = workspace.unfinished()
    left = {t: e for i in intents if (e := unfinished.get(t := i.item.asset_tag))}
    if left and not run.plan_only:
        ended = settle(workspace, writer, left, tell=run.tell, wait_s=PATIENCE_S)
        stuck = [t for t, s in ended.items() if s.ending is Ending.UNCONFIRMED]
        outcomes += [
            outcome(i, Ending.UNCONFIRMED, "settle", ended[i.item.asset_tag].because)
            for i in intents
            if i.item.asset_tag in stuck
        ]
        intents = [i for i in intents if i.item.asset_tag not in stuck]
        workspace.forget_known()
    snapshots = _look(workspace, writer, intents, run)
    jobs, ended_now = _plan(workspace, intents, snapshots, run)
    outcomes += ended_now
    if run.plan_only or not jobs:
        return outcomes
    if not run.approve([j.plan for j in jobs]):
        return outcomes + [
            outcome(j.intent, Ending.FAILED, "approval", "not approved; nothing was changed") for j in jobs
        ]
    for wave in _waves(jobs, run):
        if any(o.ending is not Ending.APPLIED for o in outcomes if o.device in {j.device.tag for j in jobs}):
            outcomes += [outcome(j.intent, Ending.FAILED, "canary", "not begun: the first site failed") for j in wave]
            continue
        outcomes += _change_until_done(workspace, writer, name, wave, run)
    return outcomes


def _waves(jobs: list[Job], run: Run) -> list[list[Job]]:
    """Sites in the field go one first, then the rest; the bench goes all at once."""
    if run.bench or len(jobs) == 1:
        return [jobs]
    return [jobs[:1], jobs[1:]]


def _look(
    workspace: Workspace, writer: Writer, intents: list[Intent], run: Run
) -> dict[str, Snapshot | ProvisionError]:
    """Know what runs: by the marker where that is enough, else by reading all settings."""
    known = {i.item.asset_tag: workspace.known[i.item.asset_tag] for i in intents}
    found: dict[str, Snapshot | ProvisionError] = {}
    published = {t: k for t, k in known.items() if k.device.box.snmp.published}
    seen = poll(workspace, [reach(k.device, run) for k in published.values() if k.accepted])
    for tag, one in published.items():
        look = seen.get(tag)
        guard = str(look.readings.get("guard", "")) if look else "none"
        if not one.accepted and not run.plan_only:
            found[tag] = one.snapshot  # as enrolled; the device refuses where it moved since
        elif look and look.marker and look.marker == one.snapshot.marker and not guard.startswith("armed"):
            found[tag] = replace(one.snapshot, readings=look.readings)
    rest = [reach(known[t].device, run) for t in known if t not in found]
    if rest:
        found |= modem_look.by_ssh(workspace, writer, rest, run.tell)
    return found


def _plan(
    workspace: Workspace, intents: list[Intent], snapshots: Mapping[str, Snapshot | ProvisionError], run: Run
) -> tuple[list[Job], list[Outcome]]:
    jobs: list[Job] = []
    outcomes: list[Outcome] = []
    unchanged: list[tuple[str, str, dict[str, Any]]] = []
    candidates = {t: w.candidate for t, w in run.wanted.items()}
    candidates |= candidates_of(workspace, [i for i in intents if i.item.asset_tag not in candidates])
    for intent in intents:
        tag = intent.item.asset_tag
        snapshot = snapshots[tag]
        if isinstance(snapshot, ProvisionError):
            outcomes.append(outcome(intent, Ending.FAILED, "look", f"{snapshot}"))
            continue
        if (serial := snapshot.readings.get("serial", intent.item.serial)) != intent.item.serial:
            because = f"another box answers: serial {serial}, recorded {intent.item.serial}; look at the box"
            outcomes.append(outcome(intent, Ending.FAILED, "identity", because))
            continue
        family = intent.family
        try:
            made = plan.make(family, snapshot, candidates[tag], workspace.vault.seal_key(), owns=run.owns(tag))
        except ProvisionError as error:
            outcomes.append(outcome(intent, Ending.FAILED, "plan", str(error)))
            continue
        run.plans.append(made)
        if not made.changes:
            outcomes.append(outcome(intent, Ending.UNCHANGED, "plan", "runs as intended"))
            known = workspace.known[tag]
            if not run.plan_only and (not known.accepted or known.snapshot.marker != snapshot.marker):
                unchanged.append((CONFIGURED, tag, configuration(snapshot)))
                unchanged.append((ACCEPTED, tag, record(known.device)))
            continue
        jobs.append(_job(workspace, intent, made, run))
    if unchanged:
        workspace.ledger.extend(unchanged, at=workspace.now())
        workspace.forget_known()
    return jobs, outcomes


def candidates_of(
    workspace: Workspace, intents: list[Intent], sets: Mapping[str, Mapping[str, Secret]] | None = None
) -> dict[str, Candidate]:
    """Render the candidate of each intent with its secrets (or those of `sets`) and the office's keys."""
    sets = workspace.vault.devices([i.item.asset_tag for i in intents]) if sets is None else sets
    keys = office_key(workspace.place.ssh_key)
    candidates = {}
    for intent in intents:
        tag = intent.tag
        access = Access(
            authorized_keys="".join(k + "\n" for k in (keys, *intent.ssh_keys)),
            password_hash=Secret(sets[tag]["password_hash"].reveal() + "\n"),
            secrets=sets[tag],
        )
        known = workspace.known.get(tag)
        firmware = known.device.firmware if known else ""
        texts = templates(intent.family.name)
        candidates[tag] = render.render(intent, access, texts, new_token, firmware)
    return candidates


def new_token() -> str:
    """Return a random text that stands for a secret while templates are filled in."""
    return secrets.token_hex(12)


def _job(workspace: Workspace, intent: Intent, made: Plan, run: Run) -> Job:
    tag = intent.item.asset_tag
    device = workspace.known[tag].device
    after = run.wanted[tag].after if tag in run.wanted else after_of(intent, device, workspace.vault.device(tag))
    return Job(intent=intent, device=device, after=after, plan=made, nonce=secrets.token_hex(replies.NONCE_BYTES))


def after_of(intent: Intent, device: Device, own: Mapping[str, Secret]) -> Device:
    """Give the device as it is reached once it runs its intent with the secrets `own`.

    The addresses of a radio are set by hand, and stay.
    """
    if device.box.kind is Kind.RADIO:
        return device
    return replace(
        device, host=intent.address, bench_host=intent.lan.address, ssh_port=intent.ssh_port,
        snmp_port=intent.snmp_port, tunnel_key=wireguard_public(own["wireguard_private"]),
    )  # fmt: skip


def _change_until_done(workspace: Workspace, writer: Writer, name: str, jobs: list[Job], run: Run) -> list[Outcome]:
    """Change; devices that moved since their plan are read again and planned once more."""
    outcomes = change(workspace, writer, name, jobs, run)
    stale = [j for j in jobs if j.refused == STALE and not workspace.known[j.device.tag].accepted]
    if not stale:
        return outcomes
    looked = modem_look.by_ssh(workspace, writer, [reach(j.device, run) for j in stale], run.tell)
    again, ended = _plan(workspace, [j.intent for j in stale], looked, run)
    return (
        [o for o in outcomes if o.device not in {j.device.tag for j in stale}]
        + ended
        + (change(workspace, writer, name, again, run) if again else [])
    )
