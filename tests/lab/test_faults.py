"""Each fault gives a clear error with what, where and the next step, and loses nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from labhome import Bench, until, while_it_runs

from provision import families
from provision.core.errors import ProvisionError
from provision.lab import client
from provision.lab.box import Box
from provision.local.processes import marked

pytestmark = pytest.mark.lab
TAG = "BRU-MDM-08"
OTHER = "BRU-MDM-11"


def outcome(bench: Bench, *words: str) -> dict:
    done = bench.run("apply", TAG, "--yes", "--json", *words)
    return {"code": done.code} | json.loads(done.out)["outcomes"][0]


def edit(bench: Bench, slug: str, old: str, new: str) -> None:
    kit = bench.home / f"inventory/kits/{slug}.yml"
    text = kit.read_text()
    assert old in text
    kit.write_text(text.replace(old, new))


@pytest.fixture
def note(bench: Bench) -> object:
    """A change of the site note, taken back afterwards."""
    bench.provisioned(TAG)
    kit = bench.home / "inventory/kits/biduk-biduk.yml"
    text = kit.read_text()
    kit.write_text(text.replace("Kantor Camat Biduk-Biduk", "Kantor Camat Biduk-Biduk, lantai 2"))
    yield
    kit.write_text(text)


def test_a_device_that_is_off_fails_fast_and_nothing_was_sent(bench: Bench, note: object) -> None:
    bench.fault(TAG, "login", "yes")
    bench.fault(TAG, "snmp", "yes")
    said = outcome(bench, "--bench")
    bench.fault(TAG, "login")
    bench.fault(TAG, "snmp")
    assert (said["outcome"], said["code"]) == ("failed", 1)
    assert TAG in said["because"]
    assert bench.workspace.unfinished() == {}
    assert "lantai 2" not in bench.config(TAG, "system")


def test_one_dead_device_hides_no_other(bench: Bench) -> None:
    bench.provisioned(OTHER)
    bench.provisioned(TAG)
    edit(bench, "maratua", "Kantor Camat Maratua", "Kantor Camat Maratua 2")
    edit(bench, "biduk-biduk", "Kantor Camat Biduk-Biduk", "Kantor Camat Biduk-Biduk 2")
    bench.fault(TAG, "snmp", "yes")
    bench.fault(TAG, "login", "yes")
    try:
        done = bench.run("apply", TAG, OTHER, "--bench", "--yes", "--json")
        ends = {o["device"]: o["outcome"] for o in json.loads(done.out)["outcomes"]}
        assert ends == {TAG: "failed", OTHER: "applied"}
        assert done.code == 1
    finally:
        bench.fault(TAG, "snmp")
        bench.fault(TAG, "login")
        edit(bench, "maratua", "Kantor Camat Maratua 2", "Kantor Camat Maratua")
        edit(bench, "biduk-biduk", "Kantor Camat Biduk-Biduk 2", "Kantor Camat Biduk-Biduk")
        bench.ok("apply", OTHER, "--bench", "--yes")


def test_a_link_cut_in_the_middle_ends_in_one_whole_configuration(bench: Bench) -> None:
    bench.fresh(TAG)
    bench.fault(TAG, "slow", "0.1")
    process = bench.start("apply", TAG, "--bench", "--yes", "--json")
    while_it_runs(process, (bench.flash(TAG) / "etc/kit/armed").exists, "armed")
    bench.fault(TAG, "link", "4")
    out, err = process.communicate(timeout=200)
    bench.fault(TAG, "slow")
    assert json.loads(out)["outcomes"][0]["outcome"] in {"applied", "reverted"}, out + err
    assert bench.workspace.unfinished() == {}
    assert not (bench.flash(TAG) / "etc/kit/armed").exists()


def test_a_power_cut_in_the_middle_of_a_real_apply(bench: Bench) -> None:
    bench.fresh(TAG)
    bench.fault(TAG, "slow", "0.1")
    process = bench.start("apply", TAG, "--bench", "--yes", "--json")
    while_it_runs(process, lambda: f"option hostname '{TAG}'" in bench.config(TAG, "system"), "committed")
    bench.fault(TAG, "power", "1")
    out, err = process.communicate(timeout=200)
    bench.fault(TAG, "slow")
    end = json.loads(out)["outcomes"][0]["outcome"]
    running = "applied" if f"option hostname '{TAG}'" in bench.config(TAG, "system") else "reverted"
    assert end == running, out + err
    assert bench.workspace.unfinished() == {}


def test_another_host_key_is_refused_and_never_added(bench: Bench, note: object) -> None:
    pinned = (bench.home / "var/host-keys" / TAG).read_bytes()
    for key in (bench.flash(TAG) / "etc/dropbear").glob("*host_key"):
        key.unlink()
    bench.fault(TAG, "power", "0")
    said = outcome(bench, "--bench")
    assert said["outcome"] == "failed"
    assert "host key is not the pinned one" in said["because"]
    assert (bench.home / "var/host-keys" / TAG).read_bytes() == pinned
    assert "lantai 2" not in bench.config(TAG, "system")
    bench.fresh(TAG)


def test_enrol_refuses_another_host_key_without_the_word_for_it(bench: Bench) -> None:
    bench.provisioned(TAG)
    bench.fault(TAG, "reset")
    done = bench.run("enrol", TAG, "--yes")
    assert done.code == 1
    assert "the host key changed" in done.err
    assert "--new-key" in done.err


def test_a_changed_serial_is_red_and_nothing_is_written(bench: Bench, note: object) -> None:
    bench.fault(TAG, "serial", "LIE123")
    try:
        until(lambda: finding(bench, "it_is_the_recorded_modem")["verdict"] == "fail", "snmpd's cache is over", 30)
        assert "LIE123" in finding(bench, "it_is_the_recorded_modem")["because"]
        said = outcome(bench, "--bench")
        assert said["outcome"] == "failed"
        assert "another box answers" in said["because"]
        assert "lantai 2" not in bench.config(TAG, "system")
    finally:
        bench.fault(TAG, "serial")


def test_enrol_refuses_a_box_that_is_not_the_recorded_one(bench: Bench) -> None:
    bench.fresh(TAG)
    bench.fault(TAG, "serial", "LIE123")
    try:
        done = bench.run("enrol", TAG, "--yes")
        assert done.code == 1
        assert f"this is not {TAG}: serial is LIE123" in done.err
    finally:
        bench.fault(TAG, "serial")


def test_enrol_names_the_packages_that_are_missing(bench: Bench) -> None:
    if TAG in bench.workspace.unfinished():
        bench.run("resume")
    bench.fault(TAG, "reset")
    done = bench.run("enrol", TAG, "--yes", "--new-key")
    assert done.code == 1
    assert "packages are missing on the device: wireguard-tools, snmpd" in done.err
    assert "--packages DIR" in done.err


def test_a_full_flash_is_refused_before_anything_changes(bench: Bench) -> None:
    bench.fresh(TAG)
    before = {p: bench.config(TAG, p) for p in ("system", "network", "firewall", "snmpd")}
    bench.fault(TAG, "full", "yes")
    try:
        said = outcome(bench, "--bench")
        assert said["outcome"] in {"failed", "reverted"}
        assert "flash" in said["because"]
        assert before == {p: bench.config(TAG, p) for p in before}
    finally:
        bench.fault(TAG, "full")
    assert bench.workspace.unfinished() == {}
    bench.ok("apply", TAG, "--bench", "--yes")


def test_a_stale_plan_is_refused(bench: Bench, note: object) -> None:
    """The plan is made, the device moves, the approval comes too late."""
    from provision.devices.run import ApplyRequest, Callbacks
    from provision.operations import apply

    system = bench.flash(TAG) / "etc/config/system"
    text = system.read_text()
    workspace = bench.workspace

    def approve(plans: object) -> bool:
        system.write_text(text.replace("option zonename", "option log_size '64'\n\toption zonename"))
        return True

    try:
        intent = workspace.intent(TAG)
        done = apply.apply(workspace, [intent], ApplyRequest(bench=True), Callbacks(approve=approve))
        (end,) = done.outcomes
        assert end.ending == "failed"
        assert "stale" in end.because
        assert "lantai 2" not in system.read_text()
        assert bench.workspace.unfinished() == {}
    finally:
        system.write_text(text)


def test_output_that_is_not_utf8_is_shown_as_drift_not_as_a_crash(bench: Bench) -> None:
    bench.provisioned(TAG)
    system = bench.flash(TAG) / "etc/config/system"
    text = system.read_bytes()
    system.write_bytes(text.replace(b"Kantor Camat Biduk-Biduk", b"Kantor \xff\xfe"))
    try:
        until(lambda: bench.run("plan", TAG, "--bench").code == 3, "snmpd's cache of 5 s is over", 30)
        done = bench.run("plan", TAG, "--bench", "--json")
        (plan,) = json.loads(done.out)["plans"]
        assert plan["changes"][0]["path"] == "system.@system.notes"
        assert "\\xff" in plan["changes"][0]["running"]
    finally:
        system.write_bytes(text)


def test_hostile_values_of_the_intent_reach_the_device_as_text(bench: Bench, tmp_path: Path) -> None:
    import provision.lab.uciconfig as real

    bench.provisioned(OTHER)
    hostile = "it's \"q\" $(touch /tmp/owned) `id` {{ 7*7 }} {% raw %} \\ # ; | & < > 'x'\nset system.@system[0].hostname='x'\nKIT-\n"
    edit(bench, "maratua", "Kantor Camat Maratua, Teluk Harapan", json.dumps(hostile))
    try:
        done = bench.run("apply", OTHER, "--bench", "--yes")
        assert done.code == 0, done.out + done.err
        package = real.Package(str(bench.flash(OTHER)), "system")
        assert package.sections[0].options["notes"] == hostile
        assert package.sections[0].options["hostname"] == OTHER
        bench.ok("plan", OTHER, "--bench")
        assert not Path("/tmp/owned").exists()
    finally:
        edit(bench, "maratua", json.dumps(hostile), "Kantor Camat Maratua, Teluk Harapan")
        bench.ok("apply", OTHER, "--bench", "--yes")


def test_snmp_that_is_silent_is_unknown_never_green(bench: Bench) -> None:
    bench.provisioned(TAG)
    bench.fault(TAG, "snmp", "yes")
    try:
        done = bench.run("verify", TAG, "--json")
        assert done.code == 3
        found = {f["check"]: f["verdict"] for f in json.loads(done.out)["findings"]}
        assert found.pop("office_can_log_in") == "pass", "SSH is another way"
        assert set(found.values()) == {"unknown"}
    finally:
        bench.fault(TAG, "snmp")


def test_a_stale_or_silly_radio_value_is_unknown(bench: Bench) -> None:
    bench.provisioned(TAG)
    try:
        bench.fault(TAG, "radio", json.dumps({"type": "lte", "rssi": 0, "rsrp": 0, "rsrq": -9, "snr": -32768}))
        until(lambda: radio(bench)["verdict"] == "unknown", "the silly value is read", 30)
        assert "not measured" in radio(bench)["because"]
        bench.fault(TAG, "radio", json.dumps({"type": "lte", "rssi": -90, "rsrp": -117, "rsrq": -15, "snr": 20}))
        until(lambda: radio(bench)["verdict"] == "fail", "the weak value is read", 30)
        assert "SINR 2 dB" in radio(bench)["because"]  # an integer is tenths, from an older uqmi
    finally:
        bench.fault(TAG, "radio")


def radio(bench: Bench) -> dict:
    return finding(bench, "signal_carries_a_call")


def finding(bench: Bench, check: str) -> dict:
    findings = json.loads(bench.run("verify", TAG, "--json").out)["findings"]
    return next(f for f in findings if f["check"] == check)


def test_selftest_shows_the_way_back_then_the_field_goes_one_first(bench: Bench, note: object) -> None:
    refused = outcome(bench)
    assert "provision selftest" in refused["because"]
    done = bench.ok("selftest", TAG)
    assert "timer brought the old configuration back" in done.err
    assert "boot brought the old configuration back" in done.err
    assert outcome(bench)["outcome"] == "applied"


def test_a_changed_path_is_proved_only_after_the_device_has_taken_it(bench: Bench) -> None:
    bench.provisioned(TAG)
    if outcome(bench)["outcome"] == "failed":
        bench.ok("selftest", TAG)
    edit(bench, "biduk-biduk", "apn: telkomsel", "apn: tri")
    try:
        started = time.monotonic()
        assert outcome(bench)["outcome"] == "applied"
        assert time.monotonic() - started > families.load("openwrt").commit.settle_s
    finally:
        edit(bench, "biduk-biduk", "apn: tri", "apn: telkomsel")
        bench.ok("apply", TAG, "--bench", "--yes")


def test_several_sites_go_one_first_and_stop_where_it_fails(bench: Bench, note: object) -> None:
    bench.provisioned(OTHER)
    if outcome(bench)["outcome"] != "applied":
        bench.ok("selftest", TAG)
    for slug, name in (("biduk-biduk", "Biduk-Biduk, lantai 2"), ("maratua", "Maratua, Teluk Harapan")):
        edit(bench, slug, f"Kantor Camat {name}", f"Kantor Camat {name}, pintu timur")
    try:
        bench.fault(TAG, "full", "1")
        done = bench.run("apply", TAG, OTHER, "--yes", "--json")
        first, second = json.loads(done.out)["outcomes"]
        assert (done.code, first["outcome"], second["outcome"]) == (1, "failed", "failed")
        assert "full" in first["because"]
        assert (second["step"], second["because"]) == ("canary", "not begun: the first site failed")
        assert "pintu timur" not in bench.config(OTHER, "system")
        bench.fault(TAG, "full")
        done = bench.run("apply", TAG, OTHER, "--yes", "--json")
        assert [o["outcome"] for o in json.loads(done.out)["outcomes"]] == ["applied", "applied"], done.err
        numbers = {
            (tag, verb): next(e.number for e in reversed(bench.workspace.ledger.history(tag)) if e.verb == verb)
            for tag in (TAG, OTHER)
            for verb in ("apply.begun", "apply.ended")
        }
        assert numbers[TAG, "apply.ended"] < numbers[OTHER, "apply.begun"]
    finally:
        bench.fault(TAG, "full")
        edit(bench, "maratua", ", pintu timur", "")
        bench.ok("apply", OTHER, "--bench", "--yes")


def test_a_drill_that_breaks_off_after_arming_stays_open_for_resume(bench: Bench) -> None:
    bench.provisioned(TAG)
    before = bench.config(TAG, "system")
    ubus = bench.flash(TAG) / "usr/sbin/ubus"
    word = ubus.read_text()
    ubus.write_text("#!/bin/sh\nexit 255\n")  # rpcd is down
    try:
        done = bench.run("selftest", TAG, "--bench")
        assert done.code == 1
        assert "the drill broke off: rpcd gave no session" in done.err
        assert "provision resume" in done.err
        assert TAG in bench.workspace.unfinished()
    finally:
        ubus.write_text(word)
    assert "reverted" in bench.run("resume").out
    assert TAG not in bench.workspace.unfinished()
    assert bench.config(TAG, "system") == before
    assert not (bench.flash(TAG) / "etc/kit/armed").exists()


# -- the office's side -----------------------------------------------------------------------------


def small(bench: Bench, tmp_path: Path) -> Path:
    """A copy without the ledger: reading a live SQLite file here would drop this process's locks on it."""
    home = tmp_path / "small"
    shutil.copytree(bench.home / "inventory", home / "inventory", ignore=shutil.ignore_patterns("*.lock"))
    shutil.copytree(bench.home / "var", home / "var", ignore=shutil.ignore_patterns("lab", "ledger.*", "*.lock"))
    return home


