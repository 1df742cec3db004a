"""Emulated rpcd of a lab device: sessions, grants, and the apply with a rollback that lives in RAM.

It behaves as rpcd's uci.c and session.c: a rollback stages the changes again, a second apply with rollback is
refused while one is pending, only the session that applied can confirm, and an apply without rollback deletes the
files that a pending rollback would restore.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import shutil
import sys
from collections.abc import Awaitable, Callable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from provision.lab.ubus import UNREADABLE
from provision.lab.uciconfig import Package, UciError

OK, INVALID_ARGUMENT, NOT_FOUND_METHOD, NOT_FOUND, NO_DATA, DENIED = 0, 2, 3, 4, 5, 6
Reply = tuple[int, Any]


class Rpcd:
    """Emulated rpcd: sessions, grants and a pending rollback, which a reboot loses, as in the real one."""

    def __init__(
        self, root: Path, changed: Callable[[str], None], reboot: Callable[[], None], step: Callable[[], None]
    ) -> None:
        """Serve the files below `root`, without sessions and staged changes.

        `changed(package)` is called for each package of an apply, a rollback or a config.change event, `reboot()` for
        each lab.reboot event, and `step()` before each commit of an apply.
        """
        self.root = root
        self.reboot = reboot
        self.step = step
        self.changed = changed
        self.grants: dict[str, list[list[str]]] = {}
        self.pending = ""
        self.timer: asyncio.TimerHandle | None = None
        shutil.rmtree(root / "var/run/rpcd", ignore_errors=True)
        (root / "var/run/rpcd").mkdir(parents=True)

    def stop(self) -> None:
        """Cancel the timer of a pending rollback, if there is one."""
        if self.timer:
            self.timer.cancel()

    def savedir(self, sid: str) -> Path:
        """Return the directory in which a session's changes are staged."""
        return self.root / f"var/run/rpcd/uci-{sid}"

    @property
    def _files(self) -> Path:
        return self.root / "var/run/rpcd/snapshot-files"

    @property
    def _deltas(self) -> Path:
        return self.root / "var/run/rpcd/snapshot-delta"

    def call(self, path: str, method: str, message: dict[str, Any]) -> Reply:
        """Carry out one ubus call and return (status, reply); the status is NOT_FOUND for an unknown method."""
        known: dict[str, Callable[[dict[str, Any]], Reply]] = {
            "session.create": self._create,
            "session.grant": self._grant,
            "session.destroy": self._destroy,
            "uci.changes": self._changes,
            "uci.apply": self._apply,
            "uci.confirm": self._confirm,
            "uci.rollback": self._rollback,
            "service.event": self._event,
        }
        found = known.get(f"{path}.{method}")
        return found(message) if found else (NOT_FOUND, None)

    def _create(self, message: dict[str, Any]) -> Reply:
        sid = secrets.token_hex(16)
        self.grants[sid] = []
        timeout = message.get("timeout", 300)
        return OK, {"ubus_rpc_session": sid, "timeout": timeout, "expires": timeout, "acls": {}, "data": {}}

    def _grant(self, message: dict[str, Any]) -> Reply:
        sid = message.get("ubus_rpc_session")
        if not sid or "objects" not in message:
            return INVALID_ARGUMENT, None
        if sid not in self.grants:
            return NOT_FOUND, None
        if message.get("scope") == "uci":
            self.grants[sid] += message["objects"]
        return OK, None

    def _destroy(self, message: dict[str, Any]) -> Reply:
        sid = message.get("ubus_rpc_session", "")
        if self.grants.pop(sid, None) is None:
            return NOT_FOUND, None
        shutil.rmtree(self.savedir(sid), ignore_errors=True)
        return OK, None

    def _allowed(self, sid: str, package: str) -> bool:
        return any(
            fnmatchcase(package, glob) and function in {"write", "*"} for glob, function in self.grants.get(sid, [])
        )

    def _staged(self, sid: str) -> list[Path]:
        return [p for p in sorted(self.savedir(sid).glob("*")) if p.stat().st_size]

    def _changes(self, message: dict[str, Any]) -> Reply:
        sid = message.get("ubus_rpc_session", "")
        return (OK, {"changes": {p.name: [] for p in self._staged(sid)}}) if sid in self.grants else (DENIED, None)

    def _apply(self, message: dict[str, Any]) -> Reply:
        sid, rollback = message.get("ubus_rpc_session", ""), bool(message.get("rollback"))
        if self.pending and rollback:
            return DENIED, None
        if not sid:
            return INVALID_ARGUMENT, None
        shutil.rmtree(self._files, ignore_errors=True)
        shutil.rmtree(self._deltas, ignore_errors=True)
        if self.pending:
            return OK, None  # success, and nothing done: the trap of the facts page
        staged = self._staged(sid)
        if not staged:
            return NO_DATA, None
        if not all(self._allowed(sid, p.name) for p in staged):
            return DENIED, None
        self._files.mkdir()
        self._deltas.mkdir()
        if rollback:
            self.pending = sid
        for delta in staged:
            shutil.copy(self.root / "etc/config" / delta.name, self._files)
            shutil.copy(delta, self._deltas)
            self.step()
            self._commit(delta.name, self.savedir(sid))
            delta.write_text("")
            self.changed(delta.name)
        if rollback:
            loop = asyncio.get_running_loop()
            self.timer = loop.call_later(float(message.get("timeout", 60)), self._undo)
        return OK, None

    def _commit(self, package: str, savedir: Path) -> None:
        try:
            Package(str(self.root), package, (str(savedir),)).commit()
        except (UciError, OSError):
            return  # rpcd ignores what uci_commit says, and still answers 0

    def _confirm(self, message: dict[str, Any]) -> Reply:
        refusal = self._not_mine(message)
        if refusal:
            return refusal, None
        self._forget()
        return OK, None

    def _rollback(self, message: dict[str, Any]) -> Reply:
        refusal = self._not_mine(message)
        if refusal:
            return refusal, None
        self._undo()
        return OK, None

    def _not_mine(self, message: dict[str, Any]) -> int:
        if "ubus_rpc_session" not in message:
            return INVALID_ARGUMENT
        if not self.pending:
            return NO_DATA
        return OK if message["ubus_rpc_session"] == self.pending else DENIED

    def _undo(self) -> None:
        """Restore the files from before the apply and end the rollback.

        The changes are staged again in the session that made them, if it still exists.
        """
        names = [p.name for p in sorted(self._files.glob("*"))]
        for name in names:
            shutil.copyfile(self._files / name, self.root / "etc/config" / name)
            if self.pending in self.grants:
                self.savedir(self.pending).mkdir(exist_ok=True)
                shutil.copyfile(self._deltas / name, self.savedir(self.pending) / name)
            self.changed(name)
        self._forget()

    def _forget(self) -> None:
        if self.timer:
            self.timer.cancel()
        self.pending, self.timer = "", None
        shutil.rmtree(self._files, ignore_errors=True)
        shutil.rmtree(self._deltas, ignore_errors=True)

    def _event(self, message: dict[str, Any]) -> Reply:
        if message.get("type") == "config.change":
            self.changed(message.get("data", {}).get("package", ""))
        elif message.get("type") == "lab.reboot":
            self.reboot()
        return OK, None


