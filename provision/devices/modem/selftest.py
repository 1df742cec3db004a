"""A harmless commit-and-revert drill: shows that the way back works on this model and firmware.

Twice one note in the system section is changed and never confirmed: once the guard's timer must
bring the old configuration back, once a reboot inside the window must. Law 4 asks for the result.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from provision.connectors.ansible import Writer
from provision.connectors.phase import DONE, Step
from provision.core import family
from provision.core.device import Device
from provision.core.errors import DeviceError, ProvisionError, UsageError
from provision.core.family import DocumentRequest
from provision.core.model import Candidate, Change, Kind, Plan, Snapshot, Value
from provision.core.settings import FILE
from provision.devices import replies
from provision.devices.modem import look
from provision.devices.run import single
from provision.home.workspace import Workspace
from provision.ledger.events import BEGUN, ENDED, SELFTEST, kind_of, record

UNARMED = range(21, 25)  # refusals before the guard is armed
TIMER_S = 15
REBOOT_WINDOW_S = 600
REBOOT_S = 240.0  # the longest that a boot may take
REVERT_S = 45.0
PAUSE_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """One of the two drills, and how long the way back took."""

    name: str
    seconds: float


def selftest(
    workspace: Workspace, tag: str, *, bench: bool, tell: Callable[[Step], None] = lambda _: None
) -> list[Drill]:
    """Run both drills on one device and record that they passed; raises DeviceError where one did not."""
    known = workspace.known.get(tag)
    if known is None:
        raise UsageError(f"{tag} is not enrolled", hint=f"provision enrol {tag} --address A")
    if known.device.box.kind is Kind.RADIO:
        raise UsageError(
            f"{tag} has no way back of its own to drill", hint="a radio is changed on the bench only: --bench"
        )
    device = replace(known.device, host=known.device.bench_host) if bench or not known.accepted else known.device
    with single(workspace, tag) as writer:
        run = writer.run
        drills = [
            _drill(workspace, writer, device, f"{run}a", "timer", tell),
            _drill(workspace, writer, device, f"{run}b", "boot", tell),
        ]
    workspace.ledger.append(
        SELFTEST, kind_of(device),
        {"device": tag, "run": run, "drills": {d.name: round(d.seconds, 1) for d in drills}}, at=workspace.now(),
    )  # fmt: skip
    return drills


def _drill(
    workspace: Workspace, writer: Writer, device: Device, run: str, why: str, tell: Callable[[Step], None]
) -> Drill:
    before = _look(workspace, writer, device, tell)
    started = time.monotonic()
    window_s = TIMER_S if why == "timer" else REBOOT_WINDOW_S
    workspace.ledger.append(BEGUN, device.tag, _journal(device, before, run, window_s), at=workspace.now())
    nonce, family = secrets.token_hex(replies.NONCE_BYTES), device.box
    dialect = family.configuration.dialect
    request = DocumentRequest(
        nonce=nonce,
        run=run,
        window_s=window_s,
        guard=look.guard_of(family),
        firmware=device.firmware,
        backup_password=secrets.token_hex(replies.BACKUP_PASSWORD_BYTES),
    )
    document = dialect.change(family, _harmless(family, before, run), request)
    line = dialect.command(family, request)
    output = _feed(writer, device, "drill", document, tell, line=line)
    ended, code, said = dialect.read_end(output, nonce)
    if code or not ended:
        if code not in UNARMED:  # a guard may be armed: the run stays open for resume
            raise DeviceError(f"the drill broke off: {said or 'no answer'}", where=device.tag, hint="provision resume")
        workspace.ledger.append(
            ENDED, device.tag, {"run": run, "ending": "failed", "because": said or "no answer"}, at=workspace.now()
        )
        raise DeviceError(
            f"the drill did not begin: {said or 'no answer'}", where=device.tag, hint="mend the cause, then try again"
        )
    if why == "boot":
        _feed(writer, device, "reboot", dialect.reboot(), tell)
    after = _wait_for_revert(workspace, writer, device, run, why, tell)
    if after.marker != before.marker:
        raise DeviceError(
            "the old configuration did not come back whole",
            where=device.tag,
            hint="provision resume; do not deploy this model",
        )
    workspace.ledger.append(
        ENDED, device.tag, {"run": run, "ending": "reverted", "because": f"drill: {why}"}, at=workspace.now()
    )
    return Drill(name=why, seconds=time.monotonic() - started)


def _journal(device: Device, before: Snapshot, run: str, window_s: int) -> dict[str, object]:
    body = record(device)
    return {
        "run": run,
        "marker": before.marker,
        "bench": False,
        "window_s": window_s,
        "drill": True,
        "before": body,
        "after": body,
        "settings": {},
    }


def _harmless(family: family.Family, before: Snapshot, run: str) -> Plan:
    """Change one note; where the guard is a file on the device, it is brought along."""
    wanted: dict[str, Value] = {
        FILE + p: "new" for p, file in family.configuration.files.items() if file.source == family.commit.guard
    }
    wanted[family.configuration.note] = f"drill {run}"
    changes = tuple(Change(path=p, running=before.settings.get(p), intended=v) for p, v in wanted.items())
    return Plan(
        device=before.device, marker=before.marker, locators=before.locators, changes=changes,
        candidate=Candidate(settings=wanted),
    )  # fmt: skip


def _look(workspace: Workspace, writer: Writer, device: Device, tell: Callable[[Step], None]) -> Snapshot:
    found = look.by_ssh(workspace, writer, [device], tell)[device.tag]
    if isinstance(found, ProvisionError):
        raise found
    return found


def _feed(
    writer: Writer, device: Device, name: str, document: bytes, tell: Callable[[Step], None], line: bytes = b""
) -> bytes:
    put = {
        "look_put": device.box.configuration.dialect.PUT,
        "look_line": str(writer.put(f"{device.tag}.line", line)),
    }
    hosts = (
        writer.host(device)
        | (put if line else {})
        | {
            "feed_command": device.box.door.feed,
            "look_document": str(writer.put(f"{device.tag}.{name}", document)),
            "look_output": str(writer.path / f"{device.tag}.{name}.out"),
        }
    )
    ended: list[Step] = []

    def told(step: Step) -> None:
        ended.append(step)
        tell(step)

    writer.phase("gather.yml", {device.tag: hosts}, told, deadline_s=replies.LOOK_DEADLINE_S)
    if not any(s.state == DONE for s in ended) and name != "reboot":
        raise replies.unreachable(device, ended[-1] if ended else None)
    return writer.take(f"{device.tag}.{name}.out") or b""


def _wait_for_revert(
    workspace: Workspace, writer: Writer, device: Device, run: str, why: str, tell: Callable[[Step], None]
) -> Snapshot:
    """Look until the guard says that it reverted this run for this reason."""
    deadline = time.monotonic() + (TIMER_S + REVERT_S if why == "timer" else REBOOT_S)
    said = "no answer"
    while time.monotonic() < deadline:
        time.sleep(PAUSE_S)
        found = look.by_ssh(workspace, writer, [device], tell)[device.tag]
        if isinstance(found, ProvisionError):
            said = str(found)
            continue
        said = str(found.readings.get("guard", ""))
        if said == f"reverted {run} {why}" or (why == "timer" and said == f"reverted {run} tick"):
            return found
    raise DeviceError(
        f"the way back was not shown: {said}", where=device.tag, hint="provision resume; do not deploy this model"
    )
