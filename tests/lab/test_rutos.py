"""A Teltonika walks the same line: OpenWrt's words and its own, its vendor's MIB, an engine ID that must be learned."""

from __future__ import annotations

import json

import pytest
from labhome import Bench, until

pytestmark = pytest.mark.lab
TAG, SLUG = "BRU-MDM-13", "biatan"


@pytest.fixture(scope="module", autouse=True)
def whole(bench: Bench) -> None:
    bench.provisioned(TAG)


def state(bench: Bench) -> dict:
    return json.loads(bench.run("watch", TAG, "--json").out)["devices"][0]


def alter(bench: Bench, package: str, old: str, new: str) -> None:
    path = bench.flash(TAG) / "etc/config" / package
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_it_runs_what_was_intended(bench: Bench) -> None:
    network = bench.config(TAG, "network")
    mobile = network.partition("config interface 'mob1s1a1'")[2].partition("\nconfig ")[0]
    assert "option auto_apn '0'" in mobile
    assert "option apn 'internet'" in mobile
    assert "option modem '1-1'" in mobile, "what belongs to the board stays"
    snmp = bench.config(TAG, "snmpd")
    assert ("public" in snmp, "private'" in snmp, "option v1mode '0'" in snmp) == (False, False, True)
    assert "option zoneName 'Asia/Makassar'" in bench.config(TAG, "ntpclient")
    assert "0.openwrt.pool.ntp.org" not in bench.config(TAG, "ntpclient")
    assert "option primary '1'" in bench.config(TAG, "simcard")
    assert "option PasswordAuth 'off'" in bench.config(TAG, "dropbear")


def test_the_second_apply_changes_nothing(bench: Bench) -> None:
    done = bench.ok("apply", TAG, "--bench", "--yes", "--json")
    assert json.loads(done.out)["outcomes"][0]["outcome"] == "unchanged"
    assert state(bench)["state"] == "ok"


def test_the_radio_is_read_from_the_vendors_mib(bench: Bench) -> None:
    bench.fault(TAG, "radio", json.dumps({"state": "Registered, home", "rsrp": -120, "sinr": 2}))
    try:
        found = {f["check"]: f for f in json.loads(bench.run("verify", TAG, "--json").out)["findings"]}
        assert found["signal_carries_a_call"]["verdict"] == "fail"
        assert "RSRP -120 dBm, SINR 2 dB" in found["signal_carries_a_call"]["because"]
        bench.fault(TAG, "radio", json.dumps({"state": "Not registered, searching", "rsrp": 0, "sinr": 0}))
        found = {f["check"]: f for f in json.loads(bench.run("verify", TAG, "--json").out)["findings"]}
        assert found["it_is_registered"]["verdict"] == "fail"
        assert found["signal_carries_a_call"]["verdict"] == "unknown"
        assert "not measured" in found["signal_carries_a_call"]["because"]
    finally:
        bench.fault(TAG, "radio", "")
    bench.ok("verify", TAG)


def test_an_engine_id_that_moved_is_learned_again(bench: Bench) -> None:
    before = json.loads((bench.home / "var/hints.json").read_text())[f"{TAG}.engine"]
    bench.fault(TAG, "power", "0")
    until(lambda: bench.run("verify", TAG).code == 0, "the agent is up and read")
    assert json.loads((bench.home / "var/hints.json").read_text())[f"{TAG}.engine"] != before
    (bench.home / "var/hints.json").write_text("[]")
    bench.ok("verify", TAG)


def test_a_hand_on_the_mobile_interface_is_drift(bench: Bench) -> None:
    alter(bench, "network", "option apn 'internet'", "option apn 'coba'")
    found = state(bench)
    assert found["state"] == "drift"
    assert [(c["path"], c["running"]) for c in found["changes"]] == [("network.mob1s1a1.apn", "coba")]
    bench.ok("apply", TAG, "--bench", "--yes")
    until(lambda: state(bench)["state"] == "ok", "the agent is up again and says what was accepted")


def test_what_the_box_counts_by_itself_is_no_drift(bench: Bench) -> None:
    alter(bench, "ntpclient", "option freq '0'", "option freq '-31'")
    assert state(bench)["state"] == "ok"


def test_the_second_sim_slot(bench: Bench) -> None:
    kit = bench.home / f"inventory/kits/{SLUG}.yml"
    text = kit.read_text()
    try:
        kit.write_text(text.replace("modem:\n", 'modem:\n  sim: "2"\n', 1))
        bench.ok("apply", TAG, "--bench", "--yes")
        second = bench.config(TAG, "network").partition("config interface 'mob1s2a1'")[2].partition("\nconfig ")[0]
        assert "option apn 'internet'" in second
        assert "list network 'mob1s2a1'" in bench.config(TAG, "firewall")
        assert (
            "option primary '0'"
            in bench.config(TAG, "simcard").partition("option position '1'")[2].partition("config")[0]
        )
    finally:
        kit.write_text(text)
        bench.ok("apply", TAG, "--bench", "--yes")


def test_failover_goes_over_the_satellite_first_and_can_be_taken_back(bench: Bench) -> None:
    kit = bench.home / f"inventory/kits/{SLUG}.yml"
    text = kit.read_text()
    try:
        kit.write_text(text.replace("modem:\n", "modem:\n  failover: true\n", 1))
        bench.ok("apply", TAG, "--bench", "--yes")
        own = bench.config(TAG, "mwan3")
        members = own.partition("config policy 'mwan_default'")[2].split("list use_member ")[1:3]
        assert [m.split()[0] for m in members] == ["'wan_member_mwan'", "'mob1s1a1_member_mwan'"]
        assert own.count("option enabled '1'") == 2
        assert "list network 'wan'" in bench.config(TAG, "firewall")
    finally:
        kit.write_text(text)
        bench.ok("apply", TAG, "--bench", "--yes")
    own = bench.config(TAG, "mwan3")
    assert ("option enabled '1'" in own, "config condition" in own) == (False, False)
    until(lambda: state(bench)["state"] == "ok", "the agent is up again and says what was accepted")


def test_the_drill_shows_the_way_back(bench: Bench) -> None:
    said = bench.ok("selftest", TAG, "--bench").err
    assert "timer brought" in said
    assert "boot brought" in said
