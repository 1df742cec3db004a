"""Going back, new secrets, another box in the place of an old one: each a confirmed commit or one transaction."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from labhome import Bench, until, while_it_runs
from test_killed import kill_all, run_of

from provision.home.keys import pinned
from provision.lab import client

pytestmark = pytest.mark.lab
TAG, SLUG = "BRU-MDM-11", "maratua"
OLD, NEW, PLACE, CODE = "BRU-MDM-08", "BRU-MDM-14", "biduk-biduk", "64.03.08"


@pytest.fixture(scope="module", autouse=True)
def _intent_put_back(bench: Bench) -> Iterator[None]:
    """The notes of these tests do not stay in the kit: other files of tests read it."""
    kit = bench.home / f"inventory/kits/{SLUG}.yml"
    text = kit.read_text()
    yield
    kit.write_text(text)


@pytest.fixture(autouse=True)
def _provisioned(bench: Bench) -> None:
    bench.provisioned(TAG)


def noted(bench: Bench, note: str) -> None:
    """Write a note into the intent and apply it."""
    kit = bench.home / f"inventory/kits/{SLUG}.yml"
    kit.write_text(re.sub(r"site_note: .*", f"site_note: {note}", kit.read_text()))
    bench.ok("apply", TAG, "--bench", "--yes")


def runs(bench: Bench, note: str) -> bool:
    return f"option notes '{note}'" in bench.config(TAG, "system")


def peers_of(bench: Bench) -> str:
    """The hub's list, as ansible-vault itself shows it."""
    argv = [
        Path(sys.executable).parent / "ansible-vault",
        "view",
        "--vault-password-file",
        "var/vault-password",
        "var/hub/peers.vault",
    ]
    return subprocess.run(argv, cwd=bench.home, capture_output=True, text=True, check=True).stdout


def secrets(bench: Bench) -> dict[str, str]:
    return {n: s.reveal() for n, s in bench.workspace.vault.device(TAG).items()}


def test_back_to_the_newest_configuration_that_differs_and_the_intent_is_told(bench: Bench) -> None:
    noted(bench, "satu")
    noted(bench, "dua")
    done = bench.ok("rollback", TAG, "--bench", "--yes")
    assert runs(bench, "satu")
    assert "the intent still wants 1 setting otherwise" in done.err
    assert bench.last(TAG, "configuration.rolled_back")["run"]
    until(lambda: bench.run("watch", TAG).code == 0, "the watch sees what was accepted")
    bench.ok("apply", TAG, "--bench", "--yes")
    assert runs(bench, "dua")


def test_back_to_one_named_event_and_to_no_other(bench: Bench) -> None:
    noted(bench, "tiga")
    kept = [e.number for e in bench.workspace.ledger.history(TAG) if e.verb == "configuration.kept"]
    noted(bench, "empat")
    bench.ok("rollback", TAG, "--to", str(kept[-1]), "--bench", "--yes")
    assert runs(bench, "tiga")
    done = bench.run("rollback", TAG, "--to", str(kept[0]), "--bench", "--yes")
    assert (done.code, "no accepted configuration" in done.err) == (2, True), "the factory's own is not one"
    assert bench.run("rollback", "BRU-PC-01", "--bench", "--yes").code == 2
    done = bench.run("rollback", TAG, "--bench")
    assert (done.code, "add --yes" in done.err) == (1, True), "nobody to ask"
    bench.ok("apply", TAG, "--bench", "--yes")


