"""SSH keys: the office's own, and the pinned key of each device."""

from __future__ import annotations

import base64
import os
import socket
from hashlib import sha256
from pathlib import Path

from provision.errors import IdentityError, ProvisionError, UnreachableError

CONNECT_S = 20.0


def office_key(path: Path) -> str:
    """Give the office's public key, making the pair (Ed25519, 0600) at first need."""
    public = path.with_suffix(".pub")
    if not path.exists():
        from cryptography.hazmat.primitives import serialization as form
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        key = Ed25519PrivateKey.generate()
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
    """Ask a server for its host key before any login; give it as `ssh-ed25519 AAAA…`.

    Raises UnreachableError where nothing answers as an SSH server.
    """
    import paramiko

    try:
        with socket.create_connection((host, port), timeout=CONNECT_S) as connection:
            transport = paramiko.Transport(connection)
            transport.get_security_options().key_types = ("ssh-ed25519",)
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
    """Give the SHA256 fingerprint as ssh prints it."""
    return "SHA256:" + base64.b64encode(sha256(base64.b64decode(key.split()[1])).digest()).decode().rstrip("=")


def pin(folder: Path, tag: str, key: str) -> None:
    """Keep a device's host key in a file of its own; a different key is never taken over it."""
    known = pinned(folder, tag)
    if known and known != key:
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
