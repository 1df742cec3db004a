"""Where dropbear, busybox and snmpd are not installed, the lab's stand-ins carry the same line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from labhome import Bench, make_home

from provision.home.workspace import Workspace
from provision.lab import client

pytestmark = pytest.mark.lab
TAG = "BRU-MDM-01"


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setenv("PROVISION_LAB_STANDINS", "1")
    home = make_home(tmp_path / "home", 4)  # beside the addresses of four workers
    bench = Bench(home, Workspace(home))
    bench.ok("lab", "up")
    yield bench
    bench.ok("lab", "down")
    bench.hand.ledger.close()


def test_the_whole_line_runs_on_standins(bench: Bench) -> None:
    assert client.ask(bench.home / "var/lab", {"verb": "status"})["real"] is False
    bench.ok("register", str(bench.home / "inventory/delivery.csv"))
    bench.enrol(TAG)
    bench.ok("apply", TAG, "--bench", "--yes")
    findings = json.loads(bench.ok("verify", TAG, "--json").out)["findings"]
    assert {f["verdict"] for f in findings} == {"pass"}
    again = json.loads(bench.ok("apply", TAG, "--bench", "--yes", "--json").out)["outcomes"]
    assert [o["outcome"] for o in again] == ["unchanged"]
