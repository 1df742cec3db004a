"""The main job, by the commands that a person types."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from labhome import Bench

pytestmark = pytest.mark.lab
TAG = "BRU-MDM-11"


@pytest.fixture(scope="module", autouse=True)
def whole(bench: Bench) -> None:
    bench.provisioned(TAG)


def test_the_box_runs_what_was_intended(bench: Bench) -> None:
    network = bench.config(TAG, "network")
    assert "option apn 'internet'" in network
    assert "config wireguard_wg_hub 'hub'" in network
    assert "option hostname 'BRU-MDM-11'" in bench.config(TAG, "system")
    assert "WITA-8" in bench.config(TAG, "system")
    assert "option PasswordAuth 'off'" in bench.config(TAG, "dropbear")


def test_nothing_of_the_factorys_communities_is_left(bench: Bench) -> None:
    text = bench.config(TAG, "snmpd")
    assert "public" not in text
    assert "private" not in text.replace("privacy", "")
    assert "option engineid 'BRU-MDM-11'" in text


def test_it_moved_to_its_new_addresses(bench: Bench) -> None:
    status = bench.status(TAG)
    intent = bench.workspace.home.intents[TAG]
    assert status["addresses"] == [intent.lan.address, intent.address]


def test_the_inventory_names_the_public_key_of_the_key_on_the_box(bench: Bench) -> None:
    private = re.search(r"option private_key '([^']+)'", bench.config(TAG, "network"))
    assert private
    key = X25519PrivateKey.from_private_bytes(base64.b64decode(private[1])).public_key().public_bytes_raw()
    host = json.loads(bench.ok("inventory", "--host", TAG).out)
    assert base64.b64decode(host["tunnel_key"]) == key


def test_a_password_no_longer_lets_anybody_in(bench: Bench) -> None:
    intent = bench.workspace.home.intents[TAG]
    done = subprocess.run(
        ["ssh", "-F", "none", "-v", "-o", "BatchMode=yes", "-o", f"UserKnownHostsFile={bench.home}/var/host-keys/{TAG}",
         "-o", f"HostKeyAlias={TAG}", "-o", "PubkeyAuthentication=no", "-p", str(intent.ssh_port), f"root@{intent.address}", "true"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 255
    assert "Authentications that can continue: publickey\n" in done.stderr


def test_verify_is_green_and_says_so_in_json(bench: Bench) -> None:
    findings = json.loads(bench.ok("verify", TAG, "--json").out)["findings"]
    assert {f["verdict"] for f in findings} == {"pass"}
    assert {"check", "device", "verdict", "because", "remedy"} == set(findings[0])


def test_a_second_apply_says_unchanged_and_touches_nothing(bench: Bench) -> None:
    before = {p: p.stat().st_mtime_ns for p in (bench.flash(TAG) / "etc").rglob("*") if p.is_file()}
    said = json.loads(bench.ok("apply", TAG, "--bench", "--yes", "--json").out)
    assert [(o["device"], o["outcome"]) for o in said["outcomes"]] == [(TAG, "unchanged")]
    after = {p: p.stat().st_mtime_ns for p in (bench.flash(TAG) / "etc").rglob("*") if p.is_file()}
    assert after == before


def test_plan_says_the_same_with_exit_0_and_differs_with_exit_3(bench: Bench) -> None:
    bench.ok("plan", TAG, "--bench")
    kit = bench.home / "inventory/kits/maratua.yml"
    text = kit.read_text()
    kit.write_text(text.replace("apn: telkomsel", "apn: xl").replace("Kantor Camat Maratua", "Kantor Camat Baru"))
    try:
        done = bench.run("plan", TAG, "--bench", "--json")
        assert done.code == 3
        (plan,) = json.loads(done.out)["plans"]
        assert [c["path"] for c in plan["changes"]] == ["system.@system.notes"]
    finally:
        kit.write_text(text)


def test_ansible_uses_the_home_as_it_is_without_a_warning(bench: Bench) -> None:
    bench.ok("inventory", "--write")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ANSIBLE")} | {"PATH": path}
    for argv in (
        ["ansible-inventory", "-i", "inventory/", "--list"],
        ["ansible", "-i", "inventory/", "maratua", "-m", "ansible.builtin.raw", "-a", "uptime"],
    ):
        done = subprocess.run(argv, cwd=bench.home, capture_output=True, text=True, check=False, env=environment)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "WARNING" not in done.stdout + done.stderr
    assert "load average" in done.stdout


def test_the_inventory_is_the_same_bytes_each_time_and_holds_no_secret(bench: Bench) -> None:
    first, second = bench.ok("inventory", "--list").out, bench.ok("inventory", "--list").out
    assert first == second
    built = json.loads(first)
    for group in ("maratua", "modems", "driver_openwrt", "link_lte"):
        assert "bru-mdm-11" in built[group]["hosts"]
    host = json.loads(bench.ok("inventory", "--host", "bru-mdm-11").out)
    assert host == built["_meta"]["hostvars"]["bru-mdm-11"]
    for text in bench.workspace.vault.device(TAG).values():
        assert text.reveal() not in first


def test_every_act_on_the_box_is_in_the_ledger(bench: Bench) -> None:
    events = json.loads(bench.ok("history", TAG, "--json").out)["events"]
    verbs = [e["verb"] for e in events]
    assert verbs[0] == "item.registered"
    for verb in ("device.enrolled", "apply.begun", "device.accepted", "apply.ended", "device.judged"):
        assert verb in verbs
    assert all(e["actor"] for e in events)
    assert bench.ok("ledger", "verify").err.startswith("whole: ")


def test_the_history_of_a_kecamatan_is_that_of_all_its_items(bench: Bench) -> None:
    events = json.loads(bench.ok("history", "MARATUA", "--json").out)["events"]
    assert {e["subject"] for e in events} == {f"BRU-{kind}-11" for kind in ("PC", "SPK", "CAM", "MIC", "MDM")}


def test_no_child_and_no_private_directory_outlives_a_run(bench: Bench) -> None:
    from provision.connectors import private

    assert private.reap() == [], "directories of runs that are dead"
    ours = f"{bench.home}/.*ControlPath=.*{private.PREFIX}"  # other labs run beside this one
    found = subprocess.run(["pgrep", "-f", ours], capture_output=True, text=True, check=False)
    assert found.stdout == ""
