"""A harmless commit-and-revert drill: shows that the way back works on this model and firmware.

Twice one note in the system section is changed and never confirmed: once the guard's timer must
bring the old configuration back, once a reboot inside the window must. Law 4 asks for the result.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from provision.connectors.ansible import Writer
from provision.connectors.phase import DONE
from provision.core.device import Device
from provision.core.errors import DeviceError, ProvisionError
from provision.core.family import DocumentRequest, Family
from provision.core.model import Candidate, Change, Kind, Plan, Snapshot, Value
from provision.core.settings import FILE
from provision.devices import journal
from provision.devices.journal import Conclusion
from provision.devices.modem.apply import UNARMED
from provision.devices.modem.look import by_ansible, gather, guard_of, require, ssh_host
from provision.devices.modem.ways import CARRIER
from provision.devices.replies import BACKUP_PASSWORD_BYTES, NONCE_BYTES, unreachable
from provision.devices.run import Drill, OnStep, run_on
from provision.home.held import Held
from provision.home.workspace import Workspace
from provision.ledger.events import Begun, SelfTested
from provision.ledger.known import drill_of
from provision.ledger.records import DeviceRecord

TIMER_S = 15
REBOOT_WINDOW_S = 600
REBOOT_S = 240.0  # the longest that a boot may take
REVERT_S = 45.0
PAUSE_S = 1.0
NEXT = "provision resume; do not deploy this model"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exercise:
    """One drill at work: the run that it is recorded as, and what has to bring the old configuration back."""

    workspace: Workspace
    held: Held
    writer: Writer
    device: Device
    run: str
    by: str
    on_step: OnStep = lambda _: None

    @property
    def tag(self) -> str:
        """The asset tag."""
        return self.device.tag


def selftest(workspace: Workspace, device: Device) -> list[Drill]:
    """Run both drills (timer and boot) on one device, record that they passed, and return them.

    Raises DeviceError if one did not pass or an earlier run is not finished, LeaseError if another run holds the
    device.
    """
    tag = device.tag
    took_s: dict[str, float] = {}
    with run_on(workspace, tag) as (held, writer):
        for letter, by in (("a", "timer"), ("b", "boot")):
            started = workspace.clock.monotonic()
            run = f"{held.run}{letter}"
            _drill(Exercise(workspace=workspace, held=held, writer=writer, device=device, run=run, by=by))
            took_s[by] = workspace.clock.monotonic() - started
        passed = SelfTested(device=tag, run=held.run, drills={name: round(s, 1) for name, s in took_s.items()})
        workspace.observe([(drill_of(device), passed)], seen=workspace.seen([tag]))
    return [
        Drill(name=name, passed=True, text=f"{tag}: {name} brought the old configuration back, {s:.0f} s in all")
        for name, s in took_s.items()
    ]


def _drill(exercise: Exercise) -> None:
    before = require(exercise.workspace, exercise.writer, CARRIER, exercise.device, exercise.on_step)
    window_s = TIMER_S if exercise.by == "timer" else REBOOT_WINDOW_S
    record = DeviceRecord.of(exercise.device)
    begun = Begun(
        run=exercise.run,
        marker=before.marker,
        bench=False,
        window_s=window_s,
        before=record,
        after=record,
        settings={},
        drill=True,
    )
    journal.begin(exercise.held, [(exercise.tag, begun)])
    _change(exercise, before, window_s)
    if exercise.by == "boot":
        _feed(exercise, "reboot", exercise.device.box.configuration.dialect.reboot())
    after = _wait_for_revert(exercise)
    if after.marker != before.marker:
        raise DeviceError("the old configuration did not come back whole", where=exercise.tag, hint=NEXT)
    _conclude(exercise, "reverted", f"drill: {exercise.by}")


def _change(exercise: Exercise, before: Snapshot, window_s: int) -> None:
    """Change the note, and leave it unconfirmed. Raises DeviceError if the device refused or broke off.

    If it refused before a guard was armed, the run is recorded as failed; else the run stays open for resume.
    """
    family, nonce = exercise.device.box, secrets.token_hex(NONCE_BYTES)
    dialect = family.configuration.dialect
    request = DocumentRequest(
        nonce=nonce,
        run=exercise.run,
        window_s=window_s,
        guard=guard_of(family),
        firmware=exercise.device.firmware.raw,
        backup_password=secrets.token_hex(BACKUP_PASSWORD_BYTES),
    )
    document = dialect.change(family, _harmless(family, before, exercise.run), request)
    output = _feed(exercise, "drill", document, dialect.command(family, request))
    ended, code, said = dialect.read_end(output, nonce)
    if ended and not code:
        return
    if code not in UNARMED:  # a guard may be armed: the run stays open for resume
        raise DeviceError(f"the drill broke off: {said or 'no answer'}", where=exercise.tag, hint="provision resume")
    _conclude(exercise, "failed", said or "no answer")
    hint = "mend the cause, then try again"
    raise DeviceError(f"the drill did not begin: {said or 'no answer'}", where=exercise.tag, hint=hint)


def _conclude(exercise: Exercise, ending: str, because: str) -> None:
    conclusion = Conclusion(tag=exercise.tag, run=exercise.run, ending=ending, because=because)
    journal.conclude(exercise.held, Kind.MODEM, [conclusion])


def _harmless(family: Family, before: Snapshot, run: str) -> Plan:
    """Return a plan that changes one note; if the guard is a file on the device, the plan installs it, too."""
    configuration, guard = family.configuration, family.commit.guard
    wanted: dict[str, Value] = {FILE + p: "new" for p, file in configuration.files.items() if file.source == guard}
    wanted[configuration.note] = f"drill {run}"
    changes = tuple(Change(path=p, running=before.settings.get(p), intended=v) for p, v in wanted.items())
    return Plan(
        device=before.device,
        marker=before.marker,
        locators=before.locators,
        changes=changes,
        candidate=Candidate(settings=wanted),
        intended=wanted,
    )


def _feed(exercise: Exercise, name: str, document: bytes, line: bytes = b"") -> bytes:
    """Send the device a document, and return what it printed, or empty bytes.

    Raises UnreachableError, or IdentityError for another host key, if the document did not come to its end, unless
    `name` is `reboot`.
    """
    writer, tag = exercise.writer, exercise.tag
    variables = ssh_host(exercise.workspace, writer, exercise.device) | {
        "look_document": str(writer.put(f"{tag}.{name}", document)),
        "look_output": str(writer.path / f"{tag}.{name}.out"),
    }
    if line:
        put = exercise.device.box.configuration.dialect.PUT
        variables |= {"look_put": put, "look_line": str(writer.put(f"{tag}.line", line))}
    step = gather(writer, {tag: variables}, exercise.on_step).get(tag)
    if (step is None or step.state != DONE) and name != "reboot":
        raise unreachable(exercise.device, step)
    return writer.take(f"{tag}.{name}.out") or b""


def _wait_for_revert(exercise: Exercise) -> Snapshot:
    """Look until the guard says that it reverted this run by what the drill is for (`by`); return that snapshot.

    A `tick` counts for the timer, too. Raises DeviceError if it has not after 60 s for the timer, 240 s for a boot.
    """
    clock = exercise.workspace.clock
    deadline = clock.monotonic() + (TIMER_S + REVERT_S if exercise.by == "timer" else REBOOT_S)
    said = "no answer"
    wanted = {f"reverted {exercise.run} {exercise.by}"} | (
        {f"reverted {exercise.run} tick"} if exercise.by == "timer" else set()
    )
    while clock.monotonic() < deadline:
        clock.sleep(PAUSE_S)
        look = by_ansible(exercise.workspace, exercise.writer, CARRIER, [exercise.device], exercise.on_step)[
            exercise.tag
        ]
        if isinstance(look, ProvisionError):
            said = str(look)
            continue
        said = str(look.readings.get("guard", ""))
        if said in wanted:
            return look
    raise DeviceError(f"the way back was not shown: {said}", where=exercise.tag, hint=NEXT)
