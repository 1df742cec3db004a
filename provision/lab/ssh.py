"""SSH server of a lab device: Debian's dropbear, or asyncssh if the real parts are not used."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

from provision.local import children

Stop = Callable[[], Awaitable[None]]
NSS_WRAPPER = ("/usr/lib/x86_64-linux-gnu/libnss_wrapper.so", "/usr/lib/aarch64-linux-gnu/libnss_wrapper.so")


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Settings of a device's SSH server: files, shell, addresses, port, and which logins it accepts."""

    root: Path
    run: Path
    mark: str
    shell: Path
    addresses: tuple[str, ...]
    port: int
    passwords: bool
    refuse: bool = False
    host_keys: str = "etc/dropbear"
    authorized: str = "etc/dropbear/authorized_keys"


def real() -> bool:
    """Return True if dropbear, dropbearkey and libnss_wrapper are installed and PROVISION_LAB_STANDINS is not set."""
    return (
        not os.environ.get("PROVISION_LAB_STANDINS")
        and shutil.which("dropbear") is not None
        and shutil.which("dropbearkey") is not None
        and _wrapper() is not None
    )


def _wrapper() -> str | None:
    return next((path for path in NSS_WRAPPER if Path(path).exists()), None)


async def open_door(door: Door) -> Stop:
    """Start dropbear, or asyncssh if the real parts are not used; return the coroutine function that stops it."""
    return await (_dropbear(door) if real() else _asyncssh(door))


@dataclass(frozen=True, slots=True)
class Barrier:
    """The fault `door`: new connections to an SSH server are refused, or vanish (`drop`); open ones live on.

    `at` is the only port or address where it holds, empty for all.
    """

    how: str
    at: str = ""

    @classmethod
    def of(cls, value: str) -> Self:
        """Return the barrier of a fault's value: `refuse` or `drop`, and a port or address after it, or none.

        An empty value is no barrier. Raises ValueError for another word.
        """
        how, _, at = value.partition(" ")
        if how not in {"", "refuse", "drop"}:
            raise ValueError(f"door: refuse or drop, not {how}")
        return cls(how, at)

    def keeps(self, addresses: Sequence[str], port: int) -> list[str]:
        """Return those of the addresses at whose `port` nobody gets in."""
        return [address for address in addresses if self.how and self.at in {"", str(port), address}]

    def doors(self, addresses: Sequence[str], port: int) -> dict[object, Callable[[], Awaitable[Stop]]]:
        """Return what stands at the addresses that it keeps, as `Powered.doors` takes it."""
        if self.how == "refuse":
            return {}
        return {("drop", a, port): partial(_swallow, a, port) for a in self.keeps(addresses, port)}


async def _swallow(address: str, port: int) -> Stop:
    """Listen at an address and accept nothing: with its queue full, the kernel drops every further SYN.

    Return the coroutine function that stops it.
    """
    hole = socket.create_server((address, port), backlog=0)
    filler = socket.create_connection((address, port), timeout=5)  # one that waits fills a queue of none

    async def stop() -> None:
        filler.close()
        hole.close()

    return stop


async def at_every(addresses: Sequence[str], listen: Callable[[str], Awaitable[Any]]) -> list[Any]:
    """Listen at every address and return the servers.

    If one address fails with OSError (it is taken), close the others and raise the error.
    """
    servers: list[Any] = []
    try:
        for address in addresses:
            server = await listen(address)
            servers.append(server)
    except OSError:
        for server in servers:
            server.close()
        raise
    return servers


