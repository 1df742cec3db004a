"""Two commands at once on a real kit of each family: the first is stopped at a boundary while the second one runs.

Whatever met whatever: the ledger is whole, no run is open after `resume`, the vault has the secrets that the device runs,
the hub lets it in, and what is told as right is right. The gate has one meeting; `./run soak matrix` has every ordered
pair, each at a boundary that its names draw. `tests/engines/test_pairs.py` has every write of each pair, on OpenWrt.
"""

from __future__ import annotations

import random

import pytest
from labhome import Bench
from matrix import cases
from test_boundaries import FAMILIES, KITS, Trial

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
ENDS = {0, 1, 2, 3}  # each of them says what happened; a negative one or another is a crash


def words(verb: str, tag: str) -> list[str]:
    return [word.format(tag) for word in VERBS[verb]]


@pytest.mark.parametrize(
    ("family", "first"), cases([GATE], [(f, v) for f in FAMILIES for v in VERBS if (f, v) != GATE])
)
def test_a_command_on_a_kit_meets_another_one(bench: Bench, family: str, first: str) -> None:
    tag = FAMILIES[family]
    kit = bench.home / f"inventory/kits/{KITS[tag]}.yml"
    before = kit.read_text()
    try:
        _meetings(Trial(bench, tag), first)
    finally:
        kit.write_text(before)


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
