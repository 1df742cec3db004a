"""The host key of an SSH server, before any login."""

from __future__ import annotations

import socket

from provision.core.errors import UnreachableError
from provision.core.host_keys import HOST_KEYS

CONNECT_S = 20.0


def read_host_key(host: str, port: int) -> str:
    """Return the host key of a server, asked for before any login, as `ssh-ed25519 AAAA…` (or RSA).

    Raises UnreachableError if nothing answers as an SSH server.
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
