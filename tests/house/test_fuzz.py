"""A short run of the coverage-guided fuzzer over each reader; `./run fuzz` is the long one."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FUZZ = ROOT / "tests/fuzz/fuzz.py"
TARGETS = re.findall(r'^    "([a-z0-9-]+)": (?:refuses|v3|rows)', FUZZ.read_text(), re.MULTILINE)

pytestmark = pytest.mark.skipif(not importlib.util.find_spec("atheris"), reason="atheris has no wheel for this machine")


def test_the_run_script_fuzzes_every_target() -> None:
    assert len(TARGETS) >= 7
    listed = re.search(r"for target in ([a-z0-9 -]+); do", (ROOT / "run").read_text())
    assert listed
    assert listed[1].split() == TARGETS


@pytest.mark.parametrize("target", TARGETS)
def test_no_reader_crashes_hangs_or_invents(target: str, tmp_path: Path) -> None:
    found = tmp_path / "found"  # libFuzzer writes into the first folder
    found.mkdir()
    seeds = sorted(str(p) for p in (ROOT / "tests/recordings").iterdir())
    done = subprocess.run(
        [sys.executable, str(FUZZ), target, "-runs=3000", "-max_len=4096", "-timeout=10", "-verbosity=0",
         f"-artifact_prefix={tmp_path}/", str(found), *seeds],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:] + done.stdout[-500:]