async def _dropbear(door: Door) -> Stop:
    """Start dropbear and return the coroutine function that stops it.

    It has a passwd file of its own, so that root is us and no real file is used; with `refuse` that file has no root.
    """
    uid, gid = os.getuid(), os.getgid()
    name = "nobody-here" if door.refuse else "root"
    (door.run / "passwd").write_text(f"{name}:x:{uid}:{gid}:root:{door.root / 'root'}:/bin/sh\n")
    (door.run / "group").write_text(f"root:x:{gid}:\ntty:x:{gid}:\n")
    key = door.root / door.host_keys / "dropbear_ed25519_host_key"
    if not key.exists():
        children.run(["dropbearkey", "-t", "ed25519", "-f", key], check=True, capture_output=True)
    argv = ["dropbear", "-F", "-E", "-m", "-j", "-k", "-r", str(key), "-P", str(door.run / "dropbear.pid")]
    argv += [] if door.passwords else ["-s"]
    argv += ["-B", "-c", f"exec {door.shell}"]
    for address in door.addresses:
        argv += ["-p", f"{address}:{door.port}"]
    environment = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "KIT_LAB_DEVICE": door.mark,
        "LD_PRELOAD": _wrapper() or "",
        "NSS_WRAPPER_PASSWD": str(door.run / "passwd"),
        "NSS_WRAPPER_GROUP": str(door.run / "group"),
        "NSS_WRAPPER_SHADOW": str(door.root / "etc/shadow"),
    }
    with (door.run / "dropbear.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *argv, env=environment, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
        )

    async def stop() -> None:
        if process.returncode is None:
            process.terminate()
        await process.wait()

    return stop


async def _asyncssh(door: Door) -> Stop:
    """Start asyncssh in place of dropbear; return the coroutine function that stops it.

    It has the same logins and the same shell, but does not fork for each connection.
    """
    import asyncssh

    key_path = door.root / door.host_keys / "host_key"
    if not key_path.exists():
        asyncssh.generate_private_key("ssh-ed25519").write_private_key(key_path)
    shadow = door.root / "etc/shadow"
    authorized = door.root / door.authorized

    class Server(asyncssh.SSHServer):
        def begin_auth(self, username: str) -> bool:
            blank = shadow.read_text().startswith("root::")
            return door.refuse or not (door.passwords and blank and username == "root")

        def password_auth_supported(self) -> bool:
            return door.passwords

        def validate_password(self, username: str, password: str) -> bool:
            from passlib.hash import sha512_crypt

            kept = shadow.read_text().split(":")[1]
            known = username == "root" and kept.startswith("$6$") and not door.refuse
            return known and bool(sha512_crypt.verify(password, kept))

        def public_key_auth_supported(self) -> bool:
            return True

        def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
            if door.refuse or username != "root" or not authorized.exists():
                return False
            known = asyncssh.import_authorized_keys(authorized.read_text())
            return known.validate(key, "", "") is not None

    async def serve(process: asyncssh.SSHServerProcess[bytes]) -> None:
        environment = {"SSH_ORIGINAL_COMMAND": process.command or "", "PATH": "/usr/bin:/bin"}
        argv = str(door.shell)
        more: dict[str, Any] = {"env": environment, "start_new_session": True}
        if process.get_terminal_type():
            ours, its = os.openpty()
            child = await asyncio.create_subprocess_exec(argv, stdin=its, stdout=its, stderr=its, **more)
            os.close(its)
            await process.redirect(stdin=ours, stdout=os.dup(ours))
        else:
            pipe = asyncio.subprocess.PIPE
            child = await asyncio.create_subprocess_exec(argv, stdin=pipe, stdout=pipe, stderr=pipe, **more)
            # no EOF before the exit status: OpenSSH's client closes at EOF, and the status would be lost
            await process.redirect(stdin=child.stdin, stdout=child.stdout, stderr=child.stderr, send_eof=False)
        code = await child.wait()
        await process.stdout.drain()  # until all that the child printed is on its way
        await process.stderr.drain()
        process.exit(code)

    servers = await at_every(
        door.addresses,
        lambda address: asyncssh.listen(
            address,
            door.port,
            server_factory=Server,
            server_host_keys=[str(key_path)],
            process_factory=serve,
            encoding=None,
            line_editor=False,
            reuse_address=True,
        ),
    )

    async def stop() -> None:
        for server in servers:
            server.close()
            await server.wait_closed()

    return stop
