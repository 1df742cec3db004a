"""A command that was stopped for longer than its lease goes on, and changes nothing: the device itself refuses it.

It is stopped at the start of the program that sends its change. Another command takes the lease over and ends the run
meanwhile. The gate has one modem and one PC, `./run soak matrix` every family.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from labhome import Bench, until
from matrix import cases
from radiohome import TAG as RADIO
from radiohome import at_maratua, provisioned
from test_boundaries import FAMILIES, Trial

pytestmark = pytest.mark.lab
PLAYS = {"modem": "apply.yml", "pc": "endpoint.yml"}


def asleep(bench: Bench) -> None:
    """Every lease is of a run that has given no sign of life for longer than a lease lasts."""
    with bench.workspace.ledger.writing() as connection:
        assert connection.exec_driver_sql("UPDATE lease SET seen_at = seen_at - 1000").rowcount


def taken_over(bench: Bench, tag: str, play: str, running: Callable[[], object], *words: str) -> str:
    """Stop a command before it sends its change, end its run, let it go on; return what it then said."""
    before = running()
    with bench.stopped(play, *words) as command:
        assert tag in {*bench.workspace.unfinished(), *open_on_pcs(bench)}
        asleep(bench)
        done = bench.run("resume")
        assert done.code in {0, 1}, done
        assert bench.workspace.unfinished() == {}
        assert open_on_pcs(bench) == set()
        events = len(bench.workspace.ledger.history(tag))
    late = command.result()
    assert late.code == 1, late
    assert "Traceback" not in late.err
    assert "gave no sign of life for too long" in late.out + late.err, late
    assert running() == before, "it changed the device"
    assert len(bench.workspace.ledger.history(tag)) == events, "it recorded something"
    bench.ok("ledger", "verify")
    return late.out + late.err


def open_on_pcs(bench: Bench) -> set[str]:
    from provision.core.model import Kind
    from provision.devices import journal

    return set(journal.unfinished(bench.workspace, Kind.PC))


@pytest.mark.parametrize("family", cases(["openwrt"], ["rutos", "routeros"]))
def test_a_stopped_apply_changes_nothing_on_a_modem(bench: Bench, family: str) -> None:
    tag = FAMILIES[family]
    trial = Trial(bench, tag)
    trial.begin()

    def running() -> object:
        root = bench.flash(tag)
        if (root / "config.json").exists():
            return json.loads((root / "config.json").read_text())["menus"]
        return {p.name: p.read_bytes() for p in (root / "etc/config").iterdir()}, (root / "etc/kit/armed").exists()

    taken_over(bench, tag, PLAYS["modem"], running, "apply", tag, "--bench", "--yes")
    assert barred(bench, tag)
    trial.holds(0)
    bench.ok("apply", tag, "--bench", "--yes")


def barred(bench: Bench, tag: str) -> bool:
    """The device knows which run may not begin on it any more."""
    run = bench.last(tag, "apply.begun")["run"]
    root = bench.flash(tag)
    if (root / "config.json").exists():
        return any(f"kit-barred-{run}" in path.name for path in (root / "files").rglob("*"))
    return run in (root / "etc/kit/barred").read_text().splitlines()


@pytest.mark.parametrize("tag", cases(["BRU-PC-02"], ["BRU-PC-10"]))
def test_a_stopped_apply_changes_nothing_on_a_pc(bench: Bench, tag: str) -> None:
    bench.pc(tag)
    windows = bench.flash(tag) / "lab/windows.json"

    def settings() -> object:
        if windows.exists():
            return json.loads(windows.read_text())["settings"]
        return (bench.flash(tag) / "etc/hostname").read_text()

    bench.drift(tag)
    taken_over(bench, tag, PLAYS["pc"], settings, "apply", tag, "--bench", "--yes")
    bench.ok("apply", tag, "--bench", "--yes")
    assert bench.run("watch", tag).code == 0


@pytest.mark.parametrize("agent", cases(["plain"], ["numbered"]))
def test_a_stopped_apply_changes_nothing_on_a_radio(bench: Bench, agent: str) -> None:
    """With an agent that numbers each SET, and with one that does not."""
    with at_maratua(bench) as radio:
        provisioned(bench, radio)
        if agent == "numbered":
            radio.stop()
            radio.start(numbered=True)
            until(lambda: bench.run("watch", RADIO).code == 0, "the agent answers")
        radio.alter(webService="3", snmpSystemName="lain")
        taken_over(bench, RADIO, PLAYS["modem"], lambda: radio.running, "apply", RADIO, "--bench", "--yes")
        assert apply_ends(bench) == "applied"


def apply_ends(bench: Bench) -> str:
    return str(json.loads(bench.run("apply", RADIO, "--bench", "--yes", "--json").out)["outcomes"][0]["outcome"])