def test_a_wrong_vault_password_is_refused_by_name(bench: Bench) -> None:
    bench.provisioned(TAG)
    done = bench.run("verify", TAG, env={"PROVISION_VAULT_PASSWORD": "wrong"})
    assert done.code == 1
    assert "the vault does not open" in done.err
    assert "secrets.vault.yml" in done.err
    assert "next:" in done.err


def test_an_unknown_target_names_the_nearest(bench: Bench) -> None:
    done = bench.run("apply", "maratwa", "--bench", "--yes")
    assert done.code == 2
    assert "did you mean maratua?" in done.err
    assert "names no modem" in bench.run("selftest", "Talisayan").err


@pytest.mark.parametrize("words", [("selftest", "all"), ("adopt", "all", "--reason", "x")])
def test_what_takes_one_device_refuses_several_by_name(bench: Bench, words: tuple[str, ...]) -> None:
    done = bench.run(*words)
    assert done.code == 2
    assert "all names 8 devices; this takes one" in done.err
    assert "a device tag or a kecamatan" in done.err


def test_a_kecamatan_in_any_spelling_is_found(bench: Bench) -> None:
    bench.provisioned(TAG)
    bench.pc("BRU-PC-08")
    for name in ("BIDUK BIDUK", "biduk-biduk", "Biduk-Biduk", TAG.lower()):
        bench.ok("verify", name)


