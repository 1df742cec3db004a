"""A process with its imports done, from which each command of a test is forked: as `python -m provision`, only sooner.

A command is a process of its own, with its own arguments, environment, folder and standard streams; what it imports
beyond these it imports itself. Killing, signals and exit codes are those of any process.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

PRELOADED = (
    "provision.cli", "provision.apply", "provision.verify", "provision.watch", "provision.enrol", "provision.fleet",
    "provision.publish", "provision.computer.apply", "provision.computer.enrol", "provision.console", "provision.lending.handover",
    "provision.ledger", "provision.intent", "provision.connectors.ssh", "provision.connectors.community", "ansible_runner",
    "sqlalchemy", "rich.console", "netmiko", "passlib.hash", "packaging.specifiers",
)  # fmt: skip
MOST = 1 << 18


class Forked:
    """One command; the part of subprocess.Popen that tests use."""

    def __init__(self, wire: socket.socket, out: int, err: int) -> None:
        self._wire, self._ends = wire, (out, err)
        self.pid = int(json.loads(wire.recv(MOST))["pid"])
        self.returncode: int | None = None

    def poll(self) -> int | None:
        return self.wait(0)

    def wait(self, timeout: float | None = None) -> int | None:
        if self.returncode is None:
            self._wire.settimeout(timeout or 0.000001 if timeout is not None else None)
            try:
                said = self._wire.recv(MOST)
            except (TimeoutError, BlockingIOError):
                if timeout == 0:
                    return None
                raise subprocess.TimeoutExpired("provision", timeout or 0) from None
            self.returncode = int(json.loads(said)["code"])
            self._wire.close()
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Read both streams to their ends, then wait. Raises TimeoutExpired."""
        deadline = time.monotonic() + (timeout if timeout is not None else 3600)
        texts: dict[int, bytes] = dict.fromkeys(self._ends, b"")
        with selectors.DefaultSelector() as ready:
            for end in self._ends:
                ready.register(end, selectors.EVENT_READ)
            while ready.get_map():
                if not (found := ready.select(max(deadline - time.monotonic(), 0))):
                    raise subprocess.TimeoutExpired("provision", timeout or 0)
                for key, _ in found:
                    piece = os.read(key.fd, 65536)
                    texts[key.fd] += piece
                    if not piece:
                        ready.unregister(key.fd)
                        os.close(key.fd)
        self.wait(max(deadline - time.monotonic(), 0.01))
        out, err = (texts[end].decode("utf-8", "replace") for end in self._ends)
        return out, err

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Zygote:
    """The process, and the socket by which it is asked."""

    def __init__(self, folder: Path) -> None:
        self.path = str(folder / "zygote")
        self.process = subprocess.Popen([sys.executable, __file__, self.path], stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while not Path(self.path).exists():
            assert time.monotonic() < deadline, "the zygote did not come up"
            assert self.process.poll() is None
            time.sleep(0.02)

    def start(self, argv: list[str], env: dict[str, str]) -> Forked:
        wire = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        wire.connect(self.path)
        null = os.open(os.devnull, os.O_RDONLY)
        (out, out_end), (err, err_end) = os.pipe(), os.pipe()
        body = json.dumps({"argv": argv, "env": env, "cwd": str(Path.cwd())}).encode()
        socket.send_fds(wire, [body], [null, out_end, err_end])
        for one in (null, out_end, err_end):
            os.close(one)
        return Forked(wire, out, err)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


# -- the process itself --------------------------------------------------------------------------
def _be(request: dict, fds: list[int]) -> None:
    """Be the command; never returns."""
    code = 1
    try:
        for number, fd in enumerate(fds):
            os.dup2(fd, number)
        os.closerange(3, 256)
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.environ.clear()
        os.environ.update(request["env"])
        os.chdir(request["cwd"])
        sys.argv = ["provision", *request["argv"]]
        from provision.cli import main

        main()
        code = 0
    except SystemExit as done:
        code = done.code if isinstance(done.code, int) else 0 if done.code is None else 1
    except BaseException:  # noqa: BLE001 (as the interpreter itself would end)
        import traceback

        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
        with contextlib.suppress(Exception):
            sys.stderr.flush()
        import threading

        for thread in threading.enumerate():  # as the interpreter waits for those that are no daemons
            if thread is not threading.main_thread() and not thread.daemon:
                thread.join()
        os._exit(code)


def serve(path: str) -> None:
    """Fork a command for each request, and tell its end."""
    import importlib

    for name in PRELOADED:
        importlib.import_module(name)
    server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    waiting: dict[int, socket.socket] = {}
    server.bind(path + ".new")
    server.listen(64)
    Path(path + ".new").rename(path)
    with selectors.DefaultSelector() as ready:
        ready.register(server, selectors.EVENT_READ)
        ready.register(woken, selectors.EVENT_READ)
        while True:
            for key, _ in ready.select():
                if key.fileobj is server:
                    wire, _ = server.accept()
                    body, fds, *_ = socket.recv_fds(wire, MOST, 3)
                    if (pid := os.fork()) == 0:
                        _be(json.loads(body), list(fds))
                    for fd in fds:
                        os.close(fd)
                    waiting[pid] = wire
                    wire.send(json.dumps({"pid": pid}).encode())
                else:
                    with contextlib.suppress(BlockingIOError):
                        os.read(woken, 4096)
            while True:
                try:
                    pid, status = os.waitpid(-1, os.WNOHANG)
                except ChildProcessError:
                    break
                if pid == 0:
                    break
                wire = waiting.pop(pid)
                with contextlib.suppress(OSError):
                    wire.send(json.dumps({"code": os.waitstatus_to_exitcode(status)}).encode())
                wire.close()


if __name__ == "__main__":
    serve(sys.argv[1])
