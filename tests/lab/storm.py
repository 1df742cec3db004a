"""Verbs at once on the lab's kits, and a blow at a named step of the first one; then what must be true of everything.

The seed fixes the list of acts and blows. A blow falls where the first command passes a boundary (tests/boundaries.py)
or starts a program, never after a time; one that its command did not live to meet is no hit.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from boundaries import reached, was_full
from forker import DIES
from labhome import Bench, Done, until
from radiohome import TAG as RADIO
from test_boundaries import FAMILIES, KITS, Trial

from provision.connectors import private
from provision.core.model import Kind
from provision.devices import journal
from provision.lab import client
from provision.local.processes import marked, stopped

VERBS = {
    "apply": ("apply", "{}", "--bench", "--yes"), "rotate": ("secret", "rotate", "{}", "--bench", "--yes"),
    "verify": ("verify", "{}", "--bench"), "watch": ("watch", "{}"), "resume": ("resume",),
    "adopt": ("adopt", "{}", "--reason", "diatur di tempat", "--bench"),
    "rollback": ("rollback", "{}", "--bench", "--yes"), "plan": ("plan", "{}", "--bench"),
    "bind": ("bind", "{}", "--reason", "diganti", "--bench"), "fetch": ("fetch", "{}", "--bench"),
    "attest": ("attest", "{}", "hearing", "--by", "Siti", "--note", "terdengar"),
    "inventory": ("inventory", "--write"), "training": ("training", "segah", "--person", "Yosep", "--topic", "rapat"),
}  # fmt: skip
OF_A_MODEM = ("apply", "rotate", "verify", "watch", "resume", "adopt", "rollback", "plan", "inventory", "training")
OF_A_PC = ("apply", "verify", "watch", "resume", "plan", "bind", "fetch", "attest", "inventory")
PCS = {"linux": "BRU-PC-02", "windows": "BRU-PC-10"}
KINDS = ("kill", "ansible", "power", "link", "slow", "flash", "disk", "clock")
OF_A_COMPUTER = ("kill", "ansible", "power", "link", "disk", "clock")
ENDS = {0, 1, 2, 3}
DEEPEST = 40  # boundaries of most commands
FIRST = 8  # boundaries that a verb has at least, until it is known how many
RESUMES = 12
DAY_S = 86400


@dataclass
class Storm:
    """A list of acts and blows on one home's lab, and how often each kind of blow hit."""

    bench: Bench
    seed: int
    deepest: int = DEEPEST
    hits: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    log: list[str] = field(default_factory=list)
    depths: dict[tuple[str, str], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin the list anew."""
        self.draw = random.Random(self.seed)

    def round(self, kinds: Sequence[str] = KINDS, families: Sequence[str] = ()) -> None:
        """Do one act with its blow on one device, and look at everything after."""
        kind = self.draw.choice([k for k in kinds if self.hits[k] == min(self.hits[one] for one in kinds)])
        able = [f for f in (families or (*FAMILIES, *PCS)) if f in FAMILIES or kind in OF_A_COMPUTER]
        family = self.draw.choice(able)
        tag = FAMILIES.get(family) or PCS[family]
        verbs = OF_A_MODEM if family in FAMILIES else OF_A_PC
        first = self.draw.choice([v for v in verbs if v not in {"plan", "training", "inventory", "watch"}])
        others = self.draw.sample(verbs, self.draw.choice((1, 2)))
        at = self.draw.randint(1, self.deepest)
        if self.deepest == DEEPEST:  # as deep as this verb has gone before
            at = 1 + (at - 1) * self.depths.get((family, first), FIRST) // DEEPEST
        said = f"{kind} at {at} of {first} on {family}, with {', '.join(others)}"
        self.log.append(said)
        self.begin(family, tag)
        try:
            hit = self.act(kind, tag, [words(v, tag) for v in (first, *others)], at)
            (self.hits if hit else self.missed)[kind] += 1
            passed = reached(self.bench.home / "boundaries")[0]
            self.depths[family, first] = max(passed, self.depths.get((family, first), 0))
            self.scan(tag)
        except AssertionError as error:
            raise AssertionError(f"seed {self.seed}, round {len(self.log)}: {said}: {error}") from error

    # -- before -----------------------------------------------------------------------------------
    def begin(self, family: str, tag: str) -> None:
        """A provisioned device whose intent, or whose settings, are others than what it runs."""
        bench = self.bench
        if family in FAMILIES:
            Trial(bench, tag, self.draw.randrange(1 << 30)).begin()
            return
        bench.pc(tag)
        bench.drift(tag)

    # -- the blow -----------------------------------------------------------------------------------
    def act(self, kind: str, tag: str, commands: list[list[str]], at: int) -> bool:
        """Run all commands at once, have the blow fall on the first one, and mend it; return whether it hit."""
        count = self.bench.home / "boundaries"
        count.unlink(missing_ok=True)
        place = {"kill": f"{at}", "disk": f"full {at}", "clock": f"clock {DAY_S * self.draw.choice((-400, 3))}"}
        asked = place.get(kind, "stop yml" if kind == "ansible" else f"stop {at}")
        with ThreadPoolExecutor(len(commands)) as pool:
            os.environ[DIES] = f"{asked}:{count}"
            try:
                first = pool.submit(self.bench.run, *commands[0])
                until(lambda: first.done() or count.exists(), "it has begun")
            finally:
                del os.environ[DIES]
            others = [pool.submit(self.bench.run, *one) for one in commands[1:]]
            hit = False
            with mended(self.bench, tag):
                if asked.startswith("stop "):
                    pid = self.stopped_or_done(first, count)
                    if pid:
                        hit = self.fall(kind, tag)
                        os.kill(pid, signal.SIGCONT)
                        if kind == "ansible":
                            hit = killed_ansible(pid, first)
                ended = [one.result() for one in (first, *others)]
        self.require_ends(kind, ended)
        return hit or {
            "kill": ended[0].code == -signal.SIGKILL,
            "disk": was_full(count),
            "clock": bool(reached(count)[0]),
        }.get(kind, False)

    @staticmethod
    def stopped_or_done(first: Any, count: Path) -> int:
        """Wait until the first command is stopped; return its process id, 0 if it has ended."""
        until(lambda: first.done() or stopped(reached(count)[1]), "it is stopped", 300)
        return 0 if first.done() else reached(count)[1]

    def fall(self, kind: str, tag: str) -> bool:
        """Have the blow fall on the device, or say that it is one of our own."""
        fault = {
            "power": ("cut", str(self.draw.randint(1, 12))) if tag in FAMILIES.values() else ("power", "0"),
            "link": ("link", "3") if tag in FAMILIES.values() else ("door", "drop" if self.deepest == DEEPEST else "refuse"),
            "slow": ("slow", "0.2"), "flash": ("full", "yes"),
        }.get(kind)  # fmt: skip
        if fault is None:
            return False
        self.bench.fault(tag, *fault)  # an error where it does not bite
        return True

    def require_ends(self, kind: str, ended: list[Done]) -> None:
        """Every command has ended as one of ours does; the one that was killed by that."""
        for number, one in enumerate(ended):
            allowed = ENDS | ({-signal.SIGKILL} if kind == "kill" and not number else set())
            assert one.code in allowed, one
            assert "Traceback" not in one.err, one

    # -- after --------------------------------------------------------------------------------------
    def scan(self, tag: str) -> None:
        """What must be true of everything, whatever happened."""
        bench = self.bench
        until(lambda: bench.status(tag)["on"], "it has power")
        for _ in range(RESUMES):
            done = bench.run("resume")
            assert done.code in ENDS, done
            if not open_runs(bench):
                break
        else:  # nothing proves how it ended: a person looks
            done = bench.run("resume", "--assume", runs_what(bench, tag), "--reason", "dilihat di tempat")
        assert open_runs(bench) == set(), done
        bench.ok("ledger", "verify")
        self.no_orphans()
        here = bench.workspace
        if tag in FAMILIES.values():
            trial = Trial(bench, tag)
            assert trial.runs() in trial.sets(), "the vault lost what the device runs"
            until(lambda: watched(bench, tag)["state"] == "ok", f"what was accepted runs: {watched(bench, tag)}")
        bench.ok("apply", tag, "--bench", "--yes", "--packages", str(bench.home / "var/lab/packages"))
        assert list((bench.home / "var/runs").iterdir()) == [], "the locks of dead runs go with the next one"
        assert watched(bench, tag)["state"] == "ok"
        assert tag in here.known

    def no_orphans(self) -> None:
        """No process of a run of this home is left, and no private directory with its secrets."""
        runs = {str(e.payload["run"]) for e in self.bench.workspace.ledger.events("apply.begun", "endpoint.begun")}
        private.reap()
        assert {run: found for run in runs if (found := marked(private.mark(run)))} == {}
        left = [owner for place in ("/dev/shm", "/tmp") for owner in Path(place).glob("provision-*/owner")]
        assert [str(one) for one in left if one.exists() and one.read_text().split()[-1] in runs] == []

    def every_owed_device_has_its_state(self) -> None:
        """Each device whose configuration was accepted is named by a watch of all."""
        done = self.bench.run("watch", "all", "--json")
        devices = {one["device"]: one["state"] for one in json.loads(done.out)["devices"]}
        owed = {tag for tag, one in self.bench.workspace.known.items() if one.accepted} - {RADIO}
        assert devices.keys() >= owed, (devices, owed)


def words(verb: str, tag: str) -> list[str]:
    """Return the words of a verb on a device."""
    return [word.format(tag) for word in VERBS[verb]]


def open_runs(bench: Bench) -> set[str]:
    """Return the tags of devices with a run that has no end."""
    return {tag for kind in Kind for tag in journal.unfinished(bench.workspace, kind)}


def watched(bench: Bench, tag: str) -> Mapping[str, Any]:
    """Return what a watch says of a device."""
    done = bench.run("watch", tag, "--json")
    return dict(json.loads(done.out)["devices"][0])


def runs_what(bench: Bench, tag: str) -> str:
    """Say as a person who looks: does the device run what was sent?"""
    began = bench.last(tag, "apply.begun")
    note = str(began["settings"].get("system.@system[0].notes", ""))
    return "applied" if note and note in bench.config(tag, "system") else "reverted"


def killed_ansible(pid: int, first: Any) -> bool:
    """Kill the Ansible that a command has started, once it is there; return whether it was."""
    own = ""
    for owner in Path("/dev/shm").glob("provision-*/owner"):
        with contextlib.suppress(OSError):
            mine = re.match(rf"{pid} \d+ (\S+)", owner.read_text())
            own = mine[1] if mine else own
    if not own:
        return False
    until(lambda: first.done() or bool(marked(private.mark(own))), "Ansible is there")
    found = marked(private.mark(own))
    for one in found:
        with contextlib.suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)
    return bool(found)


@contextmanager
def mended(bench: Bench, tag: str) -> Iterator[None]:
    """Whatever was broken is whole again after."""
    try:
        yield
    finally:
        modem = tag in FAMILIES.values()
        for fault in ("cut", "slow", "full", "door") if modem else ("door",):
            with contextlib.suppress(Exception):
                client.break_(bench.home / "var/lab", tag, fault, "")


def kept_kits(bench: Bench) -> Callable[[], None]:
    """Return what puts the kits' files back."""
    kept = {path: path.read_text() for path in (bench.home / f"inventory/kits/{name}.yml" for name in KITS.values())}

    def back() -> None:
        for path, text in kept.items():
            path.write_text(text)

    return back