def test_shown_secrets_are_recorded_red_until_rotated_and_the_old_ones_open_nothing(bench: Bench) -> None:
    old = secrets(bench)
    done = bench.ok("secret", "show", TAG, "--only", "snmp_auth", "--reason", "memeriksa dengan snmpget")
    assert done.out == f"snmp_auth\t{old['snmp_auth']}\n"
    shown = bench.last(TAG, "secret.shown")
    assert shown == {"names": ["snmp_auth"], "reason": "memeriksa dengan snmpget"}
    until(lambda: "no_shown_secret_is_in_use\tfail" in bench.run("verify", TAG).out, "verify is red")
    bench.ok("secret", "rotate", TAG, "--bench", "--yes")
    new = secrets(bench)
    assert all(new[name] != old[name] for name in old), "every one of them"
    for text in (old["snmp_auth"], old["snmp_priv"], old["wireguard_private"], old["wireguard_preshared"]):
        assert text not in bench.config(TAG, "snmpd") + bench.config(TAG, "network")
    assert new["password_hash"] in (bench.flash(TAG) / "etc/shadow").read_text()
    until(lambda: bench.run("verify", TAG).code == 0, "verify is green with the new keys")
    peers = peers_of(bench)
    assert new["wireguard_preshared"] in peers
    assert old["wireguard_preshared"] not in peers
    assert json.loads(bench.ok("inventory", "--host", TAG).out)["tunnel_key"] in peers
    assert (bench.home / "var/hub/peers.vault").read_bytes().startswith(b"$ANSIBLE_VAULT;1.1;AES256")
    history = json.dumps([e.payload for e in bench.workspace.ledger.history(TAG)])
    assert not any(text in history for text in (*old.values(), *new.values()))


def test_words_about_secrets_that_make_no_sense(bench: Bench) -> None:
    for words, code, said in (
        (("show", TAG, "--reason", " "), 2, "--reason"),
        (("show", TAG, "--reason", "x", "--only", "nope"), 2, "admin_password"),
        (("show", "BRU-PC-01", "--reason", "x"), 2, "names no modem"),
        (("rotate", TAG, "--bench"), 1, "add --yes"),
    ):
        done = bench.run("secret", *words)
        assert (done.code, said in done.err) == (code, True), done.err
    assert f"{TAG}.next" not in bench.workspace.vault._sets, "what was not approved leaves no set behind"


@pytest.mark.parametrize("moment", ["begun", "committed"])
def test_a_rotation_that_dies_ends_with_the_secrets_that_the_device_runs(bench: Bench, moment: str) -> None:
    old = secrets(bench)
    before = len(bench.workspace.ledger.history(TAG))
    bench.fault(TAG, "slow", "0.1")
    process = bench.start("secret", "rotate", TAG, "--bench", "--yes")
    moments = {
        "begun": lambda: len(bench.workspace.ledger.history(TAG)) > before,
        "committed": lambda: old["snmp_auth"] not in bench.config(TAG, "snmpd"),
    }
    while_it_runs(process, moments[moment], moment)
    kill_all(process, run_of(bench, TAG))
    bench.fault(TAG, "slow")
    end = time.monotonic() + 90
    while TAG in bench.workspace.unfinished() and time.monotonic() < end:
        bench.run("resume")
    now = secrets(bench)
    assert now["snmp_auth"] in bench.config(TAG, "snmpd")
    assert now["password_hash"] in (bench.flash(TAG) / "etc/shadow").read_text()
    assert (now == old) == (bench.last(TAG, "apply.ended")["ending"] == "reverted")
    assert f"{TAG}.next" not in bench.workspace.vault._sets
    until(lambda: bench.run("verify", TAG).code == 0, "verify is green with what the vault says")


def test_a_rotation_that_the_device_takes_back_leaves_the_old_secrets(bench: Bench) -> None:
    old = secrets(bench)
    bench.fault(TAG, "slow", "0.1")
    process = bench.start("secret", "rotate", TAG, "--bench", "--yes")
    while_it_runs(process, (bench.flash(TAG) / "etc/kit/armed").exists, "the guard is armed")
    bench.fault(TAG, "power", "1")
    process.communicate(timeout=200)
    bench.fault(TAG, "slow")
    while TAG in bench.workspace.unfinished():
        bench.run("resume")
    now = secrets(bench)
    ending = bench.last(TAG, "apply.ended")["ending"]
    assert (now == old) == (ending == "reverted")
    assert now["snmp_auth"] in bench.config(TAG, "snmpd")
    bench.ok("plan", TAG, "--bench")


