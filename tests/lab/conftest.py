"""A lab home of its own for each pytest worker: other loopback addresses, other files."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from labhome import Bench, make_home
from matrix import SOAK

from provision.home.workspace import Workspace
from provision.lab import client
from provision.local.processes import sweep

collect_ignore = [] if SOAK else ["test_meetings.py"]  # each of its cases is of the soak; pairs are in tests/engines


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Bench]:
    worker = int(worker_id.removeprefix("gw")) if worker_id.startswith("gw") else 0
    home = make_home(tmp_path_factory.mktemp("lab") / "home", worker)
    one = Bench(home, Workspace(home))
    one.ok("lab", "up")
    try:
        one.ok("register", str(home / "inventory/delivery.csv"))
        yield one
    finally:
        run = client.run_directory(home / "var/lab")
        one.run("lab", "down")
        one.hand.ledger.close()
        sweep(f"KIT_LAB_DEVICE={run}")
        shutil.rmtree(run, ignore_errors=True)
