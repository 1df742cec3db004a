"""Two commands at once on a real kit of each family: the first is stopped at a boundary while the second one runs.

Whatever met whatever: the ledger is whole, no run is open after `resume`, the vault has the secrets that the device runs,
the hub lets it in, and what is told as right is right. `./run soak matrix` has every ordered pair, each at a boundary
that its names draw; the gate has those of `test_storm.py`. `tests/engines/test_pairs.py` has every write of each pair, on OpenWrt.
A radio and the PCs have no way back by a timer and no tunnel: `watch` tells what they run, and an apply mends it.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from labhome import Bench
from matrix import cases
from radiohome import TAG as RADIO
from radiohome import at_maratua, provisioned
from test_boundaries import FAMILIES, Trial, kit_kept

pytestmark = pytest.mark.lab
VERBS = {
    "apply": ("apply", "{}", "--bench", "--yes"),
    "secret rotate": ("secret", "rotate", "{}", "--bench", "--yes"),
    "verify": ("verify", "{}", "--bench"),
    "watch": ("watch", "{}"),
    "adopt": ("adopt", "{}", "--reason", "diatur di tempat", "--bench"),
    "rollback": ("rollback", "{}", "--bench", "--yes"),
    "selftest": ("selftest", "{}", "--bench"),
    "resume": ("resume",),
}
GATE = ("rutos", "secret rotate")
ON_A_RADIO = {verb: VERBS[verb] for verb in ("apply", "verify", "watch", "adopt", "resume")}
ON_A_PC = {verb: VERBS[verb] for verb in ("apply", "verify", "watch", "resume", "selftest")} | {
    "bind": ("bind", "{}", "--reason", "diganti", "--bench"),
    "fetch": ("fetch", "{}", "--bench"),
    "attest": ("attest", "{}", "hearing", "--by", "Siti", "--note", "terdengar"),
}
ENDS = {0, 1, 2, 3}  # each of them says what happened; a negative one or another is a crash


def words(verb: str, tag: str, verbs: Mapping[str, tuple[str, ...]] = VERBS) -> list[str]:
    return [word.format(tag) for word in verbs[verb]]


@pytest.mark.parametrize(
    ("family", "first"), cases([GATE], [(f, v) for f in FAMILIES for v in VERBS if (f, v) != GATE])
)
def test_a_command_on_a_kit_meets_another_one(bench: Bench, family: str, first: str) -> None:
    tag = FAMILIES[family]
    with kit_kept(bench, tag):
        _meetings(Trial(bench, tag), first)


def _meetings(trial: Trial, first: str) -> None:
    bench, tag = trial.bench, trial.tag
    draw = random.Random(f"{tag} {first}")
    trial.begin()
    _, count = bench.killed(0, *words(first, tag))
    for second in cases(["apply"], [verb for verb in VERBS if verb != "apply"]):
        trial.begin()
        at = draw.randint(1, max(count, 1))  # a resume of nothing has none
        ends = bench.met(at, words(first, tag), words(second, tag))
        try:
            assert [end.code in ENDS for end in ends] == [True, True], ends
            assert "Traceback" not in "".join(end.err for end in ends), ends
            if "selftest" in {first, second} and not (bench.flash(tag) / "config.json").exists():
                bench.fault(tag, "radio")  # it started anew, and samples its radio every five minutes
            trial.holds(0)
            bench.ok("ledger", "verify")
        except AssertionError as error:
            raise AssertionError(f"{second} at {at} of {count} of {first}: {error}") from error


@dataclass
class Drifted:
    """A device that runs another value than the accepted one, and what it is that it runs."""

    bench: Bench
    tag: str
    verbs: Mapping[str, tuple[str, ...]]
    begin: Callable[[], None]
    runs: Callable[[], object]

    def holds(self, wanted: object) -> None:
        """What must be true once both commands have ended, whichever came first."""
        bench = self.bench
        bench.ok("resume")
        assert bench.workspace.unfinished() == {}
        (one,) = json.loads(bench.run("watch", self.tag, "--json").out)["devices"]
        accepted = bench.workspace.known[self.tag].snapshot.settings
        right = self.runs() in accepted.values()
        assert one["state"] == ("ok" if right else "drift"), one
        bench.ok("apply", self.tag, "--bench", "--yes")
        assert self.runs() == wanted
        bench.ok("ledger", "verify")


@contextmanager
def drifted_radio(bench: Bench) -> Iterator[Drifted]:
    with at_maratua(bench) as radio:

        def begin() -> None:
            provisioned(bench, radio)
            radio.alter(snmpSystemName="lain")

        yield Drifted(bench, RADIO, ON_A_RADIO, begin, lambda: radio.running["snmpSystemName"])


@contextmanager
def drifted_linux(bench: Bench) -> Iterator[Drifted]:
    tag = "BRU-PC-02"
    name = bench.flash(tag) / "etc/hostname"
    bench.pc(tag)
    yield Drifted(bench, tag, ON_A_PC, lambda: bench.drift(tag), lambda: name.read_text().strip())


@contextmanager
def drifted_windows(bench: Bench) -> Iterator[Drifted]:
    tag = "BRU-PC-10"
    path = bench.flash(tag) / "lab/windows.json"
    bench.pc(tag)

    def runs() -> object:
        return json.loads(path.read_text())["settings"]["system.timezone"]

    yield Drifted(bench, tag, ON_A_PC, lambda: bench.drift(tag), runs)


OTHERS = {
    "epmp": (drifted_radio, ON_A_RADIO), "linux": (drifted_linux, ON_A_PC), "windows": (drifted_windows, ON_A_PC),
}  # fmt: skip
OTHER_GATE = ("epmp", "apply")


@pytest.mark.parametrize(
    ("family", "first"), cases([OTHER_GATE], [(f, v) for f in OTHERS for v in OTHERS[f][1] if (f, v) != OTHER_GATE])
)
def test_a_command_on_a_radio_or_a_pc_meets_another_one(bench: Bench, family: str, first: str) -> None:
    made, verbs = OTHERS[family]
    with made(bench) as trial:
        draw = random.Random(f"{family} {first}")
        trial.begin()
        before = trial.runs()
        _, count = bench.killed(0, *words(first, trial.tag, verbs))
        bench.ok("apply", trial.tag, "--bench", "--yes")
        wanted = trial.runs()
        assert before != wanted, "the device had drifted"
        for second in cases(["watch"], [verb for verb in verbs if verb != "watch"]):
            trial.begin()
            at = draw.randint(1, max(count, 1))
            ends = bench.met(at, words(first, trial.tag, verbs), words(second, trial.tag, verbs))
            try:
                assert [end.code in ENDS for end in ends] == [True, True], ends
                assert "Traceback" not in "".join(end.err for end in ends), ends
                trial.holds(wanted)
            except AssertionError as error:
                raise AssertionError(f"{second} at {at} of {count} of {first}: {error}") from error
