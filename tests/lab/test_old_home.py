"""A home as an earlier release left it is read, watched, backed up and ended by this one. It stays for ever.

`tests/recordings/homes/record.py` made each archive; the lab devices of one kecamatan are in it, and run in a network
namespace of the test's own, at the addresses and ports that the home remembers.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from provision.core.errors import ProvisionError
from provision.home.workspace import Workspace
from provision.lab import client
from provision.ledger import events, lending_events
from provision.ledger import verify as walk
from provision.lending import handover, loans, paper
from provision.local.processes import sweep

HOMES = sorted((Path(__file__).parents[1] / "recordings/homes").glob("*.tar"))
GUARD = ("BRU-MDM-04", "file:/usr/libexec/kit/guard")  # it leaves the proof of the end on flash
NEWER = {"0.1.0": [GUARD, ("BRU-PC-04", "report.program")], "0.2.0": [GUARD]}  # what a plan shows of such a home
LENT, MODEM, PC = "segah", "BRU-MDM-04", "BRU-PC-04"
pytestmark = [pytest.mark.lab, pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace needs root")]


@dataclass(frozen=True)
class Old:
    """An old home, what its release printed of it, and the namespace in which its lab runs."""

    home: Path
    expected: Path
    namespace: str

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        argv = ["ip", "netns", "exec", self.namespace, sys.executable, "-m", "provision", "--home", str(self.home)]
        return subprocess.run([*argv, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)

    def json(self, *words: str, code: int = 0) -> Any:
        done = self.run(*words)
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return json.loads(done.stdout)

    def said(self, name: str) -> Any:
        return json.loads((self.expected / name).read_text())


@pytest.fixture(scope="module", params=HOMES, ids=lambda path: path.stem)
def old(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Old]:
    folder = tmp_path_factory.mktemp("old")
    assert request.param.stat().st_size <= 300_000
    with tarfile.open(request.param) as tar:
        tar.extractall(folder, filter="tar")
    namespace = f"kit-old-{os.getpid()}"
    subprocess.run(["ip", "netns", "add", namespace], check=True)
    one = Old(folder / "home", folder / "expected", namespace)
    try:
        subprocess.run(["ip", "-n", namespace, "link", "set", "lo", "up"], check=True)
        up = one.run("lab", "up")
        assert up.returncode == 0, up.stderr
        yield one
    finally:
        run = client.run_directory(one.home / "var/lab")
        one.run("lab", "down")
        sweep(f"KIT_LAB_DEVICE={run}")
        subprocess.run(["ip", "netns", "delete", namespace], check=True)


@pytest.fixture
def workspace(old: Old) -> Iterator[Workspace]:
    one = Workspace(old.home)
    yield one
    one.ledger.close()


def test_every_event_is_read_by_its_class_and_written_back_byte_for_byte(workspace: Workspace) -> None:
    classes = {
        c.VERB: c
        for m in (events, lending_events)
        for c in vars(m).values()
        if isinstance(c, type) and hasattr(c, "VERB")
    }
    seen = workspace.ledger.events(*classes)
    count, broken = walk(workspace.ledger)
    assert (count, broken) == (len(seen), None), "there is no verb that has no class"
    assert {e.verb for e in seen} == set(classes), "each verb is in the recording"
    assert [e.number for e in seen if classes[e.verb].read(e.payload).payload() != e.payload] == []


def test_custody_history_and_inventory_are_what_the_old_release_printed(old: Old) -> None:
    assert old.json("custody", "--json") == old.said("custody.json")
    for tag, was in old.said("history.json").items():
        assert old.json("history", tag, "--json")["events"] == was
    was, now = old.said("inventory.json"), old.json("inventory", "--list")
    place = was["all"]["vars"]["ansible_ssh_private_key_file"].removesuffix("/ssh/id_ed25519")
    assert json.loads(json.dumps(was).replace(place, str(old.home.resolve() / "var"))) == now


def test_its_papers_are_made_again_byte_for_byte_or_it_is_said_what_moved(workspace: Workspace) -> None:
    """A template that was released is never edited; Typst may move on, and then the paper on the shelf counts."""
    found = 0
    for slug in workspace.home.kits:
        file = loans.read(workspace, slug)
        for loan in (one for one in file.loans if one.document):
            made = paper.make(workspace, file, loan)
            found += 1
            moved = paper.moved_since(loan)
            assert made.digest == loan.document or moved, loan.id
    assert found >= 14
    waiting = [
        s for s in workspace.home.kits if (o := loans.read(workspace, s).open) and o.state == "awaiting signature"
    ]
    assert [handover.issue(workspace, slug).state for slug in waiting] == ["awaiting signature"]


def test_it_is_backed_up_and_restored_with_the_same_head(old: Old, workspace: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "old.tar.gz"
    assert old.run("backup", str(file)).returncode == 0
    home = tmp_path / "new"
    argv = [sys.executable, "-m", "provision", "--home", str(home), "restore", str(file)]
    secret = {"PROVISION_VAULT_PASSWORD_FILE": str(old.home / "var/vault-password")}
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=os.environ | secret)
    assert done.returncode == 0, done.stderr
    again = Workspace(home)
    count, broken = walk(again.ledger)
    assert broken is None
    assert again.ledger.hash_of(count) == workspace.ledger.hash_of(count)
    assert count == walk(workspace.ledger)[0]
    issued = next(e for e in reversed(again.ledger.history("talisayan")) if e.verb == "handover.issued")
    made_with = paper.made_with_now() | {"typst": "0.14.0"}
    other = lending_events.Issued(id=issued.payload["id"], document="0" * 64, file="x.pdf", made_with=made_with)
    again.ledger.record([("talisayan", other)], at=again.now())
    with pytest.raises(ProvisionError, match=r"another paper .*: Typst \(it brings the fonts\) moved since"):
        handover.issue(again, "talisayan")
    again.ledger.close()


def test_its_devices_are_planned_watched_and_returned(old: Old) -> None:
    brought = NEWER[old.said("release.json")["release"]]
    plans = old.json("plan", LENT, "--json", "--bench", code=3 if brought else 0)["plans"]
    newer = [(p["device"], c["path"]) for p in plans for c in p["changes"]]
    assert newer == brought, "what this release brings, and nothing else"
    assert [p | {"changes": []} for p in plans] == old.said("plan.json")["plans"]
    old.run("verify", LENT, "--bench")  # what was plugged in when the home was made says nothing of today
    watched = old.json("watch", LENT, "--json")["devices"]
    was = old.said("watch.json")["devices"]
    new = {"seen_at": "", "because": ""}
    assert [w | new for w in watched] == [w | new for w in was]
    assert {w["device"]: w["state"] for w in watched} == {MODEM: "ok", PC: "ok"}
    back = old.json("return", LENT, "--receiver", "Pengurus Barang", "--bench", "--json")
    assert (back["kecamatan"], back["state"]) == (LENT, "returned")
    places = {i["place"] for i in old.json("custody", LENT, MODEM, PC, "--json")["items"]}
    assert places == {"gudang"}
    undone = next(e for e in old.json("history", PC, "--json")["events"] if e["verb"] == "endpoint.undone")
    assert "system.hostname" in undone["payload"]["settings"]