# -- another box ---------------------------------------------------------------------------------------
@pytest.fixture
def spare(bench: Bench) -> Iterator[None]:
    """The kit's file names the spare; its box stands on the bench, the old one is broken."""
    bench.provisioned(OLD)
    kit = bench.home / f"inventory/kits/{PLACE}.yml"
    before = kit.read_text()
    rows = csv.reader((bench.home / "inventory/delivery.csv").read_text().splitlines())
    row = next(r for r in rows if r[1] == NEW)
    item = f"""  - {{asset_tag: {NEW}, kind: modem, brand: {row[3]}, model: {row[4]}, serial: {row[5]}, kode_barang: {row[6]},
     condition: baik, year: 2026, value_idr: 2350000, mac: "{row[10]}", imei: "{row[11]}"}}
"""
    kit.write_text(before.partition(f"  - asset_tag: {OLD}")[0] + item)
    bench.ok("lab", "up")  # in a running lab: the old one is unplugged, the new one stands on the bench
    yield
    kit.write_text(before)
    bench.ok("lab", "up")
    if NEW in bench.workspace.known:  # the old one is repaired, and takes its place again
        bench.fault(OLD, "reset")
        bench.enrol(OLD)
        bench.ok("replace", PLACE, "--reason", "diperbaiki", "--bench", "--yes")


def test_a_new_modem_takes_the_place_and_the_old_ones_keys_end_in_the_same_act(bench: Bench, spare: None) -> None:
    old_key = json.loads(bench.ok("inventory", "--host", OLD).out)["tunnel_key"]
    host_key = pinned(bench.home / "var/host-keys", OLD)
    assert host_key
    assert "is not enrolled" in bench.run("replace", PLACE, "--reason", "petir", "--bench", "--yes").err
    bench.enrol(NEW)
    done = bench.run("apply", NEW, "--bench", "--yes")
    assert (done.code, f"{OLD} still serves" in done.out) == (1, True)
    bench.ok("replace", PLACE, "--reason", "tersambar petir", "--bench", "--yes")
    (pair,) = bench.last(CODE, "kit.replaced")["pairs"]
    registered = bench.last(OLD, "item.registered")
    assert pair["old"] == registered, "key by key, as it was registered"
    listed = json.loads(bench.ok("inventory", "--list").out)
    hosts = listed[PLACE.replace("-", "_")]["hosts"]
    assert NEW.lower() in hosts
    assert OLD.lower() not in listed["_meta"]["hostvars"]
    intent = bench.workspace.home.intents[NEW]
    assert listed["_meta"]["hostvars"][NEW.lower()]["ansible_host"] == intent.address
    peers = peers_of(bench)
    assert old_key not in peers
    assert listed["_meta"]["hostvars"][NEW.lower()]["tunnel_key"] in peers
    assert peers.count(f"{intent.address}/32") == 1
    assert pinned(bench.home / "var/host-keys", OLD) == ""
    assert OLD not in bench.workspace.vault._sets
    revoked = bench.last(OLD, "device.revoked")
    assert revoked["tunnel_key"] == old_key
    assert revoked["host_key"].startswith("SHA256:")
    assert bench.run("verify", OLD).code == 2, "the old tag is in no kit"
    done = bench.run("replace", PLACE, "--reason", "lagi", "--bench", "--yes")
    assert (done.code, "names no other item" in done.err) == (2, True)


def test_a_peers_file_is_one_that_wireguard_reads(bench: Bench) -> None:
    bench.ok("inventory", "--write")
    text = peers_of(bench)
    blocks = text.split("\n[Peer]")[1:]
    assert blocks
    for block in blocks:
        lines = [line for line in block.splitlines()[1:] if line]
        assert [line.partition(" = ")[0] for line in lines] == ["PublicKey", "PresharedKey", "AllowedIPs"]
    assert "PrivateKey" not in text
    assert client.running(client.run_directory(bench.home / "var/lab"))
