"""`kill -9` of everything at any moment; the next run reads each device back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time

import pytest
from labhome import Bench, until, while_it_runs

from provision.connectors import private
from provision.core.errors import ProvisionError
from provision.local.processes import sweep

pytestmark = pytest.mark.lab
TAG = "BRU-MDM-01"
OTHER = "BRU-MDM-04"


def kill_all(process: subprocess.Popen[str], run: str) -> None:
    """Kill the command, Ansible, its workers and ssh's masters, none of them able to clean up."""
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    sweep(private.mark(run), grace_s=0)


def run_of(bench: Bench, tag: str) -> str:
    return str(bench.last(tag, "apply.begun")["run"])


def whole_old_or_new(bench: Bench, tag: str) -> str:
    text = bench.config(tag, "system") + bench.config(tag, "network")
    if "option hostname 'OpenWrt'" in text:
        assert "wwan" not in text
        return "old"
    assert f"option hostname '{tag}'" in text
    assert "option apn" in text
    return "new"


@pytest.mark.parametrize("moment", ["begun", "armed", "committed", "finishing"])
def test_killed_then_resumed_it_is_the_old_or_the_new_and_recorded(bench: Bench, moment: str) -> None:
    bench.fresh(TAG)
    before = len(bench.workspace.ledger.history(TAG))
    bench.fault(TAG, "slow", "0.4" if moment == "finishing" else "0.1")
    process = bench.start("apply", TAG, "--bench", "--yes")
    guard = bench.flash(TAG) / "etc/kit"
    moments = {
        "begun": lambda: len(bench.workspace.ledger.history(TAG)) > before,
        "armed": (guard / "armed").exists,
        "committed": lambda: f"option hostname '{TAG}'" in bench.config(TAG, "system"),
        "finishing": lambda: f"option hostname '{TAG}'" in bench.config(TAG, "system"),
    }
    while_it_runs(process, moments[moment], moment)
    run = run_of(bench, TAG)
    kill_all(process, run)
    bench.fault(TAG, "slow")
    assert TAG in bench.workspace.unfinished()
    done = bench.run("resume")
    assert done.code == 0, done.out + done.err
    assert bench.workspace.unfinished() == {}
    ended = bench.last(TAG, "apply.ended")
    assert ended["run"] == run
    assert {"applied": "new", "reverted": "old"}[ended["ending"]] == whole_old_or_new(bench, TAG)
    assert not (guard / "armed").exists()
    begun = [e for e in bench.workspace.ledger.history(TAG) if e.verb == "apply.begun" and e.payload["run"] == run]
    assert len(begun) == 1


def test_killed_then_applied_again_it_is_provisioned_once(bench: Bench) -> None:
    bench.fresh(TAG)
    bench.fault(TAG, "slow", "0.1")
    process = bench.start("apply", TAG, "--bench", "--yes")
    while_it_runs(process, (bench.flash(TAG) / "etc/kit/armed").exists, "armed")
    run = run_of(bench, TAG)
    kill_all(process, run)
    bench.fault(TAG, "slow")
    done = bench.run("apply", TAG, "--bench", "--yes")
    assert done.code == 0, done.out + done.err
    assert bench.workspace.known[TAG].accepted
    assert bench.last(TAG, "apply.ended")["ending"] == "applied"
    assert whole_old_or_new(bench, TAG) == "new"


def test_left_alone_the_guard_brings_the_old_back_by_itself(bench: Bench) -> None:
    bench.fresh(TAG)
    bench.fault(TAG, "slow", "0.1")
    process = bench.start("apply", TAG, "--bench", "--yes", "--confirm-within", "10")
    while_it_runs(process, lambda: f"option hostname '{TAG}'" in bench.config(TAG, "system"), "committed")
    kill_all(process, run_of(bench, TAG))
    bench.fault(TAG, "slow")
    until(lambda: "option hostname 'OpenWrt'" in bench.config(TAG, "system"), "the guard reverts")
    until(lambda: bench.status(TAG)["addresses"] == [bench.workspace.home.intents[TAG].bench_address], "it moved back")
    done = bench.run("resume")
    assert done.code == 0, done.out + done.err
    assert bench.last(TAG, "apply.ended")["ending"] == "reverted"
    assert "the guard reverted it (timer)" in bench.last(TAG, "apply.ended")["because"]


