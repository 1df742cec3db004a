"""What all tests share."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Generator
from pathlib import Path

import pytest
import shares
from hypothesis import HealthCheck, settings

settings.register_profile(  # a busy machine is no fault; other inputs each time, and thousands, are the soak's
    "house",
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=25,
)
settings.register_profile(
    "soak",
    parent=settings.get_profile("house"),
    derandomize=False,
    max_examples=int(os.environ.get("PROVISION_SOAK_INPUTS", "100")),
)
settings.load_profile("soak" if "PROVISION_SOAK_INPUTS" in os.environ else "house")
ROOT = Path(__file__).parent.parent
MEMORY, ROOM = Path("/dev/shm"), 4 << 30
if (
    MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM
):  # thousands of files are flushed: no test waits for a disk
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


@pytest.fixture
def root() -> Path:
    return ROOT


def pytest_collection_finish() -> None:
    """What is imported and collected stays: the collector of garbage need not look at it after each test again."""
    gc.collect()
    gc.freeze()


def pytest_report_header() -> str:
    one, five, fifteen = os.getloadavg()
    return f"load of this machine before: {one:.1f}, {five:.1f}, {fifteen:.1f} on {os.cpu_count()} cores"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what each share of the gate took, where the whole gate ran."""
    if os.environ.get("PROVISION_GATE") != "whole":
        return
    reports = [r for some in terminalreporter.stats.values() for r in some if isinstance(r, pytest.TestReport)]
    terminalreporter.section("shares (seconds of all workers together)")
    for line in shares.lines([(r.nodeid, r.duration) for r in reports], float(os.environ.get("PROVISION_LINT_S", "0"))):
        terminalreporter.write_line(line)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Nothing is left out in CI: what would be skipped there fails, and says what it lacks."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true" and not hasattr(report, "wasxfail"):
        report.outcome, report.longrepr = "failed", f"left out in CI: {report.longrepr}"
    return report
