"""A MikroTik walks the same line: the emulated RouterOS keeps state and obeys what it is told."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from labhome import Bench, Done, until, while_it_runs

pytestmark = pytest.mark.lab
TAG, SLUG = "BRU-MDM-12", "batu-putih"
OTHER, PLACE = "BRU-MDM-10", "tabalar"


def say(bench: Bench, tag: str, command: str) -> str:
    """Type a command on the box, as a technician at the site."""
    device = bench.workspace.known[tag].device
    done = subprocess.run(
        ["ssh", "-F", "none", "-i", str(bench.home / "var/ssh" / ("id_ed25519-rsa" if device.rsa else "id_ed25519")), "-o", "BatchMode=yes",
         "-o", f"UserKnownHostsFile={bench.home}/var/host-keys/{tag}", "-o", f"HostKeyAlias={tag}",
         "-p", str(device.ssh_port), f"{device.username}@{device.bench_host}", command],
        capture_output=True, text=True, check=True, timeout=30,
    )  # fmt: skip
    return done.stdout.replace("\r", "")


def entries(bench: Bench, tag: str, menu: str) -> list[dict[str, str]]:
    """Look into the disk of the box."""
    return json.loads((bench.flash(tag) / "config.json").read_text())["menus"][menu]


def export(bench: Bench, tag: str) -> str:
    return say(bench, tag, "/export terse")


def drifted(bench: Bench) -> dict:
    """Watch until it says drift: while the agent takes a change, its keys prove nothing."""
    seen: list[dict] = []

    def true() -> bool:
        seen.append(json.loads(bench.run("watch", TAG, "--json").out)["devices"][0])
        return seen[-1]["state"] == "drift"

    until(true, "the watch says drift")
    return seen[-1]


def outcome(done: Done) -> dict:
    return json.loads(done.out)["outcomes"][0]


@contextmanager
def broken(bench: Bench, tag: str, fault: str, value: str) -> Iterator[None]:
    bench.fault(tag, fault, value)
    try:
        yield
    finally:
        bench.fault(tag, fault)


def note(bench: Bench, text: str) -> None:
    """Another intent: the note of the site."""
    path = bench.home / f"inventory/kits/{SLUG}.yml"
    kept = [line for line in path.read_text().splitlines() if "site_note:" not in line]
    at = next(n for n, line in enumerate(kept) if line.startswith("  apn:"))
    path.write_text("\n".join([*kept[: at + 1], f"  site_note: {text}", *kept[at + 1 :]]) + "\n")


@pytest.fixture(scope="module", autouse=True)
def whole(bench: Bench) -> None:
    bench.provisioned(TAG)
    said = bench.ok("selftest", TAG).err  # the way back is shown: from now on it may be applied in the field
    assert "timer brought" in said
    assert "boot brought" in said


def test_it_runs_what_was_intended_and_nothing_of_the_factory(bench: Bench) -> None:
    text = export(bench, TAG)
    assert "defconf" not in text.replace("comment=defconf name=", "").replace("comment=defconf interface=", "").replace(
        "comment=defconf list=", ""
    ).replace("bridge=bridge comment=defconf", "")
    assert f"/system identity set name={TAG}" in text
    assert "time-zone-name=Asia/Makassar" in text
    assert "/ip service set telnet disabled=yes" in text
    assert "192.168" not in text
    assert bench.workspace.home.intents[TAG].bench_address not in text
    admin = next(e for e in entries(bench, TAG, "/user") if e["name"] == "admin")
    assert admin["password"] == bench.workspace.vault.device(TAG)["admin_password"].reveal()


def test_no_secret_shows_anywhere(bench: Bench) -> None:
    secrets = [s.reveal() for s in bench.workspace.vault.device(TAG).values() if len(s.reveal()) > 12]
    kept = json.dumps([dict(e.payload) for e in bench.workspace.ledger.history(TAG)])
    assert not [s for s in secrets if s in kept]
    assert not list((bench.flash(TAG) / "files").rglob("*.rsc")), "the script is gone"


def test_the_second_apply_changes_nothing_and_the_watch_is_quiet(bench: Bench) -> None:
    before = (bench.flash(TAG) / "config.json").stat().st_mtime_ns
    assert outcome(bench.ok("apply", TAG, "--bench", "--yes", "--json"))["outcome"] == "unchanged"
    assert json.loads(bench.ok("watch", TAG, "--json").out)["devices"][0]["state"] == "ok"
    assert (bench.flash(TAG) / "config.json").stat().st_mtime_ns == before


def test_noise_in_the_export_is_no_drift(bench: Bench) -> None:
    with broken(bench, TAG, "noise", "1"):
        bench.ok("plan", TAG)
        bench.ok("watch", TAG)


def test_a_hand_on_the_box_is_drift_and_an_apply_repairs_it(bench: Bench) -> None:
    say(bench, TAG, "/system clock set time-zone-name=Asia/Jakarta; /ip service set www disabled=no")
    found = drifted(bench)
    assert {c["path"]: c["running"] for c in found["changes"]} == {
        "/system/clock::time-zone-name": "Asia/Jakarta", "/ip/service:www:disabled": None,
    }  # fmt: skip
    bench.ok("apply", TAG, "--bench", "--yes")
    bench.ok("watch", TAG)


def test_the_order_of_rules_is_drift_too(bench: Bench) -> None:
    say(bench, TAG, '/ip firewall filter move [find comment="kit accept established"]')
    found = drifted(bench)
    assert [c["path"] for c in found["changes"]] == ["/ip/firewall/filter:%order"]
    bench.ok("apply", TAG, "--bench", "--yes")
    assert entries(bench, TAG, "/ip/firewall/filter")[0]["comment"] == "kit accept established"


def test_a_hidden_secret_that_no_longer_works_is_never_green(bench: Bench) -> None:
    say(bench, TAG, '/snmp community set [find name="pantau"] authentication-password=another-one')
    until(lambda: bench.run("watch", TAG).code == 1, "the watch says so")
    found = json.loads(bench.run("watch", TAG, "--json").out)["devices"][0]
    assert found["state"] == "unknown"
    assert "not proven" in found["because"]
    assert bench.run("verify", TAG).code == 3
    bench.ok("secret", "rotate", TAG, "--yes")
    until(lambda: bench.run("watch", TAG).code == 0, "the new secrets are proven")


def test_a_lost_tunnel_brings_the_old_configuration_back(bench: Bench) -> None:
    before = export(bench, TAG)
    note(bench, "Sesudah banjir")
    bench.fault(TAG, "lose", "4")  # the backup, two jobs, and then the note: the guard is armed, the change is made
    done = bench.run("apply", TAG, "--yes", "--json", "--confirm-within", "10")
    assert done.code == 1, done.out + done.err
    assert outcome(done)["outcome"] in {"reverted", "unconfirmed"}
    assert bench.status(TAG)["bit"]["lose"] == "the link was cut at a change"
    until(lambda: bench.run("resume").code == 0, "the run has its end")
    until(lambda: bench.run("watch", TAG).code == 0, "it runs as accepted")
    assert export(bench, TAG) == before
    assert entries(bench, TAG, "/system/scheduler") == []
    note(bench, "Kantor Camat Batu Putih")


@pytest.mark.parametrize("after", [1, 4, 6])
def test_a_power_cut_leaves_the_old_or_the_new_whole(bench: Bench, after: int) -> None:
    note(bench, f"Ruang {after}")
    bench.fault(TAG, "cut", str(after))
    done = bench.run("apply", TAG, "--bench", "--yes", "--json", "--confirm-within", "12")
    assert bench.status(TAG)["bit"]["cut"] == "the power went at a change"
    bench.fault(TAG, "cut")
    until(lambda: bench.run("resume").code == 0, "the run has its end")
    assert entries(bench, TAG, "/system/scheduler") == []
    assert not list((bench.flash(TAG) / "files").glob("*.rsc"))
    until(lambda: bench.run("watch", TAG).code == 0, "it runs as accepted")
    ended = bench.last(TAG, "apply.ended")["ending"]
    now = json.loads((bench.flash(TAG) / "config.json").read_text())["menus"]["/system/note"]["note"]
    assert (now == f"Ruang {after}") == (ended == "applied"), done.out
    bench.ok("apply", TAG, "--bench", "--yes")


def test_a_refusal_in_the_middle_puts_the_old_back(bench: Bench) -> None:
    note(bench, "Gedung baru")
    before = export(bench, TAG)
    bench.fault(TAG, "fail", "4")
    done = bench.run("apply", TAG, "--bench", "--yes", "--json")
    assert done.code == 1
    assert outcome(done)["outcome"] in {"failed", "reverted"}
    assert "out of memory" in outcome(done)["because"]
    assert bench.status(TAG)["bit"]["fail"] == "a change was refused"
    assert export(bench, TAG) == before
    assert entries(bench, TAG, "/system/scheduler") == []
    bench.ok("apply", TAG, "--bench", "--yes")


@pytest.mark.parametrize(("fault", "why"), [("mode", "device-mode forbids the scheduler"), ("full", "flash full")])
def test_without_a_way_back_nothing_changes(bench: Bench, fault: str, why: str) -> None:
    note(bench, f"tanpa {fault}")
    before = export(bench, TAG)
    with broken(bench, TAG, fault, "1"):
        done = bench.run("apply", TAG, "--bench", "--yes", "--json")
        assert done.code == 1
        assert why in outcome(done)["because"]
        assert export(bench, TAG) == before
    bench.ok("apply", TAG, "--bench", "--yes")


def test_a_run_that_is_killed_is_found_and_ended(bench: Bench) -> None:
    kit = bench.home / f"inventory/kits/{SLUG}.yml"
    kit.write_text(kit.read_text().replace("apn: xl", "apn: tri"))  # its proof waits for five seconds
    process = bench.start("apply", TAG, "--yes", "--confirm-within", "60")
    while_it_runs(process, lambda: any(e["name"] == "kit-mark" for e in entries(bench, TAG, "/system/script")) and bool(
        entries(bench, TAG, "/system/scheduler")), "the change is made")  # fmt: skip
    process.kill()
    process.communicate()
    until(lambda: bench.run("resume").code == 0, "the run has its end")
    assert entries(bench, TAG, "/system/scheduler") == []
    assert bench.last(TAG, "apply.ended")["ending"] in {"applied", "reverted"}
    bench.ok("watch", TAG)
    bench.ok("apply", TAG, "--bench", "--yes")


def test_the_row_of_the_modem_is_found_again_when_its_index_moves(bench: Bench) -> None:
    (bench.home / "var/hints.json").write_text(json.dumps({f"{TAG}.row": "77"}))
    findings = json.loads(bench.ok("verify", TAG, "--json").out)["findings"]
    assert {f["verdict"] for f in findings} == {"pass"}
    assert json.loads((bench.home / "var/hints.json").read_text())[f"{TAG}.row"] == "4"
    (bench.home / "var/hints.json").write_text("not json")
    bench.ok("verify", TAG)


def test_a_box_with_a_password_on_its_label(bench: Bench, tmp_path: Path) -> None:
    bench.fault(OTHER, "label", "K7PX2MW9QH")
    done = bench.run("enrol", OTHER, "--yes", "--new-key")
    assert done.code == 1
    assert "--password-file" in done.err
    label = tmp_path / "label"
    label.write_text("K7PX2MW9QH\n")
    bench.ok("enrol", OTHER, "--yes", "--new-key", "--password-file", str(label))
    bench.ok("apply", OTHER, "--bench", "--yes")
    bench.fault(OTHER, "label", "")


def test_a_box_that_was_reset_gets_its_password_again(bench: Bench) -> None:
    """It hides the password: that the one of its earlier life was set says nothing of what it runs now."""
    bench.provisioned(OTHER)
    bench.fresh(OTHER)
    admin = next(e for e in entries(bench, OTHER, "/user") if e["name"] == "admin")
    assert not admin.get("password")
    bench.ok("apply", OTHER, "--bench", "--yes")
    admin = next(e for e in entries(bench, OTHER, "/user") if e["name"] == "admin")
    assert admin["password"] == bench.workspace.vault.device(OTHER)["admin_password"].reveal()


@pytest.mark.parametrize(("version", "why"), [("7.99.1", "is on no list"), ("7.24.3", "no way back")])
def test_a_firmware_without_a_baseline_or_a_way_back_is_read_only(bench: Bench, version: str, why: str) -> None:
    bench.fault(OTHER, "firmware", version)
    try:
        bench.ok("enrol", OTHER, "--yes", "--new-key")
        assert bench.run("plan", OTHER).code == 3, "it is read"
        done = bench.run("apply", OTHER, "--bench", "--yes", "--json")
        assert done.code == 1
        assert why in outcome(done)["because"]
        assert not entries(bench, OTHER, "/system/script"), "nothing was written"
    finally:
        bench.fault(OTHER, "firmware", "7.23.8")


def listening(address: str, port: int) -> str | None:
    """The inode of the listening socket: another one is a socket that was closed and opened again."""
    packed = "".join(f"{int(part):02X}" for part in reversed(address.split(".")))
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return next((row[9] for row in rows if row[1] == f"{packed}:{port:04X}" and row[3] == "0A"), None)


def test_an_address_that_comes_and_goes_never_closes_the_door_of_another(bench: Bench) -> None:
    device = bench.workspace.known[TAG].device
    before = listening(device.bench_host, device.ssh_port)
    say(bench, TAG, "/ip address add address=127.104.12.200/32 interface=bridge")
    until(lambda: listening("127.104.12.200", device.ssh_port) is not None, "the new address is open")
    say(bench, TAG, '/ip address remove [find address="127.104.12.200/32"]')
    until(lambda: listening("127.104.12.200", device.ssh_port) is None, "the new address is closed")
    assert before is not None
    assert listening(device.bench_host, device.ssh_port) == before


def test_version_six_is_refused_the_tunnel_and_runs_without_it(bench: Bench) -> None:
    bench.fault(OTHER, "firmware", "6.49.23")
    bench.ok("enrol", OTHER, "--yes", "--new-key")
    done = bench.run("apply", OTHER, "--bench", "--yes", "--json")
    assert done.code != 0
    assert "has no WireGuard" in done.out + done.err
    kit = bench.home / f"inventory/kits/{PLACE}.yml"
    text = kit.read_text()
    try:
        kit.write_text(text.replace("modem:\n", "modem:\n  tunnel: none\n", 1))
        assert outcome(bench.run("apply", OTHER, "--bench", "--yes", "--json"))["outcome"] == "applied"
        assert "engine-id=BRU-MDM-10" in say(bench, OTHER, "/export terse hide-sensitive")
        bench.ok("verify", OTHER, "--bench")
    finally:
        kit.write_text(text)
        bench.fault(OTHER, "firmware", "7.23.8")
