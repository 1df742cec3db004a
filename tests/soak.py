"""What takes longer than a gate may: `./run soak [PART…] [--seconds N] [--acts N] [--seed N]`.

    acts      lists of acts and faults on a modem, by hypothesis (tests/unit/test_chaos.py); --acts: how many lists
    inputs    every test with generated inputs, --acts inputs each
    matrix    every case of a matrix of which the gate takes some: kills at every boundary, pairs of commands, doors
    chaos     verbs at once on the lab's kits, and blows at named steps (tests/lab/test_storm.py); --seconds
    mutants   all rows of tests/mutants.yml
    coverage  what the unit tests alone reach of what decides: at least 85 % of the branches of each file
    fuzz      every reader of what devices say, by coverage; --seconds for all targets together

The seed fixes which lists and inputs are made; which process is faster is not claimed. It ends by itself, and prints
its command, seed, duration and counts.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
LENGTH = 40  # acts in one list
LEAST = 85.0  # percent, lines and branches together
TARGETS = ("uci", "routeros", "look-shell", "look-rsc", "look-pdu", "objects", "computer", "report", "snmpv3", "rows")


def _run(words: list[str], **environment: str) -> int:
    return subprocess.run([sys.executable, *words], cwd=ROOT, env=os.environ | environment, check=False).returncode


def acts(asked: argparse.Namespace) -> int:
    """Run lists of acts; each ends in the same invariants as in the gate."""
    words = ["-m", "pytest", "-q", "-n", "0", "-s", f"--hypothesis-seed={asked.seed}", "tests/unit/test_chaos.py"]
    return _run(words, PROVISION_SOAK_LISTS=str(asked.acts), PROVISION_SOAK_LENGTH=str(LENGTH))


def inputs(asked: argparse.Namespace) -> int:
    """Run every test with generated inputs, with as many as are asked for."""
    words = ["-m", "pytest", "-q", "-n", str(os.cpu_count()), "-m", "hypothesis", "-o", "timeout=3600"]
    words += [f"--hypothesis-seed={asked.seed}", "tests/unit", "tests/contract"]
    return _run([*words, "--deselect", "tests/unit/test_chaos.py"], PROVISION_SOAK_INPUTS=str(asked.acts))


def matrix(_: argparse.Namespace) -> int:
    """Run the tests of a matrix with all their cases."""
    files = ["engines/test_pairs.py", "lab/test_boundaries.py", "lab/test_doors.py", "lab/test_radio_link.py"]
    files += ["lab/test_meetings.py", "lab/test_stopped.py", "engines/test_expected.py"]
    words = ["-m", "pytest", "-q", "-n", str(os.cpu_count()), "--dist", "loadfile", "-o", "timeout=3600"]
    return _run([*words, *(f"tests/{name}" for name in files)], PROVISION_SOAK_MATRIX="1")


def chaos(asked: argparse.Namespace) -> int:
    """Run verbs at once, with blows, until the time is over; it prints how often each kind hit."""
    words = ["-m", "pytest", "-q", "-n", "0", "-s", "-o", "timeout=0", "tests/lab/test_storm.py"]
    return _run(words, PROVISION_SOAK_CHAOS=str(asked.seconds), PROVISION_SOAK_SEED=str(asked.seed))


def mutants(_: argparse.Namespace) -> int:
    """Prove all rows."""
    return _run(["tests/proves.py"])


def coverage(_: argparse.Namespace) -> int:
    """Run the unit tests and nothing else; fail where they reach less than LEAST of a file that decides."""
    from proves import DECIDES

    with tempfile.TemporaryDirectory(prefix="coverage-") as folder:
        report = Path(folder) / "coverage.json"
        data = f"--data-file={folder}/data"
        words = ["run", "--branch", "--source=provision", data, "-m", "pytest", "-q", "-n", "0", "tests/unit"]
        if code := _run(["-m", "coverage", *words]):
            return code
        if code := _run(["-m", "coverage", "json", "-q", data, "-o", str(report)]):
            return code
        files = json.loads(report.read_text())["files"]
    reached = {name: files[f"provision/{name}.py"]["summary"]["percent_covered"] for name in DECIDES}
    for name, percent in sorted(reached.items(), key=lambda one: one[1]):
        print(f"{percent:5.1f} %  provision/{name}.py")
    return int(min(reached.values()) < LEAST)


def fuzz(asked: argparse.Namespace) -> int:
    """Fuzz every target for its share of the time."""
    (ROOT / ".fuzz").mkdir(exist_ok=True)
    each = max(asked.seconds // len(TARGETS), 1)
    for target in TARGETS:
        (ROOT / ".fuzz" / target).mkdir(exist_ok=True)
        options = [f"-max_total_time={each}", f"-seed={asked.seed}", "-max_len=4096", "-timeout=5", "-verbosity=0"]
        if _run(["tests/fuzz/fuzz.py", target, *options, f"-artifact_prefix=.fuzz/{target}-", f".fuzz/{target}"]):
            return 1
    return 0


PARTS: dict[str, Callable[[argparse.Namespace], int]] = {
    "acts": acts, "inputs": inputs, "matrix": matrix, "chaos": chaos, "mutants": mutants, "coverage": coverage, "fuzz": fuzz,
}  # fmt: skip


def main() -> None:
    """Run the parts that were asked for, all by default; exit 1 where one failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--acts", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    asked = parser.parse_args()
    if unknown := set(asked.parts) - set(PARTS):
        sys.exit(f"no such part: {', '.join(sorted(unknown))}; one of: {', '.join(PARTS)}")
    failed = []
    for name in asked.parts or PARTS:
        began = time.monotonic()
        code = PARTS[name](asked)
        print(
            f"{name}: seed {asked.seed}, {asked.acts} acts, {time.monotonic() - began:.0f} s: exit {code}", flush=True
        )
        failed += [name] if code else []
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