def test_two_runs_on_one_device_the_second_is_refused_by_name(bench: Bench) -> None:
    bench.fresh(TAG)
    bench.fault(TAG, "slow", "0.3")
    first = bench.start("apply", TAG, "--bench", "--yes")
    while_it_runs(first, lambda: TAG in bench.workspace.unfinished(), "the first run began")
    run = run_of(bench, TAG)
    second = json.loads(bench.run("apply", TAG, "--bench", "--yes", "--json").out)
    assert [o["outcome"] for o in second["outcomes"]] == ["failed"]
    assert f"held by run {run}" in second["outcomes"][0]["because"]
    out, err = first.communicate(timeout=120)
    assert first.returncode == 0, out + err
    bench.fault(TAG, "slow")


def test_a_dead_holder_loses_its_lease_at_once(bench: Bench) -> None:
    bench.fresh(OTHER)  # one that runs as accepted is planned by its digest over SNMP, and its lease is over in no time
    bench.fault(OTHER, "slow", "5")  # the plan asks the box for longer than any pause between two of our own looks
    process = bench.start("plan", OTHER)
    while_it_runs(process, lambda: _lease(bench, OTHER) is not None, "the lease is taken")
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    bench.fault(OTHER, "slow")
    assert _lease(bench, OTHER) is not None, "nobody is left who could give it back"
    started = time.monotonic()
    bench.ok("apply", OTHER, "--bench", "--yes")
    assert time.monotonic() - started < 60


def _lease(bench: Bench, tag: str) -> object:
    with bench.workspace.ledger.engine.connect() as connection:
        return connection.exec_driver_sql("SELECT run FROM lease WHERE device = ?", (tag,)).fetchone()


def test_ctrl_c_says_what_to_do_and_leaves_no_child(bench: Bench) -> None:
    bench.fresh(TAG)
    bench.fault(TAG, "slow", "0.1")
    process = bench.start("apply", TAG, "--bench", "--yes", "--confirm-within", "10")
    while_it_runs(process, lambda: TAG in bench.workspace.unfinished(), "begun")
    run = run_of(bench, TAG)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"what was begun on {TAG} ends by itself: provision resume" in err
    from provision.local.processes import marked

    assert marked(private.mark(run)) == []
    bench.fault(TAG, "slow")
    bench.ok("resume")


def test_ctrl_c_before_anything_was_begun_says_so(bench: Bench) -> None:
    bench.provisioned(TAG)
    bench.fault(TAG, "slow", "0.2")
    process = bench.start("selftest", TAG, "--bench")
    while_it_runs(process, lambda: _lease(bench, TAG) is not None, "the lease is taken")
    assert TAG not in bench.workspace.unfinished()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err.strip().splitlines()[-1]) == (130, "interrupted; nothing was begun on a device")
    bench.fault(TAG, "slow")


def test_ansible_that_hangs_is_ended_with_all_its_children(bench: Bench) -> None:
    """The deadline of a phase ends everything that carries the run's mark."""
    from provision.connectors.ansible import Writer
    from provision.local.processes import marked

    bench.provisioned(OTHER)
    workspace = bench.workspace
    device = workspace.known[OTHER].device
    with Writer("hang-test", workspace.place.ssh_key, workspace.place.host_keys) as writer:
        hosts = writer.host(device) | {
            "feed_command": "sleep 60", "look_document": str(writer.put("x", b"x")), "look_output": str(writer.path / "y"),
        }  # fmt: skip
        started = time.monotonic()
        writer.phase("gather.yml", {OTHER: hosts}, lambda _: None, deadline_s=3)
        assert time.monotonic() - started < 20
        assert marked(private.mark("hang-test")) == []
        path = writer.path
    assert not path.exists()


def test_ansible_that_fails_by_itself_is_an_error_of_ours_and_of_no_device(bench: Bench) -> None:
    from provision.connectors.ansible import Writer

    bench.provisioned(OTHER)
    workspace = bench.workspace
    with Writer("broken-test", workspace.place.ssh_key, workspace.place.host_keys) as writer:
        hosts = {OTHER: writer.host(workspace.known[OTHER].device)}
        with pytest.raises(ProvisionError, match="Ansible ended with"):
            writer.phase("no-such-play.yml", hosts, lambda _: None, deadline_s=30)
