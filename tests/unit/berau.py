"""A home of its own, a clock that jumps, and devices that answer without a network: what a unit test is about.

The program is the real one: intent, vault, ledger, journal, drivers, plans. Only what lies behind `Network` answers from
recordings: an OpenWrt modem that begins as tests/recordings/openwrt-factory (`Modem`) and a PC that says what a PC said
(`Pc`). A device may be told to misbehave once: `modem.next("Change", silent("timed out"))`.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from provision.connectors import snmp
from provision.connectors.network import Network
from provision.connectors.openssh import Reply
from provision.connectors.phase import DONE, FAILED, STARTED, UNREACHABLE, OnStep, Step
from provision.connectors.prompt import Login
from provision.core.device import Computer, Device, Intent
from provision.core.errors import UnreachableError
from provision.core.model import Outcome, Snapshot
from provision.devices.run import Applied, ApplyRequest, Callbacks
from provision.families.readings.look import UPTIME
from provision.families.readings.openwrt import KIT
from provision.home import starter
from provision.home.workspace import Workspace
from provision.lab.uci import Cli
from provision.lab.uciconfig import words
from provision.ledger.act import Act
from provision.ledger.events import Begun, SelfTested
from provision.ledger.known import drill_of
from provision.ledger.records import DeviceRecord
from provision.local.clock import Clock
from provision.operations import apply as operation
from provision.operations import register

ROOT = Path(__file__).parents[2]
COLLECTED = ROOT / "tests/recordings/pc-linux/collected.json"
FACTORY = ROOT / "tests/recordings/openwrt-factory/running.txt"
MODEM, OTHER_MODEM, PC, WINDOWS = "BRU-MDM-04", "BRU-MDM-11", "BRU-PC-04", "BRU-PC-01"
SECTIONS = ("system", "network", "firewall", "dhcp", "dropbear", "snmpd")
START = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)


def key_of(tag: str) -> str:
    """A host key that no other device has."""
    return f"ssh-ed25519 {base64.b64encode(sha256(tag.encode()).digest()).decode()}"


class SteppedClock(Clock):
    """A clock on which a wait is over at once, and every run has the next number."""

    def __init__(self) -> None:
        self.passed_s, self.runs = 0.0, 0

    def utc(self) -> datetime:
        return START + timedelta(seconds=self.passed_s)

    def new_run(self) -> str:
        self.runs += 1
        return f"run-{self.runs}"

    def monotonic(self) -> float:
        self.passed_s += 0.01
        return self.passed_s

    def sleep(self, seconds: float) -> None:
        self.passed_s += seconds


@dataclass(frozen=True)
class Failing:
    """A step that does not come to its end: in which state, and what Ansible says."""

    state: str
    because: str


Answer = bytes | Failing


@dataclass(frozen=True)
class Fault:
    """What goes wrong once: whether the document reaches the device, and what becomes of its answer."""

    reaches: bool
    alter: Callable[[bytes], Answer]


def silent(because: str = "Connection timed out", *, reached: bool = False) -> Fault:
    """No answer: `because` is what ssh says; `reached` where the device got the document all the same."""
    return Fault(reached, lambda _: Failing(UNREACHABLE, because))


def failed(because: str) -> Fault:
    """Ansible itself says that the task failed."""
    return Fault(reaches=False, alter=lambda _: Failing(FAILED, because))


def cut_short() -> Fault:
    """Only the first half of the answer arrives."""
    return Fault(reaches=True, alter=lambda answer: answer[: len(answer) // 2])


def bent(old: str, new: str) -> Fault:
    """The answer says `new` where it would say `old`."""

    def bend(answer: bytes) -> Answer:
        assert old.encode() in answer, f"{old} is not in the answer: the fault would not bite"
        return answer.replace(old.encode(), new.encode())

    return Fault(reaches=True, alter=bend)


def refused(code: int, why: str) -> Fault:
    """The device refuses with a code of the guard; the change does not take effect."""
    return Fault(reaches=False, alter=lambda _: f"#kit refused {why}\n#kit code {code}\n".encode())


@dataclass
class Playing(ABC):
    """What every device has in common: it may misbehave once in a named step, and counts what it was asked."""

    tag: str
    asked: list[str] = field(default_factory=list)
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    complaint: bytes = b""  # what it prints beside its answers

    def next(self, step: str, *faults: Fault) -> None:
        """Misbehave in the next steps of this name ("Look", "Change", "Finish", "Baseline", "SSH"), one fault each."""
        self.faults.setdefault(step, []).extend(faults)

    def answer(self, step: str, document: bytes) -> Answer:
        """Answer one document in a step of Ansible's, or over OpenSSH ("SSH")."""
        self.asked.append(step)
        if not self.faults.get(step):
            return self.work(document)
        fault = self.faults[step].pop(0)
        return fault.alter(self.work(document) if fault.reaches else b"")

    @abstractmethod
    def work(self, document: bytes) -> bytes:
        """Do what a document says and return what is printed."""


