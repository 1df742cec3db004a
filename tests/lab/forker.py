"""Commands of the program, forked from a process that has done its imports: a lab test starts hundreds of them.

A command begins as `python -m provision` does: its own standard output and error, an empty standard input, the caller's
directory. It ends as a process ends. What it does not have is an environment of its own in /proc, and modules that are
not imported yet: a test that is about either starts a real process (`Bench.start`, or `Bench.run` with `env`).
"""

from __future__ import annotations

import atexit
import json
import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

HEAD = 4  # bytes of a request's length


class Forker:
    """The process that forks; it is started at the first command and ends with its socket."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket = ""

    def _connect(self) -> socket.socket:
        with self._lock:
            if not self._socket:
                folder = tempfile.mkdtemp(prefix="forker-")
                self._socket = f"{folder}/s"
                listener = socket.socket(socket.AF_UNIX)
                listener.bind(self._socket)
                listener.listen(16)
                ours, theirs = os.pipe()  # the forker ends when nobody holds the writing end any more
                self._process = subprocess.Popen(
                    [sys.executable, __file__, str(listener.fileno()), str(ours)],
                    pass_fds=(listener.fileno(), ours), stdin=subprocess.DEVNULL, cwd=Path(__file__).parents[2],
                )  # fmt: skip
                os.close(ours)
                atexit.register(self.close)
                listener.close()
                self._alive = theirs
        one = socket.socket(socket.AF_UNIX)
        one.connect(self._socket)
        return one

    def close(self) -> None:
        """End the process that forks."""
        os.close(self._alive)
        self._process.wait()
        shutil.rmtree(Path(self._socket).parent, ignore_errors=True)

    def run(self, words: list[str], timeout_s: float) -> tuple[int, str, str]:
        """Run one command; return its exit code (negative: the signal that ended it), output and error."""
        with self._connect() as one, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            one.settimeout(timeout_s)
            request = json.dumps({"words": words, "cwd": str(Path.cwd()), "environment": dict(os.environ)}).encode()
            socket.send_fds(one, [len(request).to_bytes(HEAD, "big")], [out.fileno(), err.fileno()])
            one.sendall(request)
            try:
                answer = one.recv(64)
            except TimeoutError:
                raise subprocess.TimeoutExpired(words, timeout_s) from None
            assert answer, "the forker is gone"
            texts = []
            for file in (out, err):
                file.seek(0)
                texts.append(file.read().decode())
            return int(answer), *texts


def serve(listener: socket.socket, alive: int) -> list[str]:
    """Fork for each request; return in the child, with the words of its command. Ends when `alive` is at its end."""
    while True:
        ready, _, _ = select.select([listener, alive], [], [])
        if alive in ready:
            os._exit(0)
        connection, _ = listener.accept()
        if os.fork() == 0:  # this one waits for the command, so that the listener need not
            listener.close()
            return _command(connection)
        connection.close()
        _reap()


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _command(connection: socket.socket) -> list[str]:
    head, files, _, _ = socket.recv_fds(connection, HEAD, 2)
    left, request = int.from_bytes(head, "big"), b""
    while len(request) < left:
        request += connection.recv(left - len(request))
    asked = json.loads(request)
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())
        os._exit(0)
    connection.close()
    for number, file in enumerate(files, 1):
        os.dup2(file, number)
        os.close(file)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    return [str(word) for word in asked["words"]]


def main() -> None:
    """Import, serve, and become one command after the other."""
    import random
    from pkgutil import walk_packages

    import provision
    from provision.cli import main as command

    for module in walk_packages(provision.__path__, "provision."):
        if not module.name.startswith(("provision.lab", "provision.__main__", "provision.ledger.migrations")):
            __import__(module.name)
    import alembic.config
    import ansible_runner
    import sqlalchemy.dialects.sqlite

    _ = alembic.config, ansible_runner, sqlalchemy.dialects.sqlite
    words = serve(socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2]))
    random.seed()
    sys.argv = ["provision", *words]
    command()


if __name__ == "__main__":
    main()
