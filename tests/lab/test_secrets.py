"""Law 9: the main job with marker secrets, then a search of everything for them."""

from __future__ import annotations

import base64
import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from labhome import Bench, Done, again_and_again

from provision.core.model import Secret
from provision.home.vault import Vault, password

pytestmark = pytest.mark.lab
TAG = "BRU-MDM-01"
NAMES = ("admin_password", "password_hash", "snmp_auth", "snmp_priv", "wireguard_private", "wireguard_preshared")


def marker(name: str) -> str:
    if name.startswith("wireguard"):
        return base64.b64encode(f"MARKER{name:x<26}".encode()).decode()
    return f"MARKER-{name}-{'z' * 8}"


@contextmanager
def watched_arguments() -> Iterator[set[bytes]]:
    """Collect the arguments and the environment of every process, again and again."""
    seen: set[bytes] = set()

    def look() -> None:
        for entry in os.scandir("/proc"):
            if entry.name.isdigit():
                for name in ("cmdline", "environ"):
                    with contextlib.suppress(OSError):
                        seen.add(Path(entry.path, name).read_bytes())

    with again_and_again(look, 0.002):
        yield seen


def test_no_secret_shows_its_face_anywhere(bench: Bench, tmp_path: Path) -> None:
    bench.fresh(TAG)
    vault = Vault(bench.home / "inventory/secrets.vault.yml", password(bench.home / "var/vault-password"))
    vault.device(TAG)
    before = vault._sets[TAG]
    vault._sets[TAG] = {name: marker(name) for name in NAMES}
    vault._save()
    secrets = [marker(n).encode() for n in NAMES] + [Secret(marker(n)).reveal().encode() for n in NAMES]
    try:
        with watched_arguments() as seen:
            said = [
                bench.run("plan", TAG, "--bench"),
                bench.run("apply", TAG, "--bench", "--yes"),
                bench.run("apply", TAG, "--bench", "--yes", "--json"),
                bench.run("verify", TAG, "--json"),
                bench.run("history", TAG, "--json"),
                bench.run("inventory", "--list"),
            ]
        assert said[1].code == 0, said[1].out + said[1].err
        # they did reach the device, so the search below can find something
        assert marker("snmp_auth") in bench.config(TAG, "snmpd")
        assert marker("wireguard_private") in bench.config(TAG, "network")
        assert len(seen) > 20
        assert any(b"ansible-playbook" in text for text in seen)
        bench.hand.ledger.engine.dispose()  # reading the file drops the locks of a live connection
        are_nowhere(bench, secrets, seen, said)
    finally:
        vault._sets[TAG] = before
        vault._save()
        bench.fresh(TAG)


def are_nowhere(bench: Bench, secrets: list[bytes], seen: set[bytes], said: list[Done]) -> None:
    """None of the secrets was in an argument or environment, in what was said, or is in a file."""
    for secret in secrets:
        assert not any(secret in text for text in seen), "in a process's arguments or environment"
        assert not any(secret.decode() in done.out + done.err for done in said), "in what a command said"
        for path in files(bench):
            with contextlib.suppress(FileNotFoundError):
                assert secret not in path.read_bytes(), path


LABELS = {"BRU-MDM-10": "Label-K7PX2MW9", "BRU-MDM-13": "Label-4711"}


@pytest.mark.parametrize("tag", LABELS)
def test_a_labels_password_shows_nowhere(bench: Bench, tmp_path: Path, tag: str) -> None:
    label = LABELS[tag]  # not in the test's name, which pytest puts into the environment
    if tag in bench.workspace.unfinished():
        bench.run("resume")
    if tag == "BRU-MDM-10":
        bench.fault(tag, "label", label)
    else:
        bench.fault(tag, "reset")
    file = tmp_path / "label"
    file.write_text(label + "\n")
    try:
        with watched_arguments() as seen:
            said = [
                bench.ok("enrol", tag, "--packages", str(bench.home / "var/lab/packages"), "--yes", "--new-key",
                         "--password-file", str(file)),
                bench.ok("apply", tag, "--bench", "--yes"),
                bench.ok("history", tag, "--json"),
            ]  # fmt: skip
        assert any(b"ansible-playbook" in text for text in seen)
        bench.hand.ledger.engine.dispose()
        are_nowhere(bench, [label.encode()], seen, said)
    finally:
        if tag == "BRU-MDM-10":
            bench.fault(tag, "label", "")
            bench.enrol(tag)


def files(bench: Bench) -> Iterator[Path]:
    """Every file of the home, of the run directories and of Ansible's own places, but the device's flash."""
    flash = bench.home / "var/lab"
    places = [bench.home, Path("/dev/shm"), Path.home() / ".ansible"]
    for place in places:
        for folder, within, names in os.walk(place):  # others' run directories come and go meanwhile
            within[:] = [name for name in within if not name.startswith("pytest-of-")]  # what tests keep there
            for path in (Path(folder, name) for name in names):
                if path.is_file() and flash not in path.parents:
                    yield path
    yield from flash.glob("*.log")


def test_the_teams_own_ansible_vault_opens_the_file(bench: Bench) -> None:
    import subprocess
    import sys

    bench.provisioned(TAG)
    tool = Path(sys.executable).parent / "ansible-vault"
    done = subprocess.run(
        [tool, "view", "--vault-password-file", bench.home / "var/vault-password", bench.home / "inventory/secrets.vault.yml"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert TAG in done.stdout
    assert oct((bench.home / "inventory/secrets.vault.yml").stat().st_mode)[-3:] == "600"
