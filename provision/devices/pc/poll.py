"""PCs against what was accepted, by plain OpenSSH: no Ansible is loaded for a look."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from provision.connectors.openssh import Question, Reply
from provision.core import identity
from provision.core.device import Computer
from provision.core.errors import ProvisionError
from provision.core.model import Event, Standing, Watched
from provision.core.settings import diff
from provision.devices.pc import plugged
from provision.devices.pc.look import feed, sources, visit
from provision.devices.replies import NONCE_BYTES, last_line
from provision.families.languages import pc_task
from provision.home.keys import office_key
from provision.home.workspace import Workspace

DEADLINE_S = 60.0
REFUSALS = ("Permission denied", "Host key verification failed", "HOST IDENTIFICATION HAS CHANGED")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """One PC that was asked and whose answer was not read yet."""

    computer: Computer
    nonce: str
    question: Question


def ask(workspace: Workspace, computers: Sequence[Computer], *, bench: bool) -> list[Pending]:
    """Send every PC its question, all together, and return the pending answers without waiting for them."""
    key = office_key(workspace.place.ssh_key)
    pending = []
    for one in computers:
        visited = visit(workspace, one, bench=bench)
        nonce = secrets.token_hex(NONCE_BYTES)
        task = pc_task.Task(
            verb="look", settings=visited.accepted, key=key, nonce=nonce, serial=visited.serial, collect=False
        )
        text = pc_task.write(sources(one.family), task, one.family.language)
        document = pc_task.packed(text, one.family.language)
        command = feed(visited.device, one.family.feed)
        question = workspace.network.question(
            visited.device, command, document, workspace.place.ssh_key, workspace.place.host_keys
        )
        pending.append(Pending(computer=one, nonce=nonce, question=question))
    for each in pending:
        each.question.send()
    return pending


def collect(workspace: Workspace, pending: list[Pending]) -> dict[str, Watched]:
    """Wait for the answers, at most 60 s for all, and return the state of each PC that was asked, by asset tag.

    A PC that did not answer is shown with the time of its last answer. Questions that are left after an error are
    ended.
    """
    answers = workspace.last_answers()
    deadline = workspace.clock.monotonic() + DEADLINE_S
    watched: dict[str, Watched] = {}
    try:
        for one in pending:
            tag = one.computer.tag
            watched[tag] = _judge(workspace, one, one.question.answer(deadline), answers[tag])
    finally:
        for one in pending[len(watched) :]:
            one.question.end()
    return watched


def _judge(workspace: Workspace, pending: Pending, reply: Reply, last_seen: str) -> Watched:
    tag = pending.computer.tag
    if reply.code in {-1, 255}:
        state = Standing.UNKNOWN if any(sign in reply.said for sign in REFUSALS) else Standing.UNREACHABLE
        return Watched(device=tag, state=state, seen_at=last_seen, because=last_line(reply.said) or "no answer")
    now = workspace.now()
    try:
        snapshot = pc_task.read(reply.output, nonce=pending.nonce, device=tag, at=now).snapshot
    except ProvisionError as error:
        said = last_line(reply.said)
        return Watched(
            device=tag, state=Standing.UNKNOWN, seen_at=now, because=f"{error.what}{': ' + said if said else ''}"
        )
    if why := identity.another(pending.computer.item, snapshot.readings):
        return Watched(device=tag, state=Standing.UNKNOWN, seen_at=now, because=why)
    changes = diff(snapshot.settings, workspace.known[tag].snapshot.settings, owns=("*",))

    def history(tag: str) -> list[Event]:  # it opens the ledger: only where the newest events prove nothing
        return workspace.ledger.history(tag)

    limit = workspace.home.look_limit_days
    drifted = (Standing.DRIFT, "differs from what was accepted")
    state, because = drifted if changes else plugged.standing(workspace.latest, history, tag, now, limit)
    return Watched(device=tag, state=state, seen_at=now, because=because, changes=changes)
