"""SSH server of an emulated MikroTik, by asyncssh: exec, a terminal, and SFTP into its files.

Authentication `none` succeeds for a user without password and key (seen on 6.x); a user with a key cannot log in by
password.
"""

from __future__ import annotations

import contextlib

import asyncssh

from provision.lab import slow, ssh
from provision.lab.ros.parts import RouterParts

LICENCE = "\r\nDo you want to see the software license? [Y/n]: "


def server(router: RouterParts) -> type[asyncssh.SSHServer]:
    """Return the asyncssh server class that decides who may log in to `router` and records its open connections."""

    class Server(asyncssh.SSHServer):
        def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
            self.conn = conn
            router.visitors.add(conn)

        def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
            router.visitors.discard(self.conn)

        def begin_auth(self, username: str) -> bool:
            user = self.user(username)
            return (
                bool(router.faults.get("login"))
                or user is None
                or bool(user.get("password"))
                or bool(self.keys(username))
            )

        @staticmethod
        def user(username: str) -> dict[str, str] | None:
            return router.config.one("/user", "name", username.partition("+")[0])

        @staticmethod
        def keys(username: str) -> list[str]:
            name = username.partition("+")[0]
            return [e["key"] for e in router.config.entries("/user/ssh-keys") if e["user"] == name]

        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password: str) -> bool:
            user = self.user(username)
            if router.faults.get("login") or user is None or self.keys(username):
                return False
            return password == user.get("password", "")

        def public_key_auth_supported(self) -> bool:
            return True

        def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
            if router.faults.get("login"):
                return False
            return any(asyncssh.import_public_key(k) == key for k in self.keys(username))

    return Server


async def open_door(router: RouterParts, address: str, port: int, delay_s: float) -> ssh.Stop:
    """Start the SSH server at `port` of an address of the router; return the coroutine function that stops listening.

    Open sessions live on. With `delay_s`, a relay delays all data by so many seconds.
    """
    key_path = router.root / "host_key"
    if not key_path.exists():
        asyncssh.generate_private_key("ssh-rsa").write_private_key(key_path)

    async def session(process: asyncssh.SSHServerProcess[str]) -> None:
        def write(text: str) -> None:
            with contextlib.suppress(OSError):  # a script goes on when nobody hears it
                process.stdout.write(text)

        if process.command:
            router.script(process.command, write)
            with contextlib.suppress(OSError):
                process.exit(0)  # whatever happened
        else:
            await terminal(router, process)

    def files(channel: asyncssh.SSHServerChannel[bytes]) -> asyncssh.SFTPServer:
        return asyncssh.SFTPServer(channel, chroot=str(router.root / "files").encode())

    async def listen(host: str, at: int) -> ssh.Stop:
        listener = await asyncssh.listen(
            host,
            at,
            server_factory=server(router),
            server_host_keys=[str(key_path)],
            process_factory=session,
            sftp_factory=files,
            line_editor=False,
            reuse_address=True,
            server_version="ROSSSH",
        )

        async def stop() -> None:
            listener.close()

        return stop

    if delay_s:
        return await slow.behind(lambda inside: listen("127.0.0.1", inside), (address,), port, delay_s)
    return await listen(address, port)


async def terminal(router: RouterParts, process: asyncssh.SSHServerProcess[str]) -> None:
    """Serve a terminal session of a person or netmiko, line by line until `quit` or the end of input.

    If admin still has the label's password, the licence and new-password prompts come first.
    """
    admin = router.config.one("/user", "name", "admin")
    if admin and admin.get("password", "") == router.box.password:
        process.stdout.write(LICENCE)
        if not await process.stdin.read(1):
            return
        process.stdout.write("n\r\nPress F1 for help\r\n\r\nChange your password\r\n\r\nnew password> ")
        if await process.stdin.read(1) == "":
            return
    prompt = f"\r\n\r[{(admin or {}).get('name', 'admin')}@{router.config.single('/system/identity')['name']}] > "
    process.stdout.write(prompt)
    line = ""
    while char := await process.stdin.read(1):
        if char in "\r\n":
            if char == "\n" and not line:
                continue
            process.stdout.write("\r\n")
            if line.strip() == "quit":
                break
            if line.strip():
                router.script(line, process.stdout.write)
            process.stdout.write(prompt)
            line = ""
        else:
            line += char
            process.stdout.write(char)
    process.exit(0)
