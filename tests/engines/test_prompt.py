"""A login at a prompt, by netmiko and a real SSH server: what is slow is never told as a wrong password."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ClassVar

import asyncssh
import pytest

from provision.connectors import prompt
from provision.connectors.host_key import read_host_key
from provision.core.errors import DeviceError, UnreachableError
from provision.core.model import Secret

WORD = "of-the-label"


class Slow(asyncssh.SSHServer):
    """A server with one password, which may never answer a login."""

    answers = True
    open: ClassVar[set[asyncssh.SSHServerConnection]] = set()

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self.open.add(conn)

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    async def validate_password(self, username: str, password: str) -> bool:
        if not self.answers:
            await asyncio.sleep(60)
        return password == WORD


class Silent(Slow):
    answers = False


async def talk(process: asyncssh.SSHServerProcess[str]) -> None:
    process.stdout.write("root@box:~# ")
    async for line in process.stdin:
        process.stdout.write(f"{line}25.12.5\r\nroot@box:~# " if line.strip() else "root@box:~# ")
    process.exit(0)


async def mute(process: asyncssh.SSHServerProcess[str]) -> None:
    await process.stdin.read()
    process.exit(0)


@contextmanager
def server(kind: type[asyncssh.SSHServer], work: Callable) -> Iterator[int]:
    """Serve SSH on a free port of 127.0.0.1, in a thread of its own."""
    loop, ready, ports = asyncio.new_event_loop(), threading.Event(), []

    async def begin() -> asyncssh.SSHAcceptor:
        key = asyncssh.generate_private_key("ssh-ed25519")
        acceptor = await asyncssh.listen(
            "127.0.0.1", 0, server_host_keys=[key], server_factory=kind, process_factory=work, line_editor=False
        )
        ports.append(acceptor.get_port())
        return acceptor

    def serve() -> None:
        asyncio.set_event_loop(loop)
        acceptor = loop.run_until_complete(begin())
        ready.set()
        loop.run_forever()
        loop.run_until_complete(end(acceptor))
        loop.close()

    async def end(acceptor: asyncssh.SSHAcceptor) -> None:
        acceptor.close()
        for connection in Slow.open:
            connection.abort()
        for connection in Slow.open:
            await connection.wait_closed()
        Slow.open.clear()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)

    thread = threading.Thread(target=serve)
    thread.start()
    assert ready.wait(20)
    try:
        yield ports[0]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def login(port: int, password: str = WORD, key: str = "") -> dict[str, str]:
    host_key = key or read_host_key("127.0.0.1", port)
    asked = prompt.Login(
        host="127.0.0.1", port=port, kind="linux", username="root", password=Secret(password), host_key=host_key
    )
    return prompt.read(asked, {"firmware": "cat version"})


def test_the_answer_is_what_was_printed() -> None:
    with server(Slow, talk) as port:
        assert login(port) == {"firmware": "25.12.5"}


def test_a_wrong_password_is_a_login_that_was_refused() -> None:
    with server(Slow, talk) as port, pytest.raises(UnreachableError, match="refused: root with the password") as caught:
        login(port, "wrong")
    assert "--password-file" in caught.value.hint


def test_a_login_or_a_prompt_that_takes_too_long_is_no_answer_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind, work in ((Silent, talk), (Slow, mute)):
        with server(kind, work) as port:
            key = read_host_key("127.0.0.1", port)
            monkeypatch.setattr(prompt, "READ_S", 1.5)
            with pytest.raises(UnreachableError, match="no answer in time") as caught:
                login(port, key=key)
            monkeypatch.undo()
        assert "password" not in caught.value.hint


def test_a_port_that_is_shut_and_one_that_says_nothing_are_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompt, "READ_S", 1.0)
    with socket.socket() as quiet:
        quiet.bind(("127.0.0.1", 0))
        port = quiet.getsockname()[1]
        with pytest.raises(UnreachableError, match="no answer in time"):
            login(port, key="ssh-ed25519 AAAA")
        quiet.listen()
        with pytest.raises(UnreachableError, match="no answer in time"):
            login(port, key="ssh-ed25519 AAAA")


def test_another_host_key_is_told_as_one() -> None:
    with server(Slow, talk) as other:
        key = read_host_key("127.0.0.1", other)
    with server(Slow, talk) as port, pytest.raises(DeviceError, match="host key"):
        login(port, key=key)
