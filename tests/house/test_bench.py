"""Every figure can be measured: a small run of each, in a network namespace of its own where a lab is part of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ALONE = ("unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")  # the demo uses the same addresses
FIGURES = {
    "start": 1, "ledger": 1, "inventory": 2, "custody": 1, "snmp": 2, "computers": 8, "apply": 2, "kit": 3, "link": 3,
}  # fmt: skip
NEEDS_ROOT = ("computers", "apply", "kit", "link")


@pytest.mark.parametrize("name", [n for n in FIGURES if os.geteuid() == 0 or n not in NEEDS_ROOT])
def test_a_small_run_measures_each_figure_and_keeps_it(name: str, tmp_path: Path) -> None:
    argv = [sys.executable, str(ROOT / "bench/figures.py"), "--small", name]
    alone = ALONE if name in NEEDS_ROOT and name != "link" else ()  # the link makes namespaces of its own
    environment = os.environ | {"PROVISION_BENCH_RESULTS": str(tmp_path)}
    done = subprocess.run([*alone, *argv], capture_output=True, text=True, check=False, env=environment, cwd=ROOT)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-500:]
    (kept,) = tmp_path.glob("*.json")
    body = json.loads(kept.read_text())
    assert [row["verdict"] for row in body["rows"]] == ["measured"] * FIGURES[name], body
    assert all(row["seen"] for row in body["rows"])
    for row in body["rows"]:
        assert f"{row['figure']}  " in done.stdout, "and it stands in the table"


def test_every_figure_is_tried() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "bench/figures.py"), "no-such"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert set(done.stderr.strip().partition("one of: ")[2].split(", ")) == set(FIGURES)
