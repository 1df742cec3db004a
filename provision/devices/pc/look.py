"""The program that is run on PCs (look, apply, undo) with the collector, in one exec through Ansible's feed."""

from __future__ import annotations

import io
import secrets
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from provision import families
from provision.connectors.phase import DONE, FAILED, UNREACHABLE, Step
from provision.core.device import Computer, Device
from provision.core.errors import DeviceError, ProvisionError
from provision.core.model import Secret, Settings, Stage
from provision.core.pc_family import PcFamily
from provision.devices import replies
from provision.families.languages import pc_report, pc_task
from provision.home.keys import office_key
from provision.home.workspace import Workspace
from provision.local import share

if TYPE_CHECKING:
    from provision.connectors.ansible import Variables, Writer

DEADLINE_S = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedAnswer:
    """What one PC answered, and the span of our clock (start and end, in seconds since 1970) in which it did."""

    answer: pc_task.Answer
    asked_s: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One PC that is asked: where it is, its intended and accepted settings, its serial, and the apps to look for.

    `report` is the text, a secret, that tells the PC how to make its daily report; empty if it gets none.
    """

    device: Device
    settings: Settings
    serial: str
    accepted: Settings = field(default_factory=dict)
    apps: tuple[str, ...] = ()
    report: Secret = field(default=Secret(""))


def visit(workspace: Workspace, computer: Computer, *, bench: bool) -> Visit:
    """Return what a visit to a known PC needs, over the bench cable or where it stands.

    That is its device with address, intended settings, serial number, report, accepted settings and wanted apps.
    """
    known = workspace.known[computer.item.asset_tag]
    device = known.device
    written = _report(workspace, computer)
    settings = pc_task.intended(computer.settings, office_key(workspace.place.ssh_key))
    return Visit(
        device=replace(device, host=device.bench_host if bench else computer.address, ssh_port=computer.ssh_port),
        settings=settings | {pc_report.SETTING: pc_report.digest(report_program(computer.family.name), written)},
        serial=computer.item.serial,
        report=written,
        accepted=known.snapshot.settings,
        apps=wanted_apps(computer),
    )


def first_visit(workspace: Workspace, computer: Computer, host: str, port: int) -> Visit:
    """Return what a visit to a PC that is not known yet needs: a new device, intended settings, serial, wanted apps."""
    device = Device(
        tag=computer.item.asset_tag,
        kecamatan=computer.kit.kecamatan.slug,
        family=computer.family,
        host=host,
        bench_host=host,
        ssh_port=port,
        snmp_port=0,
        stage=Stage.ENROLLED,
        username=computer.username,
        link=computer.kit.kecamatan.link,
    )
    settings = pc_task.intended(computer.settings, office_key(workspace.place.ssh_key))
    return Visit(device=device, settings=settings, serial=computer.item.serial, apps=wanted_apps(computer))


def _report(workspace: Workspace, computer: Computer) -> Secret:
    tag = computer.item.asset_tag
    return pc_report.config(tag, workspace.vault.report_key(tag), wanted_apps(computer), computer.drop)


@cache
def report_program(name: str) -> str:
    """Return the program that one kind of PC runs each day: its collector, and what signs and leaves the report."""
    kind = families.pc(name)
    return "\n".join((pc_task.NO_TASK[kind.language], share.program(kind.collector), share.program(kind.report)))


def wanted_apps(computer: Computer) -> tuple[str, ...]:
    """Return the package names (globs) under which the needed conference apps may show on a PC, each once."""
    return tuple(dict.fromkeys(name for app in computer.needed for name in app.packages))


def sources(kind: PcFamily, *, live: bool = False) -> tuple[str, ...]:
    """Return the texts of one kind's collector, of what hears and sees (if `live`), of the turn and of the baseline.

    A program that the kind does not have is left out.
    """
    files = (kind.collector, kind.live if live else "", kind.turn, kind.baseline)
    return tuple(share.program(file) for file in files if file)


def feed(device: Device, command: str) -> str:
    """Return the command as root runs it: behind the family's `as_root`, unless the account is root."""
    return command if device.username == "root" else device.pc.as_root + command


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What the program is to do on PCs: look, settle (a look that ends a run), apply or undo.

    `runs` are the runs that apply, undo or are ended, by asset tag, `packages` files to send along; `live`: play a
    chord and take a picture, too.
    """

    verb: str = "look"
    runs: Mapping[str, str] = field(default_factory=dict)
    packages: Mapping[str, list[Path]] = field(default_factory=dict)
    live: bool = False


LOOK = Program()
LOOKS = ("look", "settle")  # verbs that change no setting


def run_program(
    workspace: Workspace,
    writer: Writer,
    visits: list[Visit],
    program: Program = LOOK,
    on_step: Callable[[Step], None] = lambda _: None,
) -> dict[str, TimedAnswer | ProvisionError]:
    """Run the program on every PC of `visits` in one Ansible process.

    Return, by asset tag, the answer and its times, or the error of a PC that gave no answer.
    """
    key = office_key(workspace.place.ssh_key)
    nonces = {v.device.tag: secrets.token_hex(replies.NONCE_BYTES) for v in visits}
    hosts = {v.device.tag: _variables(writer, v, program, (key, nonces[v.device.tag])) for v in visits}
    steps: dict[str, tuple[Step, float]] = {}

    def follow(step: Step) -> None:
        if step.state in {UNREACHABLE, FAILED, DONE}:
            steps[step.device] = step, workspace.clock.utc().timestamp()
        on_step(step)

    started = workspace.clock.utc().timestamp()
    playbook = "gather.yml" if program.verb in LOOKS else "endpoint.yml"
    writer.phase(playbook, hosts, follow, deadline_s=DEADLINE_S)
    answers: dict[str, TimedAnswer | ProvisionError] = {}
    for one in visits:
        step, answered = steps.get(one.device.tag, (None, 0.0))
        said = _answer(workspace, writer, one.device, step, nonces[one.device.tag])
        asked_s = started, answered
        answers[one.device.tag] = (
            said if isinstance(said, ProvisionError) else TimedAnswer(answer=said, asked_s=asked_s)
        )
    return answers


def _variables(writer: Writer, visited: Visit, program: Program, words: tuple[str, str]) -> Variables:
    """Write the program of one PC, and return Ansible's variables that send it.

    `words` are the office's key and the nonce of the answer.
    """
    device, kind, applies = visited.device, visited.device.pc, program.verb == "apply"
    files = program.packages.get(device.tag, [])
    task = pc_task.Task(
        verb=program.verb,
        run=program.runs.get(device.tag, ""),
        settings={**visited.accepted, **visited.settings} if program.verb in LOOKS else visited.settings,
        key=words[0],
        nonce=words[1],
        serial=visited.serial,
        collect=True,
        apps=visited.apps,
        live=program.live and bool(kind.live),
        report=visited.report if applies else Secret(""),
        report_program=report_program(kind.name) if applies else "",
    )
    text = pc_task.write(sources(kind, live=program.live), task, kind.language)
    document = archive(files, kind.program, text) if files else pc_task.packed(text, kind.language)
    return writer.host(device) | {
        "feed_command": feed(device, kind.feed_archive if files else kind.feed),
        "look_document": str(writer.put(f"{device.tag}.pc", document)),
        "look_output": str(writer.path / f"{device.tag}.said"),
    }


def archive(files: list[Path], name: str, text: bytes) -> bytes:
    """Return a tar archive of the files and of the program `text` under `name`."""
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w") as tar:
        for path in files:
            tar.add(path, arcname=path.name)
        entry = tarfile.TarInfo(name)
        entry.size = len(text)
        tar.addfile(entry, io.BytesIO(text))
    return body.getvalue()


def _answer(
    workspace: Workspace, writer: Writer, device: Device, step: Step | None, nonce: str
) -> pc_task.Answer | ProvisionError:
    output = writer.take(f"{device.tag}.said")
    if step is None or step.state != DONE or output is None:
        said = _complaint(writer, device)
        if step is not None and step.state == FAILED and said:
            return DeviceError(f"the PC refused: {said}", where=device.tag, hint="see docs/pcs.md")
        return replies.unreachable(device, step)
    try:
        return pc_task.read(output, nonce=nonce, device=device.tag, at=workspace.now())
    except ProvisionError as error:
        if said := _complaint(writer, device):
            error.what = f"{error.what}: {said}"
        return error


def _complaint(writer: Writer, device: Device) -> str:
    """Return the last line that the PC printed beside its answer, as `python3: not found`, or an empty text.

    It is cut to 160 characters.
    """
    said = (writer.take(f"{device.tag}.said.err") or b"").decode("utf-8", "replace").strip().splitlines()
    return said[-1][:160] if said else ""
