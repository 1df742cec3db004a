"""A lab home of its own for each pytest worker: other loopback addresses, other files."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from labhome import Bench, make_home
from zygote import Zygote

from provision.lab import client
from provision.office import Office
from provision.processes import sweep


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Bench]:
    worker = int(worker_id.removeprefix("gw")) if worker_id.startswith("gw") else 0
    home = make_home(tmp_path_factory.mktemp("lab") / "home", worker)
    short = Path(tempfile.mkdtemp(prefix="zygote-"))  # the name of a socket is short
    zygote = Zygote(short)
    one = Bench(home, Office(home), zygote)
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
        zygote.stop()
        shutil.rmtree(short, ignore_errors=True)
