"""The conference PCs of the lab: enrolled, brought to the baseline, verified, watched, and broken."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from labhome import Bench, while_it_runs
from test_killed import kill_all

from provision.home.keys import pinned
from provision.lab.pcfactory import PASSWORD

pytestmark = pytest.mark.lab
TAG, OTHER = "BRU-PC-02", "BRU-PC-05"


@pytest.fixture(autouse=True)
def _ready(bench: Bench) -> None:
    bench.pc(TAG)


def verdicts(bench: Bench, tag: str = TAG) -> dict[str, tuple[str, str]]:
    findings = json.loads(bench.run("verify", tag, "--json").out)["findings"]
    return {f["check"]: (f["verdict"], f["because"]) for f in findings}


def watched(bench: Bench, tag: str = TAG) -> dict:
    done = bench.run("watch", tag, "--json")
    (one,) = json.loads(done.out)["devices"]
    return one | {"code": done.code}


def test_an_enrolled_pc_is_brought_to_the_baseline_and_is_green(bench: Bench) -> None:
    root = bench.flash(TAG)
    assert (root / "etc/hostname").read_text() == TAG + "\n"
    assert str((root / "etc/localtime").readlink()).endswith("Asia/Makassar")
    assert {v for v, _ in verdicts(bench).values()} == {"pass"}
    assert bench.last(TAG, "peripherals.bound")["things"]["webcam"]["port"] == "1-2"
    verbs = [e.verb for e in bench.workspace.ledger.history(TAG)]
    assert verbs.index("endpoint.begun") < verbs.index("device.accepted")
    again = json.loads(bench.ok("apply", TAG, "--bench", "--yes", "--json").out)
    assert [o["outcome"] for o in again["outcomes"]] == ["unchanged"]


def test_a_hand_on_the_pc_is_drift_and_an_apply_repairs_it(bench: Bench) -> None:
    (bench.flash(TAG) / "etc/hostname").write_text("pc-pak-camat\n")
    found = watched(bench)
    assert (found["code"], found["state"]) == (3, "drift")
    assert found["changes"] == [{"path": "system.hostname", "accepted": TAG, "running": "pc-pak-camat"}]
    plan = json.loads(bench.run("plan", TAG, "--json").out)["plans"]
    assert [c["path"] for c in plan[0]["changes"]] == ["system.hostname"]
    bench.ok("apply", TAG, "--yes")
    assert watched(bench)["state"] == "ok"


def test_an_intent_that_changes_is_a_plan_and_no_drift(bench: Bench) -> None:
    defaults = bench.home / "inventory/defaults.yml"
    text = defaults.read_text()
    for apps in ("[]", "[zoom, jitsi-meet]"):
        defaults.write_text(text.replace("apps: [zoom]", f"apps: {apps}"))
        try:
            assert watched(bench)["state"] == "ok"
            assert verdicts(bench)["baseline_is_the_accepted_one"][0] == "pass"
            assert bench.run("plan", TAG).code == (3 if "jitsi" in apps else 0)
        finally:
            defaults.write_text(text)


def test_a_pc_that_is_off_is_unreachable_and_unknown_never_green(bench: Bench) -> None:
    bench.fault(TAG, "off", "1")
    try:
        found = watched(bench)
        assert (found["code"], found["state"]) == (1, "unreachable")
        assert {v for v, _ in verdicts(bench).values()} == {"unknown"}
        done = bench.run("apply", TAG, "--yes", "--json")
        assert done.code == 1
        assert json.loads(done.out)["outcomes"][0]["outcome"] == "failed"
    finally:
        bench.fault(TAG, "off")
    assert watched(bench)["state"] == "ok"


@pytest.mark.parametrize(
    ("fault", "value", "check", "verdict"),
    [
        ("clock", "86400", "clock_is_right", "fail"),
        ("disk", "900", "disk_has_room", "fail"),
        ("webcam", "gone", "camera_is_present", "fail"),
        ("webcam", "other", "peripherals_are_the_kits_own", "fail"),
        ("webcam", "moved", "peripherals_are_the_kits_own", "warn"),
        ("webcam", "twice", "camera_is_present", "warn"),
        ("microphone", "gone", "microphone_is_present", "fail"),
        ("speaker", "other", "peripherals_are_the_kits_own", "fail"),
        ("serial", "AC000", "it_is_the_recorded_computer", "fail"),
        ("serial", "To be filled by O.E.M.", "it_is_the_recorded_computer", "unknown"),
    ],
)
def test_what_is_broken_is_named(bench: Bench, fault: str, value: str, check: str, verdict: str) -> None:
    bench.fault(TAG, fault, value)
    try:
        assert verdicts(bench)[check][0] == verdict
    finally:
        bench.fault(TAG, fault)


def test_another_pc_behind_the_address_is_unknown_and_nothing_is_set_on_it(bench: Bench) -> None:
    bench.fault(TAG, "serial", "AC000")
    (bench.flash(TAG) / "etc/hostname").write_text("tetangga\n")
    try:
        assert watched(bench)["state"] == "unknown"
        done = bench.run("apply", TAG, "--yes", "--json")
        assert "another PC" in json.loads(done.out)["outcomes"][0]["because"]
        assert (bench.flash(TAG) / "etc/hostname").read_text() == "tetangga\n"
    finally:
        bench.fault(TAG, "serial")
        bench.ok("apply", TAG, "--yes")


def test_another_webcam_is_bound_only_by_a_recorded_act(bench: Bench) -> None:
    bench.fault(TAG, "webcam", "twice")
    done = bench.run("bind", TAG, "--reason", "x")
    assert done.code == 1
    assert "2 x webcam" in done.err
    bench.fault(TAG, "webcam", "other")
    try:
        bench.ok("bind", TAG, "--reason", "webcam lama rusak, diganti dari stok")
        assert verdicts(bench)["peripherals_are_the_kits_own"][0] == "pass"
        assert bench.last(TAG, "peripherals.bound")["reason"].startswith("webcam lama")
    finally:
        bench.fault(TAG, "webcam")
        bench.ok("bind", TAG, "--reason", "webcam asli kembali")
    assert bench.run("bind", TAG, "--reason", " ").code == 2
    assert bench.run("bind", "BRU-MDM-01", "--reason", "x").code == 2


def test_a_pc_with_another_serial_or_a_shut_door_is_not_enrolled_and_not_pinned(bench: Bench) -> None:
    for fault, value, said in (("serial", "AC000", "this is not"), ("login", "1", "ssh-copy-id")):
        bench.fault(OTHER, fault, value)
        try:
            done = bench.run("enrol", OTHER, "--yes")
        finally:
            bench.fault(OTHER, fault)
        assert done.code == 1
        assert said in done.err
        assert pinned(bench.home / "var/host-keys", OTHER) == ""
        assert OTHER not in bench.workspace.known


def test_an_app_without_its_package_is_not_accepted(bench: Bench) -> None:
    tag = "BRU-PC-06"
    bench.ok("enrol", tag, "--yes")
    done = bench.run("apply", tag, "--bench", "--yes")
    assert done.code == 1
    assert "--packages DIR" in done.out
    assert not bench.workspace.known[tag].accepted
    bench.ok("apply", tag, "--bench", "--yes", "--packages", str(bench.home / "var/lab/packages"))
    assert bench.workspace.known[tag].accepted


def test_a_program_without_python_on_the_pc_says_so(bench: Bench) -> None:
    word = next(bench.run_dir(TAG).glob("words/python3"))
    word.rename(word.with_name("python3.away"))
    try:
        assert "not found" in verdicts(bench)["clock_is_right"][1]
    finally:
        word.with_name("python3.away").rename(word)


def test_an_apply_with_nothing_to_do_asks_a_pc_once(bench: Bench) -> None:
    """What its look said is what the verify behind it judges: no second login, no second collector."""
    bench.pc(TAG)
    asked = bench.home / "asked"
    word = next(bench.run_dir(TAG).glob("words/python3"))
    away = word.with_name("python3.away")
    word.rename(away)
    word.write_text(f'#!/bin/sh\necho once >>"{asked}"\nexec "{away}" "$@"\n')
    word.chmod(0o755)
    try:
        bench.ok("plan", TAG)
        a_look = asked.read_text()
        asked.unlink()
        done = bench.ok("apply", TAG, "--yes", "--json")
        assert json.loads(done.out)["outcomes"][0]["outcome"] == "unchanged"
        assert asked.read_text() == a_look
        assert bench.last(TAG, "device.judged")["findings"]
    finally:
        away.rename(word)


@pytest.mark.parametrize("verb", ["apply", "return"])
def test_a_run_that_is_killed_is_looked_at_and_ended_by_resume(bench: Bench, verb: str) -> None:
    tag = "BRU-PC-09"
    bench.pc(tag)
    (bench.flash(tag) / "etc/hostname").write_text("lain\n")
    before = len(bench.workspace.ledger.history(tag))
    if verb == "return":
        bench.ok("apply", tag, "--yes")
        bench.ok("handover", "teluk-bayur", "--to", "Y", "--nip", "197203041998032005")
        bench.ok("handover", "teluk-bayur", "--signed", bench.workspace.today())
        before = len(bench.workspace.ledger.history(tag))
        process = bench.start("return", "teluk-bayur", "--receiver", "x")
    else:
        process = bench.start("apply", tag, "--yes")
    while_it_runs(process, lambda: len(bench.workspace.ledger.history(tag)) > before, "it has begun")
    kill_all(process, str(bench.last(tag, "endpoint.begun")["run"]))
    done = bench.run("resume")
    assert tag in done.out, done.err
    assert bench.last(tag, "endpoint.ended")["ending"] in {"applied", "failed"}
    assert "nothing to resume" in bench.ok("resume").err
    if verb == "return":
        bench.ok("return", "teluk-bayur", "--receiver", "x", "--not-undone", "diputus saat uji")
    else:
        bench.ok("apply", tag, "--yes")
        assert watched(bench, tag)["state"] == "ok"


@pytest.mark.parametrize("tag", [TAG, "BRU-PC-13"])
def test_the_drill_of_a_pc_tells_each_step(bench: Bench, tag: str) -> None:
    bench.pc(tag)
    done = bench.run("selftest", tag)
    assert done.code == 0, done.err
    steps = [line.split()[1] for line in done.err.splitlines() if line.startswith(("pass", "✓"))]
    assert steps[:5] == ["look", "collector", "again", "baseline", "outbox"]
    bench.fault(tag, "disk", "900")
    bench.fault(tag, "off", "1")
    try:
        done = bench.run("selftest", tag)
        assert done.code == 3
        assert "no answer" in done.err
    finally:
        bench.fault(tag, "off")
        bench.fault(tag, "disk")
    done = bench.run("selftest", "BRU-PC-14")
    assert done.code == 2


@pytest.mark.parametrize(
    ("fault", "value", "check", "verdict", "said"),
    [
        ("sound", "muted", "it_hears_itself", "fail", "no signal"),
        ("sound", "quiet", "it_hears_itself", "fail", "too quiet"),
        ("sound", "clipped", "it_hears_itself", "fail", "distorted"),
        ("sound", "late", "it_hears_itself", "warn", "late echo"),
        ("sound", "busy", "it_hears_itself", "unknown", "zoom"),
        ("sound", "dead", "default_devices_are_the_kits_own", "unknown", "sound"),
        ("sound", "default", "default_devices_are_the_kits_own", "fail", "alsa_output.hdmi"),
        ("camera", "black", "it_sees", "fail", "dark"),
        ("camera", "white", "it_sees", "fail", "white"),
        ("camera", "flat", "it_sees", "fail", "one colour"),
        ("camera", "frozen", "it_sees", "warn", "the same to the bit"),
        ("camera", "held", "it_sees", "unknown", "zoom"),
        ("webcam", "gone", "it_sees", "fail", "no camera"),
        ("speaker", "gone", "it_hears_itself", "fail", "the speaker"),
        ("microphone", "gone", "it_hears_itself", "fail", "the microphone"),
        ("app", "5.0-1", "conference_app_is_new_enough", "fail", "6.0 is needed"),
    ],
)
def test_what_it_does_not_hear_or_see_is_told(
    bench: Bench, fault: str, value: str, check: str, verdict: str, said: str
) -> None:
    bench.fault(TAG, fault, value)
    try:
        findings = json.loads(bench.run("verify", TAG, "--live", "--json").out)["findings"]
    finally:
        bench.fault(TAG, fault)
    found = next((f["verdict"], f["because"]) for f in findings if f["check"] == check)
    assert (found[0], said in found[1]) == (verdict, True), found


def test_ansible_reaches_the_pcs_of_the_inventory(bench: Bench) -> None:
    bench.ok("inventory", "--write")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ANSIBLE")}
    environment["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    argv = ["ansible", "-i", "inventory/", TAG.lower(), "-m", "ansible.builtin.raw", "-a", "uptime"]
    done = subprocess.run(argv, cwd=bench.home, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "load average" in done.stdout
    listed = json.loads(bench.ok("inventory", "--list").out)
    assert TAG.lower() in listed["computers"]["hosts"]
    assert "snmp_port" not in listed["_meta"]["hostvars"][TAG.lower()]


def test_a_pc_that_was_given_back_lets_the_office_in_again_as_it_is_advised(bench: Bench) -> None:
    """`ssh-copy-id` asks for the password of the account; here it is given by a library, since nobody types it."""
    import asyncssh

    device = bench.workspace.known[TAG].device
    keys = bench.flash(TAG) / "root/.ssh/authorized_keys"
    kept = keys.read_text()
    keys.write_text("")
    assert "ssh-copy-id" in bench.run("enrol", TAG, "--yes").err

    async def copy_id() -> None:
        where = {
            "host": device.bench_host,
            "port": device.ssh_port,
            "username": "root",
            "known_hosts": None,
            "server_host_key_algs": ["ssh-ed25519"],
        }
        async with asyncssh.connect(**where, password=PASSWORD, client_keys=None, agent_path=None) as connection:
            await connection.run('cat >>"$HOME/.ssh/authorized_keys"', input=kept, check=True)

    asyncio.run(copy_id())
    assert keys.read_text() == kept
    assert bench.run("plan", TAG, "--bench").code in {0, 3}