@cache
def exported(name: str, body: str) -> str:
    """One package as `uci export` prints it."""
    with TemporaryDirectory() as folder:
        Path(folder, "etc/config").mkdir(parents=True)
        Path(folder, "etc/config", name).write_text(body)
        return Cli(folder, f"{folder}/stage").run(["export", name])


@dataclass
class Modem(Playing):
    """An OpenWrt modem in memory: its configuration, its files, its guard."""

    intent: Intent = field(kw_only=True)
    folder: Path = field(kw_only=True)
    packages: dict[str, str] = field(default_factory=dict)  # the files of /etc/config, by name
    facts: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    armed: str = ""
    ended: str = ""  # what its guard keeps of the last run: confirmed RUN MARKER, or reverted RUN WHY
    looks_until_the_timer: int = 0  # 0: its timer does not end within the test
    has_a_boot_hook: bool = True
    loses: str = ""  # the beginning of an edit that it does not take, and says nothing of
    salt: str = ""  # what moves the marker and is no setting
    kept: tuple[dict[str, str], dict[str, str]] | None = None
    key: str = ""
    snmp_says: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin as from the carton."""
        item = self.intent.item
        self.facts = {
            "serial": item.serial, "mac": item.mac, "imei": item.imei, "firmware": "25.12.5", "model": item.model,
            "missing": "", "packages": "apk",
        }  # fmt: skip
        self.files = {"etc/shadow": sha256(b"factory").hexdigest()}
        self.packages = {
            p.partition("\n")[0]: p.partition("\n")[2] for p in ("\n" + FACTORY.read_text()).split("\npackage ")[1:]
        }

    def _uci(self, commands: Iterable[list[str]]) -> None:
        """Run commands of `uci` on files of their own, with a commit at the end."""
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "etc/config").mkdir(parents=True)
        for name, body in self.packages.items():
            (self.folder / "etc/config" / name).write_text(body)
        cli = Cli(str(self.folder), str(self.folder / "stage"))
        for command in commands:
            cli.run(command)
        cli.run(["commit"])
        self.packages = {p.name: p.read_text() for p in sorted((self.folder / "etc/config").iterdir())}

    @property
    def marker(self) -> str:
        """The digest of what a run may change."""
        return sha256(json.dumps([self.export(), self.files, self.salt]).encode()).hexdigest()[:32]

    def export(self) -> str:
        """Everything as `uci export` prints it."""
        return "".join(exported(name, self.packages[name]) for name in SECTIONS if name in self.packages)

    def set(self, line: str) -> None:
        """Change one option by hand, as `network.lan.ipaddr='10.0.0.1'`."""
        self._uci(words(f"set {line}\n"))

    @property
    def guard(self) -> str:
        """What the guard says of itself."""
        return f"armed {self.armed} 50" if self.armed else self.ended or "none"

    def revert(self, why: str) -> None:
        """The guard puts the old configuration back."""
        if self.armed and self.kept:
            self.packages, self.files = self.kept
            self.ended, self.armed, self.kept = f"reverted {self.armed} {why}", "", None

    def look(self, nonce: str) -> str:
        """What a look prints."""
        lines = [f"{name} {value}" for name, value in self.facts.items() if value or name == "missing"]
        lines += [f"guard {self.guard}", f"marker {self.marker}"]
        lines += [f"file {path} {digest}" for path, digest in self.files.items()]
        return "".join(f"#kit {line}\n" for line in lines) + f"#kit export\n{self.export()}\n#kit end {nonce}\n"

    def work(self, document: bytes) -> bytes:
        """Look, change, finish or revert, whichever the document asks for."""
        try:
            text = gzip.decompress(document).decode()
        except gzip.BadGzipFile:
            return b""  # a public key or an archive of packages
        found = re.search(r"#kit end (\w+)", text)
        nonce = found[1] if found else ""
        if change := re.search(r"checkpoint (\w+) \|\|.*?\narm (\S+) (\d+)", text, re.DOTALL):
            return self._change(text, nonce, change).encode()
        if finish := re.search(r"&& finish (\S+) (\w+)", text):
            ours = finish[1] == self.armed and finish[2] == self.marker
            if ours:
                self.armed, self.ended = "", f"confirmed {finish[1]} {finish[2]}"
            return (f"#kit end {nonce}\n#kit code 0\n" if ours else "#kit refused moved\n#kit code 32\n").encode()
        if "&& undo " in text:
            self.revert("asked")
            return f"#kit end {nonce}\n#kit code 0\n".encode()
        if text.count("\n") < 5 and "reboot" in text:
            if self.has_a_boot_hook:
                self.revert("boot")
            return b"#kit code 0\n"
        if self.looks_until_the_timer and self.armed:
            self.looks_until_the_timer -= 1
            if not self.looks_until_the_timer:
                self.revert("timer")
        return self.look(nonce).encode()

    def _change(self, text: str, nonce: str, change: re.Match[str]) -> str:
        marker, run, _ = change.groups()
        if marker != self.marker:
            return "#kit refused stale: the configuration moved since the plan was made\n#kit code 22\n"
        self.kept, self.armed = (self.packages, dict(self.files)), run
        for command, body in re.findall(
            rf"^([^\n]+) <<'KIT-{nonce}' \|\| return [^\n]*\n(.*?)\nKIT-{nonce}$", text, re.MULTILINE | re.DOTALL
        ):
            if command == "stage":
                kept = "\n".join(one for one in body.splitlines() if not (self.loses and one.startswith(self.loses)))
                self._uci(words(kept + "\n"))
            else:
                path = command.split(" ")[-1] if command.startswith("put ") else "etc/shadow"
                path = "usr/libexec/kit/guard" if "next/guard" in command else path
                self.files[path] = sha256((body + "\n").encode()).hexdigest()
        return self.look(nonce) + "#kit code 0\n"

    def status(self) -> dict[str, Any]:
        """What its status line says over SNMP."""
        sample = {
            "up": 90, "imei": self.facts["imei"], "tx": 1000, "rx": 2000,
            "signal": {"type": "lte", "rsrp": -95, "rsrq": -10, "rssi": -70, "snr": 120},
            "serving": {"plmn_description": "TELKOMSEL", "registration": "registered"},
        }  # fmt: skip
        own = {"serial": self.facts["serial"], "fw": self.facts["firmware"], "marker": self.marker, "guard": self.guard}
        return own | {"up": 100, "now": 1762045200, "sample": sample} | self.snmp_says


@dataclass
class Pc(Playing):
    """A PC with Linux in memory: its settings, and what it says of itself."""

    computer: Computer = field(kw_only=True)
    settings: dict[str, Any] = field(default_factory=dict)
    before: dict[str, Any] = field(default_factory=dict)
    failing: dict[str, str] = field(default_factory=dict)
    barred: list[str] = field(default_factory=list)
    collected: dict[str, Any] = field(default_factory=dict)
    live: dict[str, Any] = field(default_factory=dict)
    key: str = ""

    def __post_init__(self) -> None:
        """Begin as from the carton."""
        item = self.computer.item
        self.settings = {"system.hostname": "debian", "system.timezone": "Etc/UTC"}
        self.collected = json.loads(COLLECTED.read_text()) | {
            "serial": item.serial, "macs": [item.mac] if item.mac else [], "clock_s": int(START.timestamp()),
        }  # fmt: skip

    def work(self, document: bytes) -> bytes:
        """Do what the program says: look, apply or undo."""
        if not document.startswith(b"\x1f\x8b"):  # a nonce, and the number of the last report
            return f"end {document.decode().split()[0]}\n".encode()
        text = gzip.decompress(document).decode()
        task = json.loads(
            re.search(r"^TASK = json\.loads\((.*)\)$", text, re.MULTILINE)[1].encode().decode("unicode_escape")[1:-1]
        )
        changed: list[str] = []
        if task["verb"] == "settle":
            self.barred.append(task["run"])
        elif task["verb"] != "look" and task["run"] in self.barred:
            return json.dumps({
                "settings": self.settings, "failed": {"run": "another run has ended it"}, "changed": [],
                "end": task["nonce"], "serial": self.collected["serial"],
            }).encode()  # fmt: skip
        elif task["verb"] == "apply":
            changed = [p for p, v in task["settings"].items() if self.settings.get(p) != v and p not in self.failing]
            self.before |= {p: self.settings.get(p) for p in changed}
            self.settings |= {p: task["settings"][p] for p in changed}
        elif task["verb"] == "undo":
            changed = [p for p in self.before if p not in self.failing]
            for path in changed:
                old = self.before.pop(path)
                self.settings.pop(path)
                self.settings |= {path: old} if old is not None else {}
        said = {
            "settings": self.settings, "failed": self.failing if task["verb"] not in {"look", "settle"} else {}, "changed": changed,
            "end": task["nonce"], "serial": self.collected["serial"],
        }  # fmt: skip
        said |= {"collected": self.collected} if task["collect"] else {}
        said |= {"live": self.live} if task["live"] else {}
        return json.dumps(said).encode()


class PlayedPhase:
    """One playbook, played to the devices of the site in place of Ansible."""

    def __init__(self, site: Site, playbook: str) -> None:
        self.site, self.playbook = site, playbook

    def follow(self, hosts: Mapping[str, Mapping[str, Any]], on_step: OnStep, *, deadline_s: float) -> None:
        assert deadline_s > 0
        self.site.phases.append((self.playbook, sorted(hosts)))
        for tag, variables in hosts.items():
            if self.playbook != "apply.yml":
                task = "Look" if self.playbook == "gather.yml" else "Baseline"
                self._step(tag, task, (variables["look_document"], variables["look_output"]), on_step)
                continue
            self._step(tag, "Change", (variables["change_document"], variables["change_output"]), on_step)
            if Path(variables["finish_document"]).exists():
                self._step(tag, "Finish", (variables["finish_document"], variables["finish_output"]), on_step)

    def _step(self, tag: str, task: str, files: tuple[str, str], on_step: OnStep) -> None:
        on_step(Step(device=tag, task=task, state=STARTED))
        device = self.site.devices[tag]
        said = device.answer(task, Path(files[0]).read_bytes())
        if device.complaint:
            Path(f"{files[1]}.err").write_bytes(device.complaint)
        if isinstance(said, Failing):
            on_step(Step(device=tag, task=task, state=said.state, because=said.because))
            return
        Path(files[1]).write_bytes(said)
        on_step(Step(device=tag, task=task, state=DONE))

    def end(self) -> None:
        self.site.ended += 1

    def call_off(self) -> None:
        self.site.phases.append((f"{self.playbook} called off", []))


@dataclass
class PlayedQuestion:
    """One command over OpenSSH, answered by a device of the site."""

    device: Playing
    document: bytes
    ended: bool = False

    def send(self) -> None:
        """Nothing is on its way."""

    def answer(self, deadline: float) -> Reply:
        assert deadline > 0
        said = self.device.answer("SSH", self.document)
        if isinstance(said, Failing):
            return Reply(code=-1 if said.state == FAILED else 255, output=b"", said=said.because)
        return Reply(code=0, output=said, said="")

    def end(self) -> None:
        self.ended = True


class PlayedNetwork(Network):
    """The network of a site: whoever is not there does not answer."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def phase(self, place: Path, playbook: str, environment: Mapping[str, str], mark: str) -> Any:
        assert place, environment
        assert mark
        return PlayedPhase(self.site, playbook)

    def question(self, device: Device, command: str, document: bytes, ssh_key: Path, host_keys: Path) -> Any:
        assert command, (ssh_key, host_keys)
        return PlayedQuestion(self.site.devices[device.tag], document)

    def host_key(self, host: str, port: int) -> str:
        for device in self.site.devices.values():
            if self.site.place_of(device) == (host, port):
                return device.key
        raise UnreachableError("no SSH answer: timed out", where=f"{host} port {port}")

    def banner(self, host: str, port: int) -> bytes:
        known = any(self.site.place_of(device) == (host, port) for device in self.site.devices.values())
        return b"SSH-2.0-dropbear\r\n" if known else b""

    def prompt(self, login: Login, commands: Mapping[str, str]) -> dict[str, str]:
        modem = next(d for d in self.site.modems() if self.site.place_of(d) == (login.host, login.port))
        modem.asked.append("prompt")
        if waiting := modem.faults.get("prompt"):
            why = waiting.pop(0).alter(b"")
            if isinstance(why, Failing):
                raise UnreachableError(why.because, where=login.host)
        return {name: modem.facts.get(name, "") for name in commands}

    def read_snmp(self, targets: list[snmp.Target], *, retries: int = 1) -> dict[str, snmp.Answer]:
        assert retries >= 0
        self.site.retries.append(retries)
        return {t.device: self._snmp(t) for t in targets}

    def _snmp(self, target: snmp.Target) -> snmp.Answer:
        modem = self.site.devices[target.device]
        assert isinstance(modem, Modem)
        modem.asked.append("SNMP")
        if waiting := modem.faults.get("SNMP"):
            why = waiting.pop(0).alter(b"")
            if isinstance(why, Failing):
                return snmp.Answer(device=target.device, because=why.because)
        values = {UPTIME: 10000, KIT: json.dumps(modem.status()).encode()}
        return snmp.Answer(device=target.device, values={oid: values.get(oid) for oid in target.oids})