def answer(asked: bytes, call: Callable[[str, str, dict[str, Any]], Reply]) -> bytes:
    """Carry out what the `ubus` command sent: style, object, method and message with zero bytes between them.

    Return a line with the status, then the reply as JSON, if any; only UNREADABLE if the message is not JSON.
    """
    style, path, method, *rest = asked.decode("utf-8", "surrogateescape").split("\0")
    try:
        message = json.loads(rest[0]) if rest else {}
    except ValueError:
        return f"{UNREADABLE}\n".encode()
    code, reply = call(path, method, message)
    text = "" if reply is None else json.dumps(reply, indent=None if style else "\t") + "\n"
    return f"{code}\n{text}".encode()


async def serve(path: Path, call: Callable[[str, str, dict[str, Any]], Reply]) -> Callable[[], Awaitable[None]]:
    """Listen on the bus socket at `path`; return the coroutine function that closes it."""

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(answer(await reader.read(), call))
            await writer.drain()
        except (ValueError, ConnectionError):
            pass
        except Exception as error:  # noqa: BLE001 (a power cut, or a fault of the lab: no answer)
            sys.stderr.write(f"bus: {error!r}\n")
        finally:
            writer.close()

    path.unlink(missing_ok=True)
    server = await asyncio.start_unix_server(one, path)

    async def close() -> None:
        server.close()
        await server.wait_closed()
        path.unlink(missing_ok=True)

    return close
