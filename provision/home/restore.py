"""Restore a home from a backup; the backup and the vault password are checked before anything is written."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import tarfile
import zlib
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any

from provision.core.errors import ProvisionError, VaultError
from provision.core.model import Secret
from provision.home.ansible_vault import decrypt
from provision.home.backup import FORMAT, KEYS, LEDGER, MANIFEST
from provision.home.vault import NAME, password
from provision.home.workspace import Workspace
from provision.local.files import ORDINARY, write_whole

PLACES = {
    "inventory": "inventory",
    "host-keys": "var/host-keys",
    "papers": "var/papers",
    "evidence": "var/evidence",
    "way-back": "var/way-back",
    "home": ".",
}
PRIVATE = {"papers", "evidence", "way-back"}
BROKEN = (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error, ValueError, KeyError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was restored: the ledger's count of events and head, and where replaced files were put.

    `aside` is None if no file was replaced; SSH keys do not count.
    """

    events: int
    head: str
    aside: Path | None


def restore(workspace: Workspace, path: Path) -> Restored:
    """Restore the ledger, files and SSH keys of the backup at `path`; return what was restored.

    A file that differs is moved to a new directory of var/ first, SSH keys are overwritten, and files that the backup
    does not hold stay. Raises ProvisionError, with nothing restored, if the backup is not whole, the vault password is
    wrong, or the ledger here is newer or another one.
    """
    from provision.ledger import connect
    from provision.ledger.copy import head_of, take

    manifest, parts = read(path)
    lines = parts.pop(LEDGER).decode().splitlines()
    if head_of(lines) != (manifest["events"], manifest["head"]):
        raise ProvisionError(
            "its ledger is not the one that its manifest names", where=str(path), hint="take another backup"
        )
    keys = _keys(workspace, parts)
    root = workspace.place.root
    workspace.place.var.mkdir(mode=0o700, parents=True, exist_ok=True)
    ledger = connect(workspace.place.database, workspace.place.var / "ledger.head", "restore")
    try:
        events, head = take(ledger, lines)
    finally:
        ledger.close()
    aside = _lay(root, parts, workspace.place.var / f"before-restore-{workspace.now().replace(':', '')}")
    for name, key in keys.items():
        private = workspace.place.ssh_key.with_name(workspace.place.ssh_key.name + name.removeprefix(KEYS[0]))
        _private(private, key)
        write_whole(private.with_suffix(".pub"), parts[f"ssh/{name}.pub"], ORDINARY)
    return Restored(events=events, head=head, aside=aside)


def read(path: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return the manifest of a backup, and its other parts (name -> content), which match the digests in it.

    Raises ProvisionError if the file cannot be read, is not whole, or has another format.
    """
    parts: dict[str, bytes] = {}
    try:
        whole = gzip.decompress(path.read_bytes())  # all of it: its own checksum counts, too
        with tarfile.open(fileobj=io.BytesIO(whole)) as tar:
            for entry in tar:
                name = PurePosixPath(entry.name)
                if not entry.isreg() or name.is_absolute() or ".." in name.parts:
                    raise ValueError(f"a part that is no plain file: {entry.name}")
                body = tar.extractfile(entry)
                parts[entry.name] = body.read() if body else b""
        manifest = json.loads(parts.pop(MANIFEST))
        wrong = [n for n, digest in manifest["files"].items() if sha256(parts.get(n, b"")).hexdigest() != digest]
        foreign = sorted(set(parts) - set(manifest["files"]))
    except OSError as error:
        if isinstance(error, gzip.BadGzipFile):
            raise _broken(path, str(error)) from None
        raise ProvisionError(
            f"the backup cannot be read: {error.strerror}", where=str(path), hint="check its path"
        ) from None
    except BROKEN as error:
        raise _broken(path, str(error) or "it ends too soon") from None
    if wrong or foreign or LEDGER not in parts:
        raise _broken(path, f"{(wrong or foreign or [LEDGER])[0]} is not what was written")
    if manifest.get("format") != FORMAT:
        raise ProvisionError(
            f"it is of another program: format {manifest.get('format')}",
            where=str(path),
            hint="install the program that wrote it",
        )
    return manifest, parts


def _broken(path: Path, why: str) -> ProvisionError:
    return ProvisionError(
        f"the backup is not whole: {why}; nothing was written",
        where=str(path),
        hint="copy it again, or take an older one",
    )


def _keys(workspace: Workspace, parts: dict[str, bytes]) -> dict[str, bytes]:
    """Return the private SSH keys of a backup by name, decrypted with the vault password; empty if it has none.

    The vault is decrypted, too, to prove the password. Raises VaultError if there is no password, or a wrong one.
    """
    places = {f"ssh/{name}.vault": name for name in KEYS} | {f"inventory/{NAME}": ""}
    sealed = {place: name for place, name in places.items() if place in parts}
    if not sealed:
        return {}
    secret: Secret = password(workspace.place.root / "var" / "vault-password")
    try:
        opened = {name: decrypt(parts[place], secret.reveal().encode()) for place, name in sealed.items()}
    except ValueError:
        raise VaultError(
            "the vault password is not the one of this backup; nothing was written",
            where=next(iter(sealed)),
            hint="set PROVISION_VAULT_PASSWORD_FILE to the file with the right password",
        ) from None
    return {name: text for name, text in opened.items() if name}


def _lay(root: Path, parts: dict[str, bytes], aside: Path) -> Path | None:
    """Write the parts to their places below `root`, without the ledger and the SSH keys.

    A file that differs is moved to `aside` first. Return `aside`, or None if no file was moved.
    """
    used = False
    for name, body in parts.items():
        folder, _, rest = name.partition("/")
        if folder not in PLACES:
            continue
        target = root / PLACES[folder] / rest
        if target.is_file() and target.read_bytes() != body:
            kept = aside / name
            kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.move(target, kept)
            used = True
        if not target.is_file():
            _private(target, body, mode=0o600 if rest == NAME or folder in PRIVATE else ORDINARY)
    return aside if used else None


def _private(target: Path, body: bytes, mode: int = 0o600) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(target, body, mode)
