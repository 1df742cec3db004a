"""Restore a home from a backup, once it is proved that its maker has the vault password.

All of it is checked before anything is written: signature, parts, ledger, and the host keys that differ from those
that are pinned here, which a person has to approve.
"""

from __future__ import annotations

import gzip
import io
import json
import shutil
import tarfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any

from provision.core.budget import BACKUP_BYTES, BACKUP_GROWS, UNPACKED_BYTES
from provision.core.errors import IdentityError, ProvisionError, VaultError
from provision.core.host_keys import fingerprint
from provision.core.model import Secret
from provision.home.ansible_vault import decrypt
from provision.home.authentic import is_signed
from provision.home.backup import BELONGS, FORMAT, KEYS, LEDGER, MANIFEST, SIGNATURE, password_of
from provision.home.keys import pinned
from provision.home.starter import write_settings
from provision.home.vault import NAME
from provision.home.workspace import Workspace
from provision.ledger.office_events import RestoredUnsigned
from provision.local.files import ORDINARY, write_whole
from provision.local.reading import within

PLACES = {
    "inventory": "inventory",
    "host-keys": "var/host-keys",
    "papers": "var/papers",
    "evidence": "var/evidence",
    "way-back": "var/way-back",
}
PRIVATE = {"papers", "evidence", "way-back"}
BROKEN = (
    tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error, ValueError, KeyError, TypeError, AttributeError, RecursionError,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was restored: the ledger's count of events and head, where replaced files were put, and what was left out.

    `aside` is None if no file was replaced; SSH keys do not count. `left` are parts that do not belong into a home.
    """

    events: int
    head: str
    aside: Path | None
    left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person asks for: `approve` is called with a question, if host keys differ from those pinned here.

    `reason` is why a backup without a valid signature is restored all the same; empty: it is refused.
    """

    approve: Callable[[str], bool]
    reason: str = ""


def restore(workspace: Workspace, path: Path, asked: Asked) -> Restored:
    """Restore the ledger, files and SSH keys of the backup at `path`; return what was restored.

    A file that differs is moved to a new directory of var/ first, SSH keys are overwritten, and files that the backup
    does not hold stay. Raises ProvisionError, with nothing restored, if the backup is not whole or not signed under the
    vault password, if a person does not approve its host keys, or if the ledger here is newer or another one.
    """
    from provision.ledger import connect
    from provision.ledger.copy import head_of, take

    manifest, parts, signed = read(path, password_of(workspace))
    keys = _keys(workspace, parts)
    if not signed and not asked.reason:
        raise ProvisionError(
            "nobody proves who made this backup: it is not signed under the vault password; nothing was written",
            where=str(path),
            hint="take another one; if it is of 0.1.0, which signed none, and you know where it comes from: "
            "provision restore FILE --unauthenticated --reason TEXT",
        )
    left = tuple(sorted(name for name in parts if not BELONGS.fullmatch(name)))
    parts = {name: body for name, body in parts.items() if name not in left}
    lines = parts.pop(LEDGER).decode().split("\n")[:-1]  # what a text holds may look like an end of line to splitlines
    _validate(manifest, head_of(lines), path)
    _approve_host_keys(workspace, parts, asked.approve)
    root = workspace.place.root
    workspace.place.var.mkdir(mode=0o700, parents=True, exist_ok=True)
    ledger = connect(workspace.place.database, workspace.place.var / "ledger.head", "restore", anew=True)
    try:
        events, head = take(ledger, lines)
    finally:
        ledger.close()
    aside = _lay(root, parts, workspace.place.var / f"before-restore-{workspace.now().replace(':', '')}")
    _lay_keys(workspace, keys, parts)
    write_settings(root)
    if not signed:
        (event,) = workspace.ledger.record(
            [("ledger", RestoredUnsigned(file=path.name, reason=asked.reason))], at=workspace.now()
        )
        events, head = event.number, event.hash
    return Restored(events=events, head=head, aside=aside, left=left)


def _validate(manifest: Mapping[str, Any], head: tuple[int, str], path: Path) -> None:
    """Raise ProvisionError unless the ledger's head is the one that the manifest names."""
    if head != (manifest["events"], manifest["head"]):
        raise ProvisionError(
            "its ledger is not the one that its manifest names", where=str(path), hint="take another backup"
        )


def _approve_host_keys(workspace: Workspace, parts: Mapping[str, bytes], approve: Callable[[str], bool]) -> None:
    """Ask about the host keys of a backup that are not those pinned here; raise IdentityError if one is refused."""
    changed = []
    for name, body in sorted(parts.items()):
        folder, _, tag = name.partition("/")
        if folder == "host-keys" and (here := pinned(workspace.place.host_keys, tag)):
            there = body.decode(errors="replace").partition(" ")[2].strip()
            if there != here:
                changed.append(f"{tag}: pinned {fingerprint(here)}, in the backup {_fingerprint(there)}")
    if changed and not approve("host keys differ:\n  " + "\n  ".join(changed) + "\ntake those of the backup?"):
        raise IdentityError(
            "the host keys of the backup were not approved; nothing was written",
            where=", ".join(line.partition(":")[0] for line in changed),
            hint="look at these boxes; then restore, or enrol them again with --new-key",
        )


def _fingerprint(key: str) -> str:
    """Return the fingerprint of a key that somebody else wrote, or the text itself if it is none."""
    try:
        return fingerprint(key) if key else "none"
    except (ValueError, IndexError):
        return key


def _unpacked(raw: bytes) -> bytes:
    """Return the tar in a backup; its own checksum counts, too. Raises ValueError for one that grows too much."""
    most = max(UNPACKED_BYTES, BACKUP_GROWS * len(raw))
    with gzip.open(io.BytesIO(raw)) as packed:
        whole = packed.read(most + 1)
    if len(whole) > most:
        raise ValueError(f"it unpacks to more than {most // 1_000_000} MB")
    return whole


def read(path: Path, secret: Secret) -> tuple[dict[str, Any], dict[str, bytes], bool]:
    """Return the manifest of a backup, its other parts (name -> content), and whether it is signed under `secret`.

    The parts match the digests in the manifest. Raises ProvisionError if the file cannot be read, is not whole, or has
    another format.
    """
    parts: dict[str, bytes] = {}
    try:
        whole = _unpacked(within(path, BACKUP_BYTES))
        with tarfile.open(fileobj=io.BytesIO(whole)) as tar:
            for entry in tar:
                name = PurePosixPath(entry.name)
                if not entry.isreg() or name.is_absolute() or ".." in name.parts:
                    raise ValueError(f"a part that is no plain file: {entry.name}")
                part = tar.extractfile(entry)
                parts[entry.name] = part.read() if part else b""
        body = parts.pop(MANIFEST)
        signed = is_signed(body, parts.pop(SIGNATURE, b""), secret)
        manifest = json.loads(body)
        known = (int(manifest["events"]), str(manifest["head"]), manifest["format"])
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
    wrong += [n for n in parts if n.startswith("ssh/") and f"{n.partition('.')[0]}.pub" not in parts]
    if wrong or foreign or LEDGER not in parts or not known:
        raise _broken(path, f"{(wrong or foreign or [LEDGER])[0]} is not what was written")
    if manifest.get("format") not in {1, FORMAT}:
        raise ProvisionError(
            f"it is of another program: format {manifest.get('format')}",
            where=str(path),
            hint="install the program that wrote it",
        )
    return manifest, parts, signed and manifest["format"] == FORMAT


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
    secret = password_of(workspace)
    try:
        opened = {name: decrypt(parts[place], secret.reveal().encode()) for place, name in sealed.items()}
    except ValueError:
        raise VaultError(
            "the vault password is not the one of this backup; nothing was written",
            where=next(iter(sealed)),
            hint="set PROVISION_VAULT_PASSWORD_FILE to the file with the right password",
        ) from None
    return {name: text for name, text in opened.items() if name}


def _lay_keys(workspace: Workspace, keys: Mapping[str, bytes], parts: Mapping[str, bytes]) -> None:
    """Write the office's SSH keys, whatever stands there."""
    for name, key in keys.items():
        private = workspace.place.ssh_key.with_name(workspace.place.ssh_key.name + name.removeprefix(KEYS[0]))
        _private(private, key)
        write_whole(private.with_suffix(".pub"), parts[f"ssh/{name}.pub"], ORDINARY)


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