mount = pytest.mark.skipif(
    os.getuid() != 0 or subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode != 0,
    reason="needs a mount namespace of its own",
)


@mount
def test_a_full_disk_loses_nothing_and_says_so(bench: Bench, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    script = f"""
mount -t tmpfs -o size=1500k none {disk}
{sys.executable} -m provision init {disk}/home --lab
{sys.executable} -m provision --home {disk}/home register {disk}/home/inventory/delivery.csv || exit 7
dd if=/dev/zero of={disk}/fill bs=1k 2>/dev/null
sed -i '$d' {disk}/home/inventory/delivery.csv 2>/dev/null
echo '99,BRU-SPK-99,Speaker,Logitech,S150,ZZ99,1.3.2.10.02.02.016,Baik,2026,1,,,' >{tmp_path}/more.csv
head -1 {disk}/home/inventory/delivery.csv | cat - {tmp_path}/more.csv >{tmp_path}/list.csv
for n in 1 2 3 4 5 6 7 8 9; do
  sed "s/-99/-9$n/; s/ZZ99/ZZ9$n/" {tmp_path}/list.csv >{tmp_path}/list$n.csv
  {sys.executable} -m provision --home {disk}/home register {tmp_path}/list$n.csv || break
done
rm {disk}/fill
{sys.executable} -m provision --home {disk}/home ledger verify
"""
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script], capture_output=True, text=True, check=False, timeout=120
    )
    assert "free some space on this disk" in done.stderr, done.stderr
    assert done.stderr.strip().splitlines()[-1].startswith("whole: ")


