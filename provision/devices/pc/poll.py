"""PCs against what was accepted, by plain OpenSSH: no Ansible is loaded for a look."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass

from provision.connectors.openssh import Question, Reply
from provision.core import identity
from provision.core.device import Computer
from provision.core.errors import ProvisionError
from provision.core.model import Watched
from provision.core.settings import diff
from provision.devices import replies
from provision.devices.pc import look
from provision.families.languages import pc_task
from provision.home.keys import office_key
from provision.home.workspace import Workspace

OK, DRIFT, UNREACHABLE, UNKNOWN = "ok", "drift", "unreachable", "unknown"
DEADLINE_S = 60.0
REFUSALS = ("Permission denied", "Host key verification failed", "HOST IDENTIFICATION HAS CHANGED")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One PC that was asked and has not been heard yet."""

    computer: Computer
    nonce: str
    question: Question


def ask(workspace: Workspace, computers: list[Computer], *, bench: bool) -> list[Asked]:
    """Ask every PC at once, and do not wait."""
    key = office_key(workspace.place.ssh_key)
    asked = []
    for one in computers:
        visit = look.visit(workspace, one, bench=bench)
        nonce = secrets.token_hex(replies.NONCE_BYTES)
        kind = one.family
        task = pc_task.Task(
            verb="look", settings=visit.accepted, key=key, nonce=nonce, serial=visit.serial, collect=False
        )
        text = pc_task.write(look.sources(one.family.name), task, kind.language)
        command = look.feed(visit.device, kind.feed)
        question = Question(
            visit.device,
            command,
            pc_task.packed(text, kind.language),
            workspace.place.ssh_key,
            workspace.place.host_keys,
        )
        asked.append(Asked(computer=one, nonce=nonce, question=question))
    for each in asked:
        each.question.send()
    return asked


def hear(workspace: Workspace, asked: list[Asked], last_seen: dict[str, str]) -> dict[str, Watched]:
    """Give the state of each PC that was asked; `last_seen` says when a silent one last answered."""
    deadline = time.monotonic() + DEADLINE_S
    found = {}
    try:
        for one in asked:
            tag = one.computer.item.asset_tag
            found[tag] = _judge(workspace, one, one.question.answer(deadline), last_seen[tag])
    finally:
        for one in asked[len(found) :]:
            one.question.end()
    return found


def _judge(workspace: Workspace, one: Asked, reply: Reply, last_seen: str) -> Watched:
    tag = one.computer.item.asset_tag
    if reply.code in {-1, 255}:
        refused = any(sign in reply.said for sign in REFUSALS)
        because = reply.said.splitlines()[-1][:160] if reply.said else "no answer"
        return Watched(device=tag, state=UNKNOWN if refused else UNREACHABLE, seen_at=last_seen, because=because)
    now = workspace.now()
    try:
        snapshot = pc_task.read(reply.output, nonce=one.nonce, device=tag, at=now).snapshot
    except ProvisionError as error:
        said = reply.said.splitlines()[-1][:160] if reply.said else ""
        return Watched(device=tag, state=UNKNOWN, seen_at=now, because=f"{error.what}{': ' + said if said else ''}")
    serial = str(snapshot.readings.get("serial", ""))
    if serial != one.computer.item.serial and serial.lower() not in identity.FILLERS:
        because = f"another PC answers: serial {serial}, recorded {one.computer.item.serial}"
        return Watched(device=tag, state=UNKNOWN, seen_at=now, because=because)
    changes = diff(snapshot.settings, workspace.known[tag].snapshot.settings, owns=("*",))
    state, because = (DRIFT, "differs from what was accepted") if changes else (OK, "runs as accepted")
    return Watched(device=tag, state=state, seen_at=now, because=because, changes=changes)
