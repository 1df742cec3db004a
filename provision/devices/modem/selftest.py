"""A harmless commit-and-revert drill: shows that the way back works on this model and firmware.

Twice one note in the system section is changed and never confirmed: once the guard's timer must
bring the old configuration back, once a reboot inside the window must. Law 4 asks for the result.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from provision import families
from provision.connectors.ansible import Writer
from provision.connectors.phase import DONE, Step
from provision.core import family
from provision.core.errors import DeviceError, ProvisionError, UsageError
from provision.core.model import Candidate, Change, Device, Plan, Snapshot, Value
from provision.core.settings import FILE
from provision.devices import replies
from provision.devices.modem import look
from provision.devices.run import single
from provision.home.workspace import Office
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


def selftest(office: Office, tag: str, *, bench: bool, tell: Callable[[Step], None] = lambda _: None) -> list[Drill]:
    """Run both drills on one device and record that they passed; raises DeviceError where one did not."""
    known = office.known.get(tag)
    if known is None:
        raise UsageError(f"{tag} is not enrolled", hint=f"provision enrol {tag} --address A")
    if families.load(known.device.driver).carrier == "snmp":
        raise UsageError(
            f"{tag} has no way back of its own to drill", hint="a radio is changed on the bench only: --bench"
        )
    device = replace(known.device, host=known.device.bench_host) if bench or not known.accepted else known.device
    with single(office, tag) as writer:
        run = writer.run
        drills = [
            _drill(office, writer, device, f"{run}a", "timer", tell),
            _drill(office, writer, device, f"{run}b", "boot", tell),
        ]
    office.ledger.append(
        SELFTEST, kind_of(device),
        {"device": tag, "run": run, "drills": {d.name: round(d.seconds, 1) for d in drills}}, at=office.now(),
    )  # fmt: skip
    return drills


def _drill(office: Office, writer: Writer, device: Device, run: str, why: str, tell: Callable[[Step], None]) -> Drill:
    before = _look(office, writer, device, tell)
    started = time.monotonic()
    window_s = TIMER_S if why == "timer" else REBOOT_WINDOW_S
    office.ledger.append(BEGUN, device.tag, _journal(device, before, run, window_s), at=office.now())
    nonce = secrets.token_hex(replies.NONCE_BYTES)
    driver = families.load(device.driver)
    dialect, guard = driver.dialect, look.guard_of(driver)
    document = dialect.change(
        driver, _harmless(driver, before, run), run=run, window_s=window_s, nonce=nonce, guard=guard,
        firmware=device.firmware,
    )  # fmt: skip
    line = dialect.command(driver, guard=guard, nonce=nonce, firmware=device.firmware)
    output = _feed(writer, device, "drill", document, tell, line=line)
    ended, code, said = dialect.read_end(output, nonce)
    if code or not ended:
        if code not in UNARMED:  # a guard may be armed: the run stays open for resume
            raise DeviceError(f"the drill broke off: {said or 'no answer'}", where=device.tag, hint="provision resume")
        office.ledger.append(
            ENDED, device.tag, {"run": run, "ending": "failed", "because": said or "no answer"}, at=office.now()
        )
        raise DeviceError(
            f"the drill did not begin: {said or 'no answer'}", where=device.tag, hint="mend the cause, then try again"
        )
    if why == "boot":
        _feed(writer, device, "reboot", dialect.reboot(), tell)
    after = _wait_for_revert(office, writer, device, run, why, tell)
    if after.marker != before.marker:
        raise DeviceError(
            "the old configuration did not come back whole",
            where=device.tag,
            hint="provision resume; do not deploy this model",
        )
    office.ledger.append(
        ENDED, device.tag, {"run": run, "ending": "reverted", "because": f"drill: {why}"}, at=office.now()
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


def _harmless(driver: family.Driver, before: Snapshot, run: str) -> Plan:
    """Change one note; where the guard is a file on the device, it is brought along."""
    wanted: dict[str, Value] = {FILE + p: "new" for p, file in driver.files.items() if file.source == driver.guard}
    wanted[driver.note] = f"drill {run}"
    changes = tuple(Change(path=p, running=before.settings.get(p), intended=v) for p, v in wanted.items())
    return Plan(
        device=before.device, marker=before.marker, locators=before.locators, changes=changes,
        candidate=Candidate(settings=wanted),
    )  # fmt: skip


def _look(office: Office, writer: Writer, device: Device, tell: Callable[[Step], None]) -> Snapshot:
    found = look.by_ssh(office, writer, [device], tell)[device.tag]
    if isinstance(found, ProvisionError):
        raise found
    return found


def _feed(
    writer: Writer, device: Device, name: str, document: bytes, tell: Callable[[Step], None], line: bytes = b""
) -> bytes:
    put = {
        "look_put": families.load(device.driver).dialect.PUT,
        "look_line": str(writer.put(f"{device.tag}.line", line)),
    }
    hosts = (
        writer.host(device)
        | (put if line else {})
        | {
            "feed_command": families.load(device.driver).feed,
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
    office: Office, writer: Writer, device: Device, run: str, why: str, tell: Callable[[Step], None]
) -> Snapshot:
    """Look until the guard says that it reverted this run for this reason."""
    deadline = time.monotonic() + (TIMER_S + REVERT_S if why == "timer" else REBOOT_S)
    said = "no answer"
    while time.monotonic() < deadline:
        time.sleep(PAUSE_S)
        found = look.by_ssh(office, writer, [device], tell)[device.tag]
        if isinstance(found, ProvisionError):
            said = str(found)
            continue
        said = str(found.readings.get("guard", ""))
        if said == f"reverted {run} {why}" or (why == "timer" and said == f"reverted {run} tick"):
            return found
    raise DeviceError(
        f"the way back was not shown: {said}", where=device.tag, hint="provision resume; do not deploy this model"
    )
