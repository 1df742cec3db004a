"""One Ansible process that changes the devices of a wave, followed event by event."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from provision.connectors.ansible import Writer
from provision.connectors.phase import DONE, FAILED, UNREACHABLE, Step
from provision.core import plan, settings
from provision.core.device import Device, Intent
from provision.core.errors import ProvisionError
from provision.core.family import DocumentRequest
from provision.core.model import Ending, Kind, Outcome, Plan, Snapshot
from provision.core.settings import diff
from provision.devices import replies
from provision.devices.modem import look
from provision.devices.modem.resume import GRACE_S, PATIENCE_S, Settled, settle
from provision.devices.replies import BACKUP_PASSWORD_BYTES, NEVER_SENT
from provision.devices.run import Run, outcome, reach
from provision.home import peers
from provision.home.workspace import Workspace
from provision.ledger.events import ACCEPTED, BEGUN, CONFIGURED, ENDED, ROTATED, configuration, pack, record

SLACK_S = 90.0  # for Ansible to start and for slow logins, beside the window


@dataclass(slots=True, kw_only=True)
class Job:
    """One device's way through one run."""

    intent: Intent
    device: Device
    after: Device
    plan: Plan
    nonce: str
    read_back: Snapshot | None = None
    refused: int = 0
    because: str = ""
    step: str = "change"
    finished: bool = False
    never_sent: bool = False


def change(workspace: Workspace, writer: Writer, name: str, jobs: list[Job], run: Run) -> list[Outcome]:
    """One Ansible process: change, read back, finish. Then settle what did not end by itself."""
    at = workspace.now()
    key = workspace.vault.seal_key()
    hosts = {j.device.tag: _host(workspace, writer, name, j, run) for j in jobs}
    workspace.ledger.extend(
        [
            (BEGUN, j.device.tag, {
                "run": name, "marker": j.plan.marker, "bench": run.bench, "window_s": _window(j, run),
                "before": record(j.device),
                "after": record(j.after), "settings": pack(settings.seal(j.plan.candidate.settings, key)),
                "owns": run.owns(j.device.tag), "rotation": run.rotates(j.device.tag),
            })
            for j in jobs
        ],
        at=at,
    )  # fmt: skip
    by_tag = {j.device.tag: j for j in jobs}

    def told(step: Step) -> None:
        _follow(workspace, writer, run, by_tag[step.device], step)
        run.tell(step)

    longest = max(_window(j, run) for j in jobs)
    writer.phase("apply.yml", hosts, told, deadline_s=longest + SLACK_S)
    return _end(workspace, writer, name, jobs, run)


def _window(job: Job, run: Run) -> int:
    return run.window_s or job.intent.window_s


def _host(workspace: Workspace, writer: Writer, name: str, job: Job, run: Run) -> dict[str, Any]:
    family, tag = job.device.box, job.device.tag
    dialect = family.configuration.dialect
    request = DocumentRequest(
        nonce=job.nonce,
        run=name,
        window_s=_window(job, run),
        guard=look.guard_of(family),
        firmware=job.device.firmware,
        backup_password=secrets.token_hex(BACKUP_PASSWORD_BYTES),
    )
    document = dialect.change(family, job.plan, request)
    line = dialect.command(family, request)
    fresh_login, settle_s = plan.proof(family, job.plan)
    after = reach(job.after, run)
    return look.host(workspace, writer, reach(job.device, run)) | {
        "change_document": str(writer.put(f"{tag}.change", document)),
        "change_put": dialect.PUT, "change_line": str(writer.put(f"{tag}.line", line)) if line else "",
        "change_output": str(writer.path / f"{tag}.changed"),
        "finish_document": str(writer.path / f"{tag}.finish"),
        "finish_output": str(writer.path / f"{tag}.finished"),
        "finish_wait_s": _window(job, run), "finish_retry_s": _window(job, run) / 2, "finish_host": after.host, "finish_port": after.ssh_port,
        "finish_pause_s": 0.0 if run.bench else settle_s,  # on the bench the box is within reach
        "finish_control_path": writer.control_path("p" if fresh_login else ""),
    }  # fmt: skip


def _follow(workspace: Workspace, writer: Writer, run: Run, job: Job, step: Step) -> None:
    """Hear one event of the phase: judge the read-back, let the finish go or call it off."""
    job.step = step.task.lower() or job.step
    if step.task == "Change" and step.state in {DONE, UNREACHABLE, FAILED}:
        _judge_read_back(workspace, writer, run, job, step)
    elif step.task == "Finish" and step.state == DONE:
        dialect = job.device.box.configuration.dialect
        ended, code, said = dialect.read_end(writer.take(f"{job.device.tag}.finished") or b"", job.nonce)
        job.finished = ended and code == 0
        job.because = said
    elif step.task == "Finish" and step.state in {UNREACHABLE, FAILED}:
        job.because = str(replies.unreachable(job.after, step))


