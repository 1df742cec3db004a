"""The reader of prompts: netmiko, with the host key pinned, for a box in factory state."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provision.core.errors import DeviceError, ProvisionError, UnreachableError
from provision.core.model import Secret
from provision.local.files import write_whole

READ_S = 30  # for each of: connection, banner, login, prompt, answer; a box that has just come up takes its time
LATE = ("Authentication timeout", "transport shut down", "saw EOF")  # paramiko calls these failures of a login, too


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """An SSH login: `kind` is netmiko's device type, `host_key` the only key that is accepted.

    An empty password means the SSH method "none", which is how a factory OpenWrt or RouterOS lets people in.
    """

    host: str
    port: int
    kind: str
    username: str
    password: Secret
    host_key: str


def _options(login: Login, known_hosts: Path) -> dict[str, Any]:
    return {
        "device_type": login.kind,
        "host": login.host,
        "port": login.port,
        "username": login.username,
        "password": login.password.reveal(),
        "ssh_strict": True,
        "system_host_keys": False,
        "alt_host_keys": True,
        "alt_key_file": str(known_hosts),
        "use_keys": False,
        "allow_agent": False,
        "conn_timeout": READ_S,
        "banner_timeout": READ_S,
        "auth_timeout": READ_S,
        "read_timeout_override": READ_S,
        "fast_cli": True,
    }


def read(login: Login, commands: Mapping[str, str]) -> dict[str, str]:
    """Log in, run each command (name -> command) and return what it printed (name -> text).

    Raises DeviceError if the host key is not the pinned one, UnreachableError if the login was refused, which its text
    says, or if no answer came in time.
    """
    from netmiko.exceptions import NetmikoBaseException
    from paramiko.ssh_exception import SSHException

    with tempfile.TemporaryDirectory(prefix="host-key-") as folder:
        host, port, password = login.host, login.port, login.password.reveal()
        keys = Path(folder) / "known_hosts"
        write_whole(keys, f"[{host}]:{port} {login.host_key}\n" if port != 22 else f"{host} {login.host_key}\n")
        options = _options(login, keys)
        try:
            with _client(login.kind, keyless=not password)(**options) as session:
                return {
                    name: str(session.send_command(line, read_timeout=READ_S)).strip()
                    for name, line in commands.items()
                }
        except (NetmikoBaseException, SSHException, OSError, ValueError) as error:
            raise _error_of(error, login) from None


def _error_of(error: Exception, login: Login) -> ProvisionError:
    """Return the error that a failed login is told by: another host key, a login that was refused, or no answer."""
    from paramiko.ssh_exception import AuthenticationException

    said, where = str(error).strip(), f"{login.host} port {login.port}"
    first = said.splitlines()[0] if said else type(error).__name__
    if "not found in known_hosts" in said or "Host key" in said:
        return DeviceError(
            "the host key is not the pinned one: refused", where=where, hint="do not go on; look at the box"
        )
    if isinstance(error, AuthenticationException) and not any(late in said for late in LATE):
        tried = "with the password that was given" if login.password.reveal() else "without a password"
        return UnreachableError(
            f"the login was refused: {login.username} {tried}",
            where=where,
            hint="is the box in factory state, is there a password on its label (--password-file)? "
            "else press reset for ten seconds",
        )
    return UnreachableError(
        f"no answer in time: {first}",
        where=where,
        hint="is it on, is the cable in, has it come up? a slow box needs some minutes; then run the command again",
    )


def _client(kind: str, *, keyless: bool) -> Any:
    """Return netmiko's class for a device type; keyless logs in by the SSH method "none"."""
    from netmiko.ssh_auth import SSHClient_noauth
    from netmiko.ssh_dispatcher import ssh_dispatcher

    base = ssh_dispatcher(kind)
    if not keyless:
        return base
    return type("Keyless", (base,), {"_get_ssh_client_instance": lambda _: SSHClient_noauth()})
