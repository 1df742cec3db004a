"""SSH keys: the office's own, and the pinned key of each device."""

from __future__ import annotations

from pathlib import Path

from provision.core.budget import KEY_BYTES
from provision.core.errors import IdentityError, ProvisionError
from provision.core.host_keys import fingerprint
from provision.local.files import ORDINARY, locked, write_whole
from provision.local.reading import text_within, within

RSA_BITS = 3072  # NIST SP 800-57: 128 bits of strength


def office_key(path: Path) -> str:
    """Return the office's public key (one line); the pair is made if there is no private key at `path`.

    It is Ed25519, or RSA if the path ends in `-rsa`; the private key has mode 0600. Of several first commands at once
    one makes the pair. If the public half is missing, it is made from the private key. Raises ProvisionError if that
    cannot be read, or the pair cannot be written.
    """
    public = path.with_suffix(".pub")
    try:
        if not (path.exists() and public.exists()):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with locked(path):
                _complete(path, public)
        return text_within(public, KEY_BYTES).strip()
    except OSError as error:
        raise ProvisionError(
            f"the office's SSH key cannot be read or made: {error.strerror}",
            where=str(path),
            hint="free space, or check permissions",
        ) from None


def _complete(path: Path, public: Path) -> None:
    """Make what is missing of a pair, the private key first: the public half can be made from it at any time."""
    if not path.exists() and public.exists():  # devices let that one in, and a new one would let nobody in
        raise ProvisionError(
            "the office's private SSH key is missing, and its public half is there",
            where=str(path),
            hint=f"bring it back: provision restore; where it is lost for good: rm {public}; enrol each device anew",
        )
    if not path.exists():
        write_whole(path, _made(path))
    if not public.exists():
        write_whole(public, _public_half(path) + " diskominfo-office\n", ORDINARY)


def _made(path: Path) -> bytes:
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

    old = path.name.endswith("-rsa")
    key = rsa.generate_private_key(65537, RSA_BITS) if old else ed25519.Ed25519PrivateKey.generate()
    return key.private_bytes(form.Encoding.PEM, form.PrivateFormat.OpenSSH, form.NoEncryption())


def _public_half(path: Path) -> str:
    from cryptography.hazmat.primitives import serialization as form

    try:
        key = form.load_ssh_private_key(within(path, KEY_BYTES), None)
    except (ValueError, TypeError):
        raise ProvisionError(
            "the public half of the office's SSH key is missing, and the private key cannot be read",
            where=str(path),
            hint=f"ssh-keygen -y -f {path} > {path.with_suffix('.pub')}",
        ) from None
    return key.public_key().public_bytes(form.Encoding.OpenSSH, form.PublicFormat.OpenSSH).decode()


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


def pinned_for(folder: Path, key: str) -> str:
    """Return the asset tag of the device for which a key is pinned, or an empty text."""
    tags = sorted(path.name for path in folder.glob("*") if path.is_file())
    return next((tag for tag in tags if key and pinned(folder, tag) == key), "")


def pinned(folder: Path, tag: str) -> str:
    """Return the pinned key of a device, or an empty text."""
    try:
        return text_within(folder / tag, KEY_BYTES).split(" ", 1)[1].strip()
    except (FileNotFoundError, IndexError):
        return ""