def _judge_read_back(workspace: Workspace, writer: Writer, run: Run, job: Job, step: Step) -> None:
    family = job.device.box
    dialect, tag = family.configuration.dialect, job.device.tag
    stop = writer.path / f"{tag}.finish.stop"
    output = writer.take(f"{tag}.changed")
    if step.state != DONE or output is None:
        job.because = str(replies.unreachable(job.device, step))
        job.never_sent = any(sign in step.because for sign in NEVER_SENT)
        stop.touch()
        return
    try:
        seen, code = dialect.read_look(family, output, job.nonce, tag, workspace.now())
    except ProvisionError as error:
        _, job.refused, said = dialect.read_end(output, job.nonce)
        job.because = said or family.commit.refusals.get(job.refused, str(error))
        stop.touch()
        return
    intended = settings.seal(job.plan.candidate.settings, workspace.vault.seal_key())
    seen = look.sealed(workspace, job.device, seen, intended)
    closing = plan.closing(family, seen, intended)
    locators = seen.locators
    if closing:
        seen = plan.without(seen, closing)
        seen = replace(seen, marker=settings.marker(plan.visible(family, seen.settings)))
    owns = family.configuration.owns if (own := run.owns(tag)) is None else own
    wrong = diff(seen.settings, intended, owns=owns, volatile=family.configuration.volatile)
    if str(seen.readings.get("serial", "")) != job.intent.item.serial:
        job.because = f"another box answers: serial {seen.readings.get('serial') or 'not said'}, recorded {job.intent.item.serial}"
        stop.touch()
        return
    if code or wrong:
        job.because = "what was read back is not what was sent: " + ", ".join(c.path for c in wrong[:3])
        stop.touch()
        return
    job.read_back = seen
    if job.after.tunnel_key != job.device.tunnel_key:
        peers.write(workspace, pending=[tag] if run.rotates(tag) else [])  # the hub lets the new key in, too
    edits = family.configuration.grammar.edits(closing, locators, family.configuration.shape) if closing else ""
    request = DocumentRequest(
        nonce=job.nonce, run=run.name, marker=seen.marker, closing=edits, guard=look.guard_of(family)
    )
    finish = dialect.finish(family, request)
    writer.put(f"{tag}.finish", finish)


def _end(workspace: Workspace, writer: Writer, name: str, jobs: list[Job], run: Run) -> list[Outcome]:
    """Record what ended; settle the rest, so that no device is left half or forgotten."""
    outcomes: dict[str, Outcome] = {}
    lines: list[tuple[str, str, Mapping[str, Any]]] = []
    for job in jobs:
        if not (job.finished and job.read_back):
            continue
        tag, seen = job.device.tag, job.read_back
        outcomes[tag] = outcome(job.intent, Ending.APPLIED, "finish", f"{len(job.plan.changes)} settings")
        after = replace(
            job.after, firmware=str(seen.readings.get("firmware", "")), model=str(seen.readings.get("model", ""))
        )
        if run.rotates(tag):
            workspace.vault.promote(tag)
            lines.append((ROTATED, tag, {"run": name}))
        lines.append((CONFIGURED, tag, configuration(seen)))
        lines.append((ACCEPTED, tag, record(after)))
        lines.append((ENDED, tag, {"run": name, "ending": "applied", "because": outcomes[tag].because}))
    for job in jobs:
        if job.never_sent:
            outcomes[job.device.tag] = outcome(job.intent, Ending.FAILED, "connect", job.because)
            workspace.vault.discard(job.device.tag)
            lines.append((ENDED, job.device.tag, {"run": name, "ending": "failed", "because": job.because}))
    if lines:
        workspace.ledger.extend(lines, at=workspace.now())
    open_jobs = {j.device.tag: j for j in jobs if j.device.tag not in outcomes}
    if open_jobs:
        begun = {t: e for t, e in workspace.unfinished().items() if t in open_jobs}
        wait_s = {t: _patience_s(j, run) for t, j in open_jobs.items()}
        ended = settle(
            workspace,
            writer,
            begun,
            tell=run.tell,
            wait_s=max(wait_s.values()),
            why={t: j.because for t, j in open_jobs.items()},
        )
        outcomes |= {t: _settled(open_jobs[t], s) for t, s in ended.items()}
    workspace.forget_known()
    return list(outcomes.values())


def _patience_s(job: Job, run: Run) -> float:
    """Give how long a device may be silent: until its own guard has acted, where it has one."""
    if job.refused in range(21, 25):
        return 0.0
    return PATIENCE_S if job.device.box.kind is Kind.RADIO else _window(job, run) + GRACE_S


def _settled(job: Job, settled: Settled) -> Outcome:
    because = job.because or settled.because
    if settled.ending is Ending.REVERTED and job.refused:
        return outcome(job.intent, Ending.FAILED, job.step, because)
    if settled.ending is not Ending.APPLIED and settled.because and settled.because not in because:
        because = f"{because}; {settled.because}"
    return outcome(
        job.intent, settled.ending, job.step, because if settled.ending is not Ending.APPLIED else settled.because
    )
