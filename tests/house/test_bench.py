"""Every figure can be measured: a small run of each, in a network namespace of its own where a lab is part of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from forker import Forker

ROOT = Path(__file__).parents[2]
FIGURES = {
    "start": 1, "ledger": 1, "inventory": 2, "custody": 1, "snmp": 2, "computers": 8, "apply": 2, "kit": 3, "link": 4,
}  # fmt: skip
NEEDS_ROOT = ("computers", "apply", "kit", "link")


@pytest.fixture(scope="module")
def alone() -> Iterator[tuple[str, ...]]:
    """The words by which a figure is measured in a network namespace: the demo uses the same addresses.

    Its commands are forked there, so what it measures in the gate is that it can be measured.
    """
    namespace = f"kit-bench-{os.getpid()}"
    inside = ("ip", "netns", "exec", namespace)
    subprocess.run(["ip", "netns", "add", namespace], check=True)
    try:
        subprocess.run(["ip", "-n", namespace, "link", "set", "lo", "up"], check=True)
        forker = Forker(inside)
        forker.start()
        yield (*inside, str(forker.folder / "venv/bin/python"))
        forker.close()
    finally:
        subprocess.run(["ip", "netns", "delete", namespace], check=True)


@pytest.mark.parametrize("name", [n for n in FIGURES if os.geteuid() == 0 or n not in NEEDS_ROOT])
def test_a_small_run_measures_each_figure_and_keeps_it(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    python = (sys.executable,)
    if name in NEEDS_ROOT and name != "link":  # the link makes namespaces of its own
        python = request.getfixturevalue("alone")
    argv = [*python, str(ROOT / "bench/figures.py"), "--small", name]
    environment = os.environ | {"PROVISION_BENCH_RESULTS": str(tmp_path)}
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=environment, cwd=ROOT)
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
    assert done.returncode == 2
    assert set(done.stderr.strip().partition("one of: ")[2].split(", ")) == set(FIGURES)
