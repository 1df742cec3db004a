"""One Ansible process that changes the modems or radios of a wave, followed event by event."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from provision.connectors.ansible import Variables
from provision.connectors.phase import DONE, FAILED, UNREACHABLE, Step
from provision.core import identity, plan, read_back
from provision.core.device import Device, Intent
from provision.core.errors import LeaseError, ProvisionError
from provision.core.family import DocumentRequest
from provision.core.model import ApplyStep, Ending, Outcome, Plan, Snapshot
from provision.core.read_back import ReadBack
from provision.devices import journal
from provision.devices.carrier import Carrier
from provision.devices.journal import Conclusion
from provision.devices.modem import login, resume
from provision.devices.modem.look import guard_of
from provision.devices.replies import BACKUP_PASSWORD_BYTES, NEVER_SENT, NONCE_BYTES, unreachable
from provision.devices.run import STEP_OF_TASK, Changed, Job, RunEnd, Session, outcome
from provision.home import peers
from provision.ledger.events import Begun
from provision.ledger.records import DeviceRecord

SLACK_S = 90.0  # for Ansible to start and for slow logins, beside the window
TAKEN = "this run gave no sign of life for too long, and another one has ended it: provision history"
STALE = 22  # the refusal by which a device says that it moved since the plan was made
UNARMED = (21, 22, 23, 24, 27)  # refusals before the guard is armed


@dataclass(slots=True, kw_only=True)
class Progress:
    """What is known so far of one device's change."""

    intent: Intent
    device: Device
    after: Device
    plan: Plan
    window_s: int
    nonce: str = field(default_factory=lambda: secrets.token_hex(NONCE_BYTES))
    read_back: Snapshot | None = None
    refused: int = 0
    because: str = ""
    step: ApplyStep = ApplyStep.CHANGE
    finished: bool = False
    never_sent: bool = False

    @property
    def tag(self) -> str:
        """The asset tag."""
        return self.device.tag


def change(session: Session, carrier: Carrier, jobs: Sequence[Job]) -> Changed:
    """Change the devices of `jobs` in one Ansible process: change, read back, finish; return how each ended.

    Begin and end are recorded. What did not end by itself is settled, so that no device is left half or forgotten. Each
    device that finished has let this run in (anew, if its way in changed): its answer is `login.PROVED`.
    Stale are the devices that refused because their configuration changed after the plan was made, if they have no
    accepted one.
    """
    changes = {job.tag: _progress(session, carrier, job) for job in jobs}
    hosts = {tag: _host(session, carrier, one) for tag, one in changes.items()}
    journal.begin(session.held, [(tag, _begun(session, one)) for tag, one in changes.items()])

    def on_step(step: Step) -> None:
        _follow(session, changes[step.device], step)
        session.callbacks.on_step(step)

    longest = max(one.window_s for one in changes.values())
    session.writer.phase("apply.yml", hosts, on_step, deadline_s=longest + SLACK_S)
    outcomes = _end(session, carrier, list(changes.values()))
    known = session.workspace.known  # after the end: a device that runs the change after all is accepted there
    stale = tuple(t for t, one in changes.items() if one.refused == STALE and not known[t].accepted)
    return Changed(
        outcomes=outcomes, stale=stale, answers={t: login.PROVED for t, one in changes.items() if one.finished}
    )


def _progress(session: Session, carrier: Carrier, job: Job) -> Progress:
    workspace, override = session.workspace, session.request.overrides.get(job.tag)
    assert isinstance(job.intended, Intent)
    device = workspace.known[job.tag].device
    after = override.after if override else carrier.after(job.intended, device, workspace.vault.device(job.tag))
    window_s = session.request.window_s or job.intended.window_s
    return Progress(intent=job.intended, device=device, after=after, plan=job.plan, window_s=window_s)


def _begun(session: Session, progress: Progress) -> Begun:
    request = session.request
    return Begun(
        run=session.run,
        marker=progress.plan.marker,
        bench=request.bench,
        window_s=progress.window_s,
        before=DeviceRecord.of(progress.device),
        after=DeviceRecord.of(progress.after),
        settings=progress.plan.intended,
        owns=request.owns(progress.tag),
        rotation=request.rotates(progress.tag),
    )


def _host(session: Session, carrier: Carrier, progress: Progress) -> Variables:
    writer, family, tag = session.writer, progress.device.box, progress.tag
    dialect = family.configuration.dialect
    request = DocumentRequest(
        nonce=progress.nonce,
        run=session.run,
        window_s=progress.window_s,
        guard=guard_of(family),
        firmware=progress.device.firmware.raw,
        backup_password=secrets.token_hex(BACKUP_PASSWORD_BYTES),
    )
    line = dialect.command(family, request)
    fresh_login, settle_s = plan.proof(family, progress.plan)
    after = session.reach(progress.after)
    return carrier.host(session.workspace, writer, session.reach(progress.device)) | {
        "change_document": str(writer.put(f"{tag}.change", dialect.change(family, progress.plan, request))),
        "change_put": dialect.PUT,
        "change_line": str(writer.put(f"{tag}.line", line)) if line else "",
        "change_output": str(writer.path / f"{tag}.changed"),
        "finish_document": str(writer.path / f"{tag}.finish"),
        "finish_output": str(writer.path / f"{tag}.finished"),
        "finish_wait_s": progress.window_s,
        "finish_retry_s": progress.window_s / 2,
        "finish_host": after.host,
        "finish_port": after.ssh_port,
        "finish_pause_s": 0.0 if session.request.bench else settle_s,  # on the bench the box is within reach
        "finish_control_path": writer.control_path("p" if fresh_login else ""),
    }


