"""SSH keys: the office's own, and the pinned key of each device."""

from __future__ import annotations

import base64
import os
import socket
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from provision.errors import DeviceError, IdentityError, ProvisionError, UnreachableError

CONNECT_S = 20.0
RSA_BITS = 3072  # NIST SP 800-57: 128 bits of strength
HOST_KEYS = ("ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256")


def office_key(path: Path) -> str:
    """Give the office's public key, making the pair (Ed25519, 0600) at first need; a path that ends in `-rsa` is RSA's."""
    public = path.with_suffix(".pub")
    if not path.exists():
        from cryptography.hazmat.primitives import serialization as form
        from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

        old = path.name.endswith("-rsa")
        key = rsa.generate_private_key(65537, RSA_BITS) if old else ed25519.Ed25519PrivateKey.generate()
        private = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.OpenSSH, form.NoEncryption())
        shown = key.public_key().public_bytes(form.Encoding.OpenSSH, form.PublicFormat.OpenSSH)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        public.write_text(shown.decode() + " diskominfo-office\n")
        temporary = path.with_suffix(".new")
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(private)
        try:
            os.link(temporary, path)  # two first commands at once: the first one wins
        except FileExistsError:
            return office_key(path)
        finally:
            temporary.unlink()
        public.write_text(shown.decode() + " diskominfo-office\n")
    if not public.exists():
        raise ProvisionError(
            "the public half of the office's SSH key is missing",
            where=str(public),
            hint="ssh-keygen -y -f KEY > KEY.pub",
        )
    return public.read_text().strip()


def read_host_key(host: str, port: int) -> str:
    """Ask a server for its host key before any login; give it as `ssh-ed25519 AAAA…` (or RSA).

    Raises UnreachableError where nothing answers as an SSH server.
    """
    import paramiko

    try:
        with socket.create_connection((host, port), timeout=CONNECT_S) as connection:
            transport = paramiko.Transport(connection)
            transport.get_security_options().key_types = HOST_KEYS
            try:
                transport.start_client(timeout=CONNECT_S)
                key = transport.get_remote_server_key()
            finally:
                transport.close()
    except (OSError, EOFError, paramiko.SSHException) as error:
        raise UnreachableError(
            f"no SSH answer: {error or type(error).__name__}",
            where=f"{host} port {port}",
            hint="is the box on, is the cable in its LAN port, is this computer in its subnet?",
        ) from None
    return f"{key.get_name()} {key.get_base64()}"


def fingerprint(key: str) -> str:
    """Give the SHA256 fingerprint as ssh prints it; what is pinned of a device without SSH is shown as it is."""
    if key.split(maxsplit=1)[0] not in (*HOST_KEYS, "ssh-rsa"):
        return key
    return "SHA256:" + base64.b64encode(sha256(base64.b64decode(key.split()[1])).digest()).decode().rstrip("=")


def shown(
    folder: Path, tag: str, where: tuple[str, int], *, approve: Callable[[str], bool], new_key: bool = False
) -> str:
    """Read a device's host key before any login and have a person approve it; give it, not pinned yet.

    Raises IdentityError where another key is pinned for `tag` (unless `new_key`), or this one for another.
    """
    host, port = where
    key = read_host_key(host, port)
    if pinned(folder, tag) not in {"", key} and not new_key:
        pin(folder, tag, key)  # refuses
    for other in sorted(p.name for p in folder.glob("*")) if folder.is_dir() else ():
        if other != tag and not other.startswith(".") and pinned(folder, other) == key:
            raise IdentityError(
                f"this box is enrolled already, as {other}", where=tag, hint="take the box whose label says " + tag
            )
    if not approve(fingerprint(key)):
        raise DeviceError(
            "the host key was not approved; nothing was sent",
            where=f"{host} port {port}",
            hint="compare it with the box",
        )
    return key


def unpin(folder: Path, tag: str) -> None:
    """Forget a device's host key."""
    (folder / tag).unlink(missing_ok=True)


def pin(folder: Path, tag: str, key: str, *, over: bool = False) -> None:
    """Keep a device's host key in a file of its own; a different key is taken over it only where a person said so."""
    known = pinned(folder, tag)
    if known and known != key and not over:
        raise IdentityError(
            f"the host key changed: pinned {fingerprint(known)}, now {fingerprint(key)}",
            where=tag,
            hint="is this the same box? after a factory reset: provision enrol TAG --address A --new-key",
        )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = folder / f".{tag}.new"
    temporary.write_text(f"{tag} {key}\n")
    temporary.replace(folder / tag)


def pinned(folder: Path, tag: str) -> str:
    """Give the pinned key of a device, or an empty text."""
    try:
        return (folder / tag).read_text().split(" ", 1)[1].strip()
    except (FileNotFoundError, IndexError):
        return ""