@mount
def test_a_read_only_home_is_refused_with_the_next_step(bench: Bench, tmp_path: Path) -> None:
    home = small(bench, tmp_path)
    script = f"mount --bind {home} {home} && mount -o remount,ro,bind {home} && exec {sys.executable} -m provision --home {home} verify {TAG}"
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    assert "next:" in done.stderr
    assert "Traceback" not in done.stderr


def test_two_first_commands_at_once_both_succeed(bench: Bench, tmp_path: Path) -> None:
    home = tmp_path / "new"
    bench.ok("init", str(home), "--lab")
    pair = [bench.start("register", str(home / "inventory/delivery.csv"), home=home) for _ in range(2)]
    ends = [p.communicate(timeout=60) for p in pair]
    assert [p.returncode for p in pair] == [0, 0], ends
    counted = [int(err.split("read: ")[1].split(" ")[0]) for _, err in ends]
    assert sorted(counted) in ([0, 65], [65, 65])
    done = bench.run("ledger", "verify", home=home)
    assert done.code == 0
    assert done.err.strip() == "whole: 130 events"


def test_a_lab_that_cannot_start_leaves_no_process_that_holds_its_addresses(bench: Bench, tmp_path: Path) -> None:
    """A second lab on the same addresses, as a typing mistake makes it."""
    boxes = [Box(**b) for b in json.loads((bench.home / "var/lab/boxes.json").read_text()) if "imei" in b]
    with pytest.raises(ProvisionError, match="the lab did not start"):
        client.up(tmp_path / "lab", boxes)
    run = client.run_directory(tmp_path / "lab")
    until(lambda: not [t for b in boxes for t in marked(f"KIT_LAB_DEVICE={run / b.tag}")], "nothing of it is left")
    assert not run.exists()
    assert bench.status(TAG)["on"]