def _follow(session: Session, progress: Progress, step: Step) -> None:
    """Take one step of Ansible into `progress`.

    When `Change` ends, the read-back is judged, and the finish is called off if the read-back is not right. When
    `Finish` ends, whether the change is finished, or why not, is noted.
    """
    progress.step = STEP_OF_TASK.get(step.task, progress.step)
    if step.task == "Change" and step.state in {DONE, UNREACHABLE, FAILED}:
        because = _judge_read_back(session, progress, step)
        if because:
            progress.because = because
            (session.writer.path / f"{progress.tag}.finish.stop").touch()
    elif step.task == "Finish" and step.state == DONE:
        output = session.writer.take(f"{progress.tag}.finished") or b""
        ended, code, progress.because = progress.device.box.configuration.dialect.read_end(output, progress.nonce)
        progress.finished = ended and code == 0
    elif step.task == "Finish" and step.state in {UNREACHABLE, FAILED}:
        progress.because = str(unreachable(progress.after, step))


def _judge_read_back(session: Session, progress: Progress, step: Step) -> str:
    """Judge what the device runs now; write the document that finishes and return an empty text, or return why not.

    If the tunnel's key changes, the hub's list of peers is written, too.
    """
    family, tag = progress.device.box, progress.tag
    dialect = family.configuration.dialect
    output = session.writer.take(f"{tag}.changed")
    if step.state != DONE or output is None:
        progress.never_sent = any(sign in step.because for sign in NEVER_SENT)
        return str(unreachable(progress.device, step))
    try:
        seen, code = dialect.read_look(family, output, progress.nonce, tag, session.workspace.now())
    except ProvisionError as error:
        _, progress.refused, said = dialect.read_end(output, progress.nonce)
        return said or family.commit.refusals.get(progress.refused, str(error))
    intended = progress.plan.intended
    whole = read_back.sealed(family, seen, session.workspace.vault.seal_key(), intended)
    if why := identity.another(progress.intent.item, whole.readings):
        return why
    back = read_back.judge(family, whole, intended, session.request.owns(tag))
    if code or back.wrong:
        return "what was read back is not what was sent: " + ", ".join(c.path for c in back.wrong[:3])
    try:
        session.held.require_still([tag])
    except LeaseError as error:  # it slept meanwhile: whoever holds the device now ends this run
        return str(error)
    progress.read_back = back.snapshot
    if progress.after.tunnel_key != progress.device.tunnel_key:  # the hub lets the new key in, too
        peers.write(session.workspace, {} if session.request.bench else {tag: progress.after.tunnel_key})
    _write_finish(session, progress, back)
    return ""


def _write_finish(session: Session, progress: Progress, back: ReadBack) -> None:
    family, configuration = progress.device.box, progress.device.box.configuration
    locators = back.snapshot.locators
    edits = configuration.grammar.edits(back.closing, locators, configuration.shape) if back.closing else ""
    request = DocumentRequest(
        nonce=progress.nonce, run=session.run, marker=back.snapshot.marker, closing=edits, guard=guard_of(family)
    )
    session.writer.put(f"{progress.tag}.finish", configuration.dialect.finish(family, request))


def _end(session: Session, carrier: Carrier, changes: list[Progress]) -> dict[str, Outcome]:
    """Record changes that were finished and read back, or never sent; settle the others; return outcomes by tag."""
    outcomes: dict[str, Outcome] = {}
    conclusions = []
    for one in changes:
        rotates = session.request.rotates(one.tag)
        if one.finished and one.read_back:
            because = f"{len(one.plan.changes)} settings"
            outcomes[one.tag] = outcome(one.intent, Ending.APPLIED, ApplyStep.FINISH, because)
            device = journal.read_identity(one.after, one.read_back)
            accepted, rotated = (device, one.read_back), True if rotates else None
        elif one.never_sent:
            because, accepted, rotated = one.because, None, False
            outcomes[one.tag] = outcome(one.intent, Ending.FAILED, ApplyStep.CONNECT, because)
        else:
            continue
        ending = str(outcomes[one.tag].ending)
        conclusions.append(
            Conclusion(tag=one.tag, run=session.run, ending=ending, because=because, accepted=accepted, rotated=rotated)
        )
    journal.conclude(session.held, carrier.kind, conclusions)
    open_changes = {one.tag: one for one in changes if one.tag not in outcomes}
    return outcomes | _settle(session, carrier, open_changes)


def _settle(session: Session, carrier: Carrier, changes: dict[str, Progress]) -> dict[str, Outcome]:
    if not changes:
        return {}
    begun = {t: e for t, e in journal.unfinished(session.workspace, carrier.kind).items() if t in changes}
    wait_s = max(0.0 if c.refused in UNARMED else carrier.patience_s(c.window_s) for c in changes.values())
    why = {t: one.because for t, one in changes.items()}
    ended = resume.settle(session, carrier, begun, wait_s=wait_s, why=why)
    session.workspace.forget_known()
    taken = {tag: RunEnd(ending=Ending.UNCONFIRMED, because=TAKEN) for tag in changes if tag not in ended}
    return {tag: _settled(changes[tag], end) for tag, end in (ended | taken).items()}


def _settled(progress: Progress, end: RunEnd) -> Outcome:
    because = progress.because or end.because
    if end.ending is Ending.REVERTED and progress.refused:
        return outcome(progress.intent, Ending.FAILED, progress.step, because)
    if end.ending is Ending.APPLIED:
        return outcome(progress.intent, end.ending, progress.step, end.because)
    if end.because and end.because not in because:
        because = f"{because}; {end.because}"
    return outcome(progress.intent, end.ending, progress.step, because)
