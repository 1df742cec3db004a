"""Write one file with which another machine can take a home over: ledger, intent, vault, keys, papers.

The office's SSH key is encrypted with the vault's password, the vault is copied as it is; the password itself is
left out. What can be made anew (devices.yml, peers.vault, the lab, settings of Ansible and git) is left out, too. The
manifest is signed under the vault's password.
"""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from provision import __version__
from provision.core.budget import KEY_BYTES
from provision.core.errors import ProvisionError
from provision.core.model import Secret
from provision.home.authentic import sign
from provision.home.vault import Vault
from provision.home.workspace import Workspace
from provision.local.files import write_whole
from provision.local.reading import within

FORMAT = 2  # 1, of release 0.1.0, had no signature
MANIFEST, SIGNATURE, LEDGER = "manifest.json", "manifest.signature", "ledger.jsonl"
KEYS = ("id_ed25519", "id_ed25519-rsa")  # the second is for firmware that knows no other
CONTENTS = {
    "ledger.jsonl": "every event, with its hash",
    "inventory/": "the intent, and the vault (encrypted)",
    "host-keys/": "the pinned host key of each device",
    "ssh/": "the office's SSH key, encrypted with the vault's password",
    "papers/": "the papers that were made",
    "evidence/": "pictures that technicians attested with",
    "way-back/": "old values of radios whose change is not confirmed",
}
LEFT_OUT = (
    "the vault password; devices.yml, peers.vault, ansible.cfg and .gitignore (they are made anew); "
    "the lab; hidden files"
)
BELONGS = re.compile(  # what a backup may hold: no hidden file, nothing that another program takes for its settings
    r"ledger\.jsonl|inventory(?:/[^./\0][^/\0]*)+|(?:host-keys|papers|evidence|way-back)/[^./\0][^/\0]*"
    r"|ssh/id_ed25519(?:-rsa)?\.(?:vault|pub)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A backup that was written: path, the ledger's count of events and head, count of files without the manifest."""

    path: Path
    events: int
    head: str
    files: int


def backup(workspace: Workspace, path: Path) -> Backup:
    """Write the home's backup to `path` (tar.gz with a manifest), whole or not at all; return what was written.

    Raises ProvisionError if this is no home, if the ledger was altered, if the vault does not open, or if `path` is a
    directory or cannot be written.
    """
    from provision.ledger.copy import head_of, lines

    workspace.place.require()
    if path.is_dir():
        raise ProvisionError("this is a directory", where=str(path), hint="name a file, as berau.tar.gz")
    vault_of(workspace)  # its password is the one that signs: it is proved before
    text = "".join(lines(workspace.ledger))
    events, head = head_of(text.split("\n")[:-1])
    parts = {LEDGER: text.encode()} | dict(_files(workspace)) | dict(_key(workspace))
    parts = {name: body for name, body in parts.items() if BELONGS.fullmatch(name)}
    manifest = {
        "format": FORMAT,
        "program": __version__,
        "at": workspace.now(),
        "events": events,
        "head": head,
        "files": {name: sha256(body).hexdigest() for name, body in sorted(parts.items())},
    }
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=6) as tar:
        body = json.dumps(manifest, indent=1).encode()
        _add(tar, MANIFEST, body)
        _add(tar, SIGNATURE, sign(body, password_of(workspace)))
        for name, body in sorted(parts.items()):
            _add(tar, name, body)
    try:
        write_whole(path, packed.getvalue())
    except OSError as error:
        raise ProvisionError(
            f"the backup cannot be written: {error.strerror}", where=str(path), hint="another place, or free some space"
        ) from None
    return Backup(path=path, events=events, head=head, files=len(parts))


def _add(tar: tarfile.TarFile, name: str, body: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(body), 0o600
    tar.addfile(entry, io.BytesIO(body))


def _files(workspace: Workspace) -> Iterator[tuple[str, bytes]]:
    """Yield archive name and content of the files to back up, without the ledger and the SSH keys.

    They are inventory/ without devices.yml, locks and temporary files, and the pinned host keys, papers, evidence and
    way-back files of var/.
    """
    inventory = workspace.place.inventory
    for path in sorted(inventory.rglob("*")):
        if path.is_file() and path.name != "devices.yml" and path.suffix not in {".lock", ".new"}:
            yield f"inventory/{path.relative_to(inventory)}", path.read_bytes()
    for folder in ("host-keys", "papers", "evidence", "way-back"):
        for path in sorted((workspace.place.var / folder).glob("*")):
            if path.is_file() and not path.name.startswith("."):
                yield f"{folder}/{path.name}", path.read_bytes()


def _key(workspace: Workspace) -> Iterator[tuple[str, bytes]]:
    for name in KEYS:
        private = workspace.place.ssh_key.with_name(workspace.place.ssh_key.name + name.removeprefix(KEYS[0]))
        if private.is_file():
            yield f"ssh/{name}.vault", vault_of(workspace).seal(within(private, KEY_BYTES))
            yield f"ssh/{name}.pub", within(private.with_suffix(".pub"), KEY_BYTES)


def vault_of(workspace: Workspace) -> Vault:
    """Return the vault of the home, empty if it has no file yet; raises VaultError if it cannot be opened."""
    return Vault(workspace.place.inventory / "secrets.vault.yml", password_of(workspace))


def password_of(workspace: Workspace) -> Secret:
    """Return the vault password of the home, asked for once; raises VaultError if there is none."""
    return workspace.vault_password