@dataclass
class State:
    """One device that came as far as it is called, in a home of its own that nobody uses any more."""

    files: dict[str, bytes]
    device: Playing
    passed_s: float
    runs: int
    retries: list[int]
    phases: list[tuple[str, list[str]]]
    ended: int


@dataclass(frozen=True)
class Template:
    """The home that every site starts from, and the states that tests begin with: each is reached once."""

    workspace: Workspace
    states: dict[tuple[str, str], State] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        return self.workspace.place.root


class Site:
    """One home with its devices; made for one test."""

    def __init__(self, home: Path, template: Template) -> None:
        self.clock = SteppedClock()
        self.devices: dict[str, Any] = {}
        self.retries: list[int] = []
        self.ended = 0
        self.phases: list[tuple[str, list[str]]] = []
        self.workspace = Workspace(home, clock=self.clock, network=PlayedNetwork(self))
        self.workspace.__dict__["home"] = template.workspace.home  # read once for all tests; it is frozen
        self.template = template
        shutil.copytree(template.root, home)

    @property
    def known(self) -> Any:
        """What the ledger knows of devices now."""
        self.workspace.forget_known()
        return self.workspace.known

    def intents(self) -> Iterable[Intent]:
        return self.workspace.home.intents.values()

    def computers(self) -> Iterable[Computer]:
        return self.workspace.home.computers.values()

    def folder_of(self, tag: str) -> Path:
        return self.workspace.place.root / "modems" / tag

    def intent(self, tag: str = MODEM) -> Intent:
        return self.workspace.home.intents[tag]

    def computer(self, tag: str = PC) -> Computer:
        return self.workspace.home.computers[tag]

    def modems(self) -> Iterator[Modem]:
        return (d for d in self.devices.values() if isinstance(d, Modem))

    def place_of(self, device: Playing) -> tuple[str, int]:
        """Where a device is on the bench."""
        if isinstance(device, Modem):
            return device.intent.bench_address, device.intent.bench_port
        assert isinstance(device, Pc)
        return device.computer.address, device.computer.ssh_port

    def modem_from_the_carton(self, tag: str = MODEM) -> Modem:
        modem = Modem(tag, intent=self.intent(tag), folder=self.folder_of(tag))
        modem.key = key_of(tag)
        self.devices[tag] = modem
        return modem

    def pc_from_the_carton(self, tag: str = PC) -> Pc:
        pc = Pc(tag, computer=self.computer(tag))
        pc.key = key_of(tag)
        self.devices[tag] = pc
        return pc

    def enrol(self, tag: str, **asked: Any) -> Any:
        from provision.operations import enrol

        return enrol.enrol(self.workspace, self.workspace.device(tag), enrol.Enrol(approve=lambda _: True, **asked))

    def enrolled_modem(self, tag: str = MODEM) -> Modem:
        return self._in_state("enrolled modem", tag, Site._enrol_modem)

    def provisioned_modem(self, tag: str = MODEM) -> Modem:
        return self._in_state("provisioned modem", tag, Site._provision_modem)

    def enrolled_pc(self, tag: str = PC) -> Pc:
        return self._in_state("enrolled PC", tag, Site._enrol_pc)

    def provisioned_pc(self, tag: str = PC) -> Pc:
        return self._in_state("provisioned PC", tag, Site._provision_pc)

    def _enrol_modem(self, tag: str) -> None:
        self.modem_from_the_carton(tag)
        self.enrol(tag)

    def _provision_modem(self, tag: str) -> None:
        self._enrol_modem(tag)
        self._first_apply(tag)

    def _enrol_pc(self, tag: str) -> None:
        self.pc_from_the_carton(tag)
        self.enrol(tag)

    def _provision_pc(self, tag: str) -> None:
        self._enrol_pc(tag)
        self._first_apply(tag)

    def _first_apply(self, tag: str) -> None:
        """Provision an enrolled device, and forget what it was asked so far."""
        (outcome,) = self.apply(tag).outcomes
        assert str(outcome.ending) == "applied", outcome
        self.devices[tag].asked.clear()
        self.phases.clear()

    def _in_state(self, state: str, tag: str, bring: Callable[[Site, str], None]) -> Any:
        """Return the device in this state. In a site where nothing has happened yet, it is copied from the template."""
        used = self.devices or "ledger" in self.workspace.__dict__ or self.clock.passed_s
        if used or self.workspace.home is not self.template.workspace.home:
            bring(self, tag)
            return self.devices[tag]
        if (state, tag) not in self.template.states:
            home = self.template.root.with_name(f"{state}-{tag}".replace(" ", "-"))
            self.template.states[state, tag] = Site(home, self.template)._reached(tag, bring)
        return self._copied(self.template.states[state, tag])

    def _reached(self, tag: str, bring: Callable[[Site, str], None]) -> State:
        bring(self, tag)
        self.workspace.ledger.close()
        root, begun = self.workspace.place.root, self.template.root
        files = {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}
        return State(
            files={n: b for n, b in files.items() if not (begun / n).exists() or (begun / n).read_bytes() != b},
            device=self.devices[tag], passed_s=self.clock.passed_s, runs=self.clock.runs, retries=self.retries,
            phases=self.phases, ended=self.ended,
        )  # fmt: skip

    def _copied(self, state: State) -> Playing:
        for name, body in state.files.items():
            path = self.workspace.place.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_bytes(body)
        for name in ("known", "reader", "vault"):  # what was read before
            self.workspace.__dict__.pop(name, None)
        device = deepcopy(state.device, {id(one): one for one in (*self.intents(), *self.computers())})
        if isinstance(device, Modem):
            device.folder = self.folder_of(device.tag)
        self.devices[device.tag] = device
        self.clock.passed_s, self.clock.runs = state.passed_s, state.runs
        self.retries, self.phases, self.ended = list(state.retries), list(state.phases), state.ended
        return device

    def apply(self, *tags: str, callbacks: Callbacks | None = None, **request: Any) -> Applied:
        """Apply on the bench, unless `bench=False` is said."""
        devices = [self.workspace.device(tag) for tag in tags]
        request = {"bench": True, **request}
        return operation.apply(self.workspace, devices, ApplyRequest(**request), callbacks or Callbacks())

    def outcome(self, tag: str, **request: Any) -> Outcome:
        (outcome,) = self.apply(tag, **request).outcomes
        return outcome

    def run_left_open(self, tag: str, *, drill: bool = False) -> str:
        """Record that a run began on a modem, as one that died right after leaves it; return its name."""
        run, device = self.clock.new_run(), self.known[tag].device
        record = DeviceRecord.of(device)
        begun = Begun(
            run=run, marker=self.known[tag].snapshot.marker, bench=True, window_s=60, before=record, after=record,
            settings=self.known[tag].snapshot.settings, drill=drill,
        )  # fmt: skip
        self.record(tag, begun)
        return run

    def record(self, subject: str, act: Act) -> None:
        self.workspace.ledger.record([(subject, act)], at=self.workspace.now())
        self.workspace.forget_known()

    def way_back_was_shown(self, tag: str = MODEM) -> None:
        """A selftest passed on this modem's model and firmware."""
        device = self.known[tag].device
        self.record(drill_of(device), SelfTested(device=tag, run="run-0", drills={"timer": 20.0, "boot": 40.0}))

    def events(self, tag: str) -> list[str]:
        """The verbs recorded for a device, oldest first."""
        return [e.verb for e in self.workspace.ledger.history(tag)]

    def last(self, tag: str, verb: str) -> dict[str, Any]:
        """The payload of the newest event of a verb."""
        return dict(next(e for e in reversed(self.workspace.ledger.history(tag)) if e.verb == verb).payload)

    def snapshot(self, tag: str) -> Snapshot:
        return self.known[tag].snapshot


def make_template(folder: Path) -> Template:
    """Make the home that every site starts from: a lab's intent, its vault with keys, everything registered."""
    starter.make(folder, lab=True)
    workspace = Workspace(folder, clock=SteppedClock())
    from provision.home.keys import office_key

    office_key(workspace.place.ssh_key)
    workspace.vault.seal_key()
    workspace.vault.devices([MODEM, OTHER_MODEM])
    for tag in (PC, WINDOWS):
        workspace.vault.report_key(tag)
    register.register(workspace, folder / "inventory/delivery.csv")
    workspace.ledger.close()
    return Template(workspace)
