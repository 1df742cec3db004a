"""SSH keys: the office's own, and the pinned key of each device."""

from __future__ import annotations

from pathlib import Path

from provision.core.errors import IdentityError, ProvisionError
from provision.core.host_keys import fingerprint
from provision.local.files import ORDINARY, write_new, write_whole

RSA_BITS = 3072  # NIST SP 800-57: 128 bits of strength


def office_key(path: Path) -> str:
    """Return the office's public key (one line); the pair is made if there is no private key at `path`.

    It is Ed25519, or RSA if the path ends in `-rsa`; the private key has mode 0600. Raises ProvisionError if only the
    public half is missing.
    """
    public = path.with_suffix(".pub")
    if not path.exists():
        from cryptography.hazmat.primitives import serialization as form
        from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

        old = path.name.endswith("-rsa")
        key = rsa.generate_private_key(65537, RSA_BITS) if old else ed25519.Ed25519PrivateKey.generate()
        private = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.OpenSSH, form.NoEncryption())
        shown = key.public_key().public_bytes(form.Encoding.OpenSSH, form.PublicFormat.OpenSSH)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        line = shown.decode() + " diskominfo-office\n"
        write_whole(public, line, ORDINARY)
        if not write_new(path, private):  # two first commands at once
            return office_key(path)
        write_whole(public, line, ORDINARY)
    if not public.exists():
        raise ProvisionError(
            "the public half of the office's SSH key is missing",
            where=str(public),
            hint="ssh-keygen -y -f KEY > KEY.pub",
        )
    return public.read_text().strip()


def unpin(folder: Path, tag: str) -> None:
    """Remove a device's pinned host key, if there is one."""
    (folder / tag).unlink(missing_ok=True)


def pin(folder: Path, tag: str, key: str, *, over: bool = False) -> None:
    """Write the host key of a device into a file of its own in `folder`.

    Raises IdentityError if another key is pinned, unless `over` is set, for a person who allowed it.
    """
    known = pinned(folder, tag)
    if known and known != key and not over:
        raise IdentityError(
            f"the host key changed: pinned {fingerprint(known)}, now {fingerprint(key)}",
            where=tag,
            hint="is this the same box? after a factory reset: provision enrol TAG --address A --new-key",
        )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(folder / tag, f"{tag} {key}\n", ORDINARY)


def pinned(folder: Path, tag: str) -> str:
    """Return the pinned key of a device, or an empty text."""
    try:
        return (folder / tag).read_text().split(" ", 1)[1].strip()
    except (FileNotFoundError, IndexError):
        return ""
