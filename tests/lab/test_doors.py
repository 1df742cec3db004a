"""A change of the way in is confirmed by a new login through it, and by nothing else: an open connection proves nothing."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from labhome import Bench, until, while_it_runs
from matrix import cases

pytestmark = pytest.mark.lab
SLUGS = {"BRU-MDM-04": "segah", "BRU-MDM-13": "biatan", "BRU-MDM-12": "batu-putih"}
WINDOW = ("--confirm-within", "12")
ANOTHER_PORT = 2223


@contextmanager
def edited(bench: Bench, tag: str, line: str) -> Iterator[None]:
    """Another intent of the modem: a line of its section."""
    path = bench.home / f"inventory/kits/{SLUGS[tag]}.yml"
    text = path.read_text()
    path.write_text(text.replace("modem:\n", f"modem:\n  {line}\n", 1))
    try:
        yield
    finally:
        path.write_text(text)


@contextmanager
def shut(bench: Bench, tag: str, how: str) -> Iterator[None]:
    bench.fault(tag, "door", how)
    try:
        yield
    finally:
        bench.fault(tag, "door")


def connects(host: str, port: int) -> str:
    """What a new connection meets: the fault has to bite."""
    with contextlib.closing(socket.socket()) as one:
        one.settimeout(1)
        try:
            one.connect((host, port))
        except ConnectionRefusedError:
            return "refused"
        except TimeoutError:
            return "dropped"
    return "open"


@pytest.mark.parametrize(
    ("tag", "how"),
    cases(
        [("BRU-MDM-04", "drop"), ("BRU-MDM-12", "refuse")],
        [("BRU-MDM-04", "refuse"), ("BRU-MDM-13", "drop"), ("BRU-MDM-13", "refuse"), ("BRU-MDM-12", "drop")],
    ),
)
def test_a_port_at_which_nobody_gets_in_is_put_back(bench: Bench, tag: str, how: str) -> None:
    bench.provisioned(tag)
    before = bench.workspace.known[tag]
    with edited(bench, tag, f"ssh_port: {ANOTHER_PORT}"), shut(bench, tag, f"{how} {ANOTHER_PORT}"):
        process = bench.start("apply", tag, "--bench", "--yes", "--json", *WINDOW)
        host = before.device.bench_host
        words = {"refuse": "refused", "drop": "dropped"}
        while_it_runs(process, lambda: connects(host, before.device.ssh_port) == "refused", "the port moved")
        while_it_runs(process, lambda: connects(host, ANOTHER_PORT) == words[how], "the fault bites")
        out, err = process.communicate(timeout=200)
        (outcome,) = json.loads(out)["outcomes"]
        if outcome["outcome"] == "unconfirmed":  # the guard puts it back by itself
            until(lambda: bench.run("resume").code == 0, "its run ends", deadline_s=60)
            assert bench.last(tag, "apply.ended")["ending"] == "reverted"
        else:
            assert outcome["outcome"] == "reverted", out + err
    after = bench.workspace.known[tag]
    assert (after.device, after.seen) == (before.device, before.seen), "nothing was accepted"
    until(lambda: connects(host, before.device.ssh_port) == "open", "the old way in is back")
    bench.ok("verify", tag, "--bench")


def test_a_new_address_at_which_nobody_gets_in_is_put_back_though_the_old_one_is_open(bench: Bench) -> None:
    """A MikroTik keeps the old address until the new one is proved: a login there proves nothing of the new one."""
    tag = "BRU-MDM-12"
    bench.fresh(tag)
    before = bench.workspace.known[tag]
    new = bench.workspace.home.intents[tag].lan.address
    with shut(bench, tag, f"refuse {new}"):
        done = bench.run("apply", tag, "--bench", "--yes", "--json", *WINDOW)
        outcome = json.loads(done.out)["outcomes"][0]
        assert outcome["outcome"] == "reverted", done.out + done.err
        assert connects(before.device.bench_host, before.device.ssh_port) == "open"
    assert not bench.workspace.known[tag].accepted


def armed(bench: Bench, tag: str) -> bool:
    if (bench.flash(tag) / "etc/kit").exists():
        return (bench.flash(tag) / "etc/kit/armed").exists()
    menus = json.loads((bench.flash(tag) / "config.json").read_text())["menus"]
    return any(job["name"] == "kit-undo" for job in menus["/system/scheduler"])


@pytest.mark.parametrize("tag", cases(["BRU-MDM-04"], ["BRU-MDM-12", "BRU-MDM-13"]))
def test_new_secrets_with_which_nobody_gets_in_are_put_back(bench: Bench, tag: str) -> None:
    """Address and port stay, and the connection of the change lives on: only a new login is refused."""
    bench.provisioned(tag)
    before, own = bench.workspace.known[tag], bench.workspace.vault.device(tag)
    bench.fault(tag, "slow", "0.2")
    process = bench.start("secret", "rotate", tag, "--bench", "--yes", "--json")
    while_it_runs(process, lambda: armed(bench, tag), "the guard is armed")
    with shut(bench, tag, "refuse"):
        out, err = process.communicate(timeout=400)
        assert json.loads(out)["outcomes"][0]["outcome"] in {"reverted", "unconfirmed"}, out + err
    bench.fault(tag, "slow")
    until(lambda: bench.run("resume").code == 0, "its run ends", deadline_s=240)
    assert bench.last(tag, "apply.ended")["ending"] == "reverted"
    assert bench.workspace.known[tag].device == before.device
    assert bench.workspace.vault.device(tag) == own
    bench.ok("verify", tag, "--bench")


def test_a_verify_logs_in_anew_and_a_watch_warns_when_nobody_has_for_long(bench: Bench) -> None:
    tag = "BRU-MDM-04"
    bench.provisioned(tag)
    with shut(bench, tag, "refuse"):
        assert json.loads(bench.ok("watch", tag, "--json").out)["devices"][0]["state"] == "ok", "SNMP answers"
        done = bench.run("verify", tag, "--bench", "--json")
        found = {f["check"]: f for f in json.loads(done.out)["findings"]}["office_can_log_in"]
        assert (done.code, found["verdict"]) == (3, "unknown")
        assert "Connection refused" in found["because"]
    bench.fault(tag, "login", "1")
    try:
        found = json.loads(bench.run("verify", tag, "--bench", "--json").out)["findings"]
        assert {f["check"]: f["verdict"] for f in found}["office_can_log_in"] == "fail"
    finally:
        bench.fault(tag, "login")
    found = json.loads(bench.ok("verify", tag, "--bench", "--json").out)["findings"]
    assert {f["check"]: f["verdict"] for f in found}["office_can_log_in"] == "pass"
