"""A backup is whole or refused; a restore writes everything or nothing, and never over something newer."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from provision.core.errors import IdentityError, LedgerError, ProvisionError, VaultError
from provision.core.model import Secret
from provision.home import backup, publish, restore, starter
from provision.home.authentic import sign
from provision.home.keys import office_key, pin
from provision.home.workspace import Workspace
from provision.ledger import verify
from provision.ledger.copy import head_of
from provision.ledger.events import Accepted, Configured, Enrolled

DEVICE = {
    "kecamatan": "kelay", "driver": "openwrt", "host": "127.90.0.1", "bench_host": "127.64.1.1", "ssh_port": 22,
    "snmp_port": 161, "username": "root", "model": "m", "firmware": "f", "link": "lte", "tunnel_key": "k", "role": "modems",
}  # fmt: skip
KEPT = {"settings": {"a.b.c": "d"}, "locators": {}, "marker": "x"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, Path]]:
    folder = tmp_path_factory.mktemp("backup")
    workspace = Workspace(starter.make(folder / "home", lab=True))
    workspace.vault.device("BRU-MDM-01")
    workspace.ledger.extend(
        [(v, "BRU-MDM-01", b) for v, b in ((Enrolled.VERB, DEVICE), (Configured.VERB, KEPT), (Accepted.VERB, DEVICE))],
        at=workspace.now(),
    )
    office_key(workspace.place.ssh_key)
    office_key(rsa(workspace))  # a modem with old firmware knows no other
    pin(workspace.place.host_keys, "BRU-MDM-01", "ssh-ed25519 AAAA")
    (workspace.place.var / "papers").mkdir()
    (workspace.place.var / "papers/p.pdf").write_bytes(b"%PDF-")
    publish.write(workspace)
    path = folder / "berau.tar.gz"
    done = backup.backup(workspace, path)
    assert (done.events, path.stat().st_mode & 0o777) == (3, 0o600)
    yield workspace, path
    workspace.ledger.close()


def never(question: str) -> bool:
    raise AssertionError(question)


ASKED = restore.Asked(approve=never)


def rsa(workspace: Workspace) -> Path:
    return workspace.place.ssh_key.with_name(workspace.place.ssh_key.name + "-rsa")


def empty(tmp_path: Path, workspace: Workspace, name: str = "new") -> Workspace:
    """A new machine: nothing but the vault password."""
    root = tmp_path / name
    (root / "var").mkdir(parents=True)
    shutil.copy(workspace.place.root / "var/vault-password", root / "var/vault-password")
    return Workspace(root)


def test_an_empty_machine_goes_on_with_the_same_head_inventory_and_secrets(
    made: tuple[Workspace, Path], tmp_path: Path
) -> None:
    workspace, path = made
    new = empty(tmp_path, workspace)
    done = restore.restore(new, path, ASKED)
    assert done.aside is None
    assert (new.place.var / "ledger.head").read_text() == (workspace.place.var / "ledger.head").read_text()
    assert verify(new.ledger) == (3, None)
    publish.write(new)
    assert (new.place.inventory / "devices.yml").read_text() == (workspace.place.inventory / "devices.yml").read_text()
    assert publish.show(new).replace(str(new.place.root), "") == publish.show(workspace).replace(
        str(workspace.place.root), ""
    )
    assert {n: s.reveal() for n, s in new.vault.device("BRU-MDM-01").items()} == {
        n: s.reveal() for n, s in workspace.vault.device("BRU-MDM-01").items()
    }
    assert new.place.ssh_key.read_bytes() == workspace.place.ssh_key.read_bytes()
    assert new.place.ssh_key.stat().st_mode & 0o777 == 0o600
    assert (rsa(new).read_bytes(), rsa(new).stat().st_mode & 0o777) == (rsa(workspace).read_bytes(), 0o600)
    assert rsa(new).with_suffix(".pub").read_text() == rsa(workspace).with_suffix(".pub").read_text()
    assert (new.place.host_keys / "BRU-MDM-01").read_text() == (workspace.place.host_keys / "BRU-MDM-01").read_text()
    assert (new.place.var / "papers/p.pdf").read_bytes() == b"%PDF-"
    assert new.home.kits.keys() == workspace.home.kits.keys()
    new.ledger.close()


def test_nothing_in_a_backup_is_a_secret_without_the_vault_password(made: tuple[Workspace, Path]) -> None:
    workspace, path = made
    with tarfile.open(path) as tar:
        whole = b"".join(body.read() for entry in tar if (body := tar.extractfile(entry)))
    private = workspace.place.ssh_key.read_text().splitlines()[2].encode()
    old = rsa(workspace).read_text().splitlines()[5].encode()
    texts = [s.reveal().encode() for s in workspace.vault.device("BRU-MDM-01").values()]
    assert not any(
        text in whole for text in (private, old, *texts, (workspace.place.var / "vault-password").read_bytes().strip())
    )


def test_a_backup_that_was_cut_short_anywhere_is_refused_and_nothing_is_written(
    made: tuple[Workspace, Path], tmp_path: Path
) -> None:
    workspace, path = made
    body = path.read_bytes()
    new = empty(tmp_path, workspace)
    short = tmp_path / "short.tar.gz"
    for end in [*range(0, len(body) - 1, len(body) // 40), len(body) - 1, len(body) - 8]:
        short.write_bytes(body[:end])
        with pytest.raises(ProvisionError, match=r"not whole|cannot be read") as caught:
            restore.restore(new, short, ASKED)
        assert caught.value.hint
    assert [p.name for p in new.place.root.rglob("*")] == ["var", "vault-password"]


def packed(parts: dict[str, bytes], path: Path) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, body in parts.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(body)
            tar.addfile(entry, io.BytesIO(body))
    return path


def parts(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        return {e.name: body.read() for e in tar if (body := tar.extractfile(e))}


@pytest.mark.parametrize("what", ["ledger.jsonl", "inventory/defaults.yml", "host-keys/BRU-MDM-01"])
def test_one_altered_byte_is_refused(made: tuple[Workspace, Path], tmp_path: Path, what: str) -> None:
    workspace, path = made
    inside = parts(path)
    inside[what] = bytes([inside[what][0] ^ 1]) + inside[what][1:]
    with pytest.raises(ProvisionError, match="is not what was written"):
        restore.restore(empty(tmp_path, workspace), packed(inside, tmp_path / "x.tar.gz"), ASKED)


def test_an_event_that_was_altered_with_its_manifest_breaks_the_chain(
    made: tuple[Workspace, Path], tmp_path: Path
) -> None:
    workspace, path = made
    inside = parts(path)
    inside["ledger.jsonl"] = inside["ledger.jsonl"].replace(b"kelay", b"segah", 1)
    manifest = json.loads(inside["manifest.json"])
    manifest["files"]["ledger.jsonl"] = sha256(inside["ledger.jsonl"]).hexdigest()
    inside["manifest.json"] = json.dumps(manifest).encode()
    vouched = replace(ASKED, reason="r")
    with pytest.raises(LedgerError, match="event 1 of this copy"):
        restore.restore(empty(tmp_path, workspace), packed(inside, tmp_path / "x.tar.gz"), vouched)


def manifest_for(inside: dict[str, bytes]) -> bytes:
    """A manifest that fits the parts, as somebody makes it who has the file and no password."""
    own = {n: b for n, b in inside.items() if n not in {"manifest.json", "manifest.signature"}}
    events, head = head_of(own["ledger.jsonl"].decode().splitlines())
    digests = {name: sha256(body).hexdigest() for name, body in own.items()}
    return json.dumps(json.loads(inside["manifest.json"]) | {"files": digests, "events": events, "head": head}).encode()


def rewritten(text: bytes, old: bytes, new: bytes) -> bytes:
    """A ledger with one text replaced, and every hash made anew."""
    previous, lines = b"\0" * 32, []
    for line in text.replace(old, new).decode().splitlines():
        number, body, _ = json.loads(line)
        previous = sha256(previous + body.encode()).digest()
        lines.append(json.dumps([number, body, previous.hex()], ensure_ascii=False) + "\n")
    return "".join(lines).encode()


def with_another_serial(inside: dict[str, bytes]) -> None:
    inside["ledger.jsonl"] = rewritten(inside["ledger.jsonl"], b"127.90.0.1", b"127.90.6.6")


def with_another_host_key(inside: dict[str, bytes]) -> None:
    inside["host-keys/BRU-MDM-01"] = b"BRU-MDM-01 ssh-ed25519 EVIL\n"


def with_settings_of_other_programs(inside: dict[str, bytes]) -> None:
    inside |= {
        "home/ansible.cfg": b"[defaults]\ncallback_plugins = /tmp/evil\n", "home/.envrc": b"id\n",
        "inventory/.git/hooks/pre-commit": b"#!/bin/sh\nid\n", "inventory/kits/.hidden.yml": b"x", "elsewhere/x": b"x",
    }  # fmt: skip


def as_0_1_0_made_it(inside: dict[str, bytes]) -> None:
    inside["manifest.json"] = json.dumps(json.loads(inside["manifest.json"]) | {"format": 1}).encode()


@pytest.mark.parametrize(
    ("alter", "signature"),
    [
        (with_another_serial, "kept"), (with_another_serial, "none"), (with_another_host_key, "forged"),
        (with_settings_of_other_programs, "kept"), (as_0_1_0_made_it, "none"), (as_0_1_0_made_it, "kept"),
    ],
)  # fmt: skip
def test_a_backup_that_nobody_proves_is_taken_only_with_a_reason_on_record(
    made: tuple[Workspace, Path], tmp_path: Path, alter: Callable[[dict[str, bytes]], None], signature: str
) -> None:
    workspace, path = made
    inside = parts(path)
    alter(inside)
    inside["manifest.json"] = manifest_for(inside)
    if signature != "kept":
        del inside["manifest.signature"]
    if signature == "forged":
        inside["manifest.signature"] = sign(inside["manifest.json"], Secret("a guess"))
    altered = packed(inside, tmp_path / "altered.tar.gz")
    new = empty(tmp_path, workspace)
    with pytest.raises(ProvisionError, match="nobody proves who made this backup") as caught:
        restore.restore(new, altered, ASKED)
    assert "--unauthenticated" in caught.value.hint
    assert [p.name for p in new.place.root.rglob("*")] == ["var", "vault-password"]
    done = restore.restore(new, altered, replace(ASKED, reason="taken from the safe myself"))
    assert done.events == 4
    assert new.ledger.history("ledger")[-1].payload == {
        "file": "altered.tar.gz",
        "reason": "taken from the safe myself",
    }
    assert verify(new.ledger) == (4, None)
    here = {str(p.relative_to(new.place.root)) for p in new.place.root.rglob("*") if p.is_file()}
    assert not [name for name in here if "evil" in name or "hooks" in name or "hidden" in name or ".envrc" in name]
    assert "callback_plugins" not in (new.place.root / "ansible.cfg").read_text()
    assert ("inventory/.git/hooks/pre-commit" in done.left) is (alter is with_settings_of_other_programs)
    new.ledger.close()


def test_a_host_key_that_differs_is_told_and_asked_before_anything_is_written(
    made: tuple[Workspace, Path], tmp_path: Path
) -> None:
    workspace, path = made
    new = empty(tmp_path, workspace)
    pin(new.place.host_keys, "BRU-MDM-01", "ssh-ed25519 BBBB")
    questions: list[str] = []

    def refuse(question: str) -> bool:
        questions.append(question)
        return False

    with pytest.raises(IdentityError, match="were not approved"):
        restore.restore(new, path, restore.Asked(approve=refuse))
    assert "BRU-MDM-01: pinned SHA256:" in questions[0]
    assert not (new.place.var / "ledger.db").exists()
    restore.restore(new, path, restore.Asked(approve=lambda _: True))
    assert (new.place.host_keys / "BRU-MDM-01").read_text() == "BRU-MDM-01 ssh-ed25519 AAAA\n"
    new.ledger.close()


def test_hidden_files_are_not_in_a_backup_and_settings_are_made_anew(
    made: tuple[Workspace, Path], tmp_path: Path
) -> None:
    workspace, _ = made
    (workspace.place.inventory / ".git").mkdir()
    (workspace.place.inventory / ".git/config").write_text("x")
    backup.backup(workspace, tmp_path / "b.tar.gz")
    assert not [n for n in parts(tmp_path / "b.tar.gz") if "/." in n or n.startswith("home/")]
    new = empty(tmp_path, workspace)
    restore.restore(new, tmp_path / "b.tar.gz", ASKED)
    assert (new.place.root / "ansible.cfg").read_text() == (workspace.place.root / "ansible.cfg").read_text()
    assert (new.place.root / ".gitignore").read_text() == (workspace.place.root / ".gitignore").read_text()
    shutil.rmtree(workspace.place.inventory / ".git")


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "inventory/../../evil"])
def test_a_part_that_climbs_out_is_refused(made: tuple[Workspace, Path], tmp_path: Path, name: str) -> None:
    workspace, path = made
    with pytest.raises(ProvisionError, match="no plain file"):
        restore.restore(empty(tmp_path, workspace), packed(parts(path) | {name: b"x"}, tmp_path / "x.tar.gz"), ASKED)
    assert not list(tmp_path.rglob("evil"))


@pytest.mark.parametrize(
    "body", [b"", b"not a backup", gzip.compress(b"not a tar", mtime=0)], ids=["empty", "text", "gzip"]
)
def test_what_is_no_backup_is_refused(made: tuple[Workspace, Path], tmp_path: Path, body: bytes) -> None:
    (tmp_path / "x.tar.gz").write_bytes(body)
    with pytest.raises(ProvisionError, match="not whole"):
        restore.restore(empty(tmp_path, made[0]), tmp_path / "x.tar.gz", ASKED)
    with pytest.raises(ProvisionError, match="cannot be read"):
        restore.restore(empty(tmp_path, made[0], "other"), tmp_path / "nowhere.tar.gz", ASKED)


def test_a_wrong_vault_password_is_refused_before_anything_is_written(
    made: tuple[Workspace, Path], tmp_path: Path
) -> None:
    new = empty(tmp_path, made[0])
    (new.place.var / "vault-password").write_text("wrong\n")
    with pytest.raises(VaultError, match="not the one of this backup"):
        restore.restore(new, made[1], ASKED)
    assert not (new.place.var / "ledger.db").exists()
    assert not new.place.inventory.exists()


def test_an_older_home_is_brought_forward_and_what_differed_is_laid_aside(
    made: tuple[Workspace, Path], tmp_path: Path
) -> None:
    workspace, path = made
    new = empty(tmp_path, workspace)
    restore.restore(new, path, ASKED)
    workspace.ledger.append("note", "kelay", {"n": 1}, at=workspace.now())
    later = tmp_path / "later.tar.gz"
    backup.backup(workspace, later)
    defaults = new.place.inventory / "defaults.yml"
    defaults.write_text(defaults.read_text() + "# mine\n")
    done = restore.restore(new, later, ASKED)
    assert done.events == 4
    assert done.aside is not None
    assert (done.aside / "inventory/defaults.yml").read_text().endswith("# mine\n")
    assert verify(new.ledger) == (4, None)
    with pytest.raises(LedgerError, match="newer: it has 4 events, the copy 3"):
        restore.restore(new, path, ASKED)
    assert verify(new.ledger) == (4, None)
    new.ledger.append("note", "kelay", {"mine": 1}, at=new.now())
    workspace.ledger.append("note", "kelay", {"n": 2}, at=workspace.now())
    backup.backup(workspace, later)
    with pytest.raises(LedgerError, match="another history: event 5"):
        restore.restore(new, later, ASKED)
    new.ledger.close()


def test_a_backup_that_cannot_be_written_leaves_nothing(made: tuple[Workspace, Path], tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere/x.tar.gz"):
        with pytest.raises(ProvisionError) as caught:
            backup.backup(made[0], path)
        assert caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_reason_that_looks_like_the_end_of_a_line_is_backed_up_and_restored(tmp_path: Path) -> None:
    workspace = Workspace(starter.make(tmp_path / "home", lab=True))
    workspace.ledger.append("note", "kelay", {"reason": "a\u2028b\u0085c\u2029d"}, at=workspace.now())
    done = backup.backup(workspace, tmp_path / "b.tar.gz")
    assert done.events == 1
    new = empty(tmp_path, workspace)
    assert restore.restore(new, tmp_path / "b.tar.gz", ASKED).events == 1
    for one in (workspace, new):
        one.ledger.close()


def test_a_copy_makes_a_head_that_was_lost_and_refuses_one_that_it_does_not_hold(
    made: tuple[Workspace, Path], tmp_path: Path
) -> None:
    workspace, path = made
    new = empty(tmp_path, workspace)
    restore.restore(new, path, ASKED)
    head = new.place.var / "ledger.head"
    kept = head.read_text()
    head.unlink()
    restore.restore(new, path, ASKED)
    assert head.read_text() == kept
    new.ledger.close()
    (new.place.var / "ledger.db").unlink()  # lost; the head and the backup are left
    restore.restore(new, path, ASKED)
    assert verify(new.ledger) == (3, None)
    head.write_text("9 " + "a" * 64 + "\n")
    with pytest.raises(LedgerError, match="this copy is not of the ledger that was kept here"):
        restore.restore(new, path, ASKED)
    new.ledger.close()


@pytest.mark.parametrize(
    "manifest", [b"[]", b"{}", b'{"files": [], "events": 1, "head": "x", "format": 2}', b"[" * 100_000]
)
def test_a_manifest_of_another_shape_is_no_backup(
    made: tuple[Workspace, Path], tmp_path: Path, manifest: bytes
) -> None:
    inside = parts(made[1]) | {"manifest.json": manifest, "manifest.signature": b"[" * 100_000}
    with pytest.raises(ProvisionError, match="not whole"):
        restore.restore(empty(tmp_path, made[0]), packed(inside, tmp_path / "x.tar.gz"), replace(ASKED, reason="r"))


def test_every_file_of_the_intent_is_backed_up_whatever_its_letters(tmp_path: Path) -> None:
    workspace = Workspace(starter.make(tmp_path / "home", lab=True))
    for name in ("kits/_note.yml", "kits/été.yml", "x y.md"):
        (workspace.place.inventory / name).write_text("# x\n")
    backup.backup(workspace, tmp_path / "b.tar.gz")
    assert {"inventory/kits/_note.yml", "inventory/kits/été.yml", "inventory/x y.md"} <= parts(
        tmp_path / "b.tar.gz"
    ).keys()
    workspace.ledger.close()
