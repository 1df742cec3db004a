"""Read what a process says up to a budget and a deadline: `communicate` reads for ever and keeps all of it."""

from __future__ import annotations

import contextlib
import os
import selectors
import subprocess
import time

from provision.core.budget import ERROR_BYTES, RAW_BYTES

CHUNK = 65_536


class TooMuchError(Exception):
    """The process said more than the budget; it still runs."""


def communicate(process: subprocess.Popen[bytes], document: bytes | None, deadline: float) -> tuple[bytes, bytes]:
    """Write `document`, read output and error output until both end, and return them once the process has ended.

    Of the error output, only the first ERROR_BYTES are kept. Raises TooMuchError at more than RAW_BYTES of output, and
    TimeoutExpired at `deadline` (of time.monotonic); the process is left to the caller.
    """
    read: dict[str, bytearray] = {"out": bytearray(), "err": bytearray()}
    with selectors.DefaultSelector() as ready:
        for stream, name in ((process.stdout, "out"), (process.stderr, "err")):
            assert stream is not None
            ready.register(stream, selectors.EVENT_READ, name)
        left = memoryview(document or b"")
        if process.stdin is not None:
            os.set_blocking(process.stdin.fileno(), False)
            ready.register(process.stdin, selectors.EVENT_WRITE, "in")
        while ready.get_map():
            for key, _ in ready.select(_left(process, deadline)):
                if key.data == "in":
                    left = _written(key.fd, left)
                    if not left:
                        ready.unregister(key.fileobj)
                        _closed(process)
                    continue
                chunk = os.read(key.fd, CHUNK)
                if not chunk:
                    ready.unregister(key.fileobj)
                _kept(read[key.data], chunk, key.data)
    process.wait(_left(process, deadline))
    return bytes(read["out"]), bytes(read["err"])


def _left(process: subprocess.Popen[bytes], deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise subprocess.TimeoutExpired(process.args, 0)
    return left


def _written(descriptor: int, left: memoryview) -> memoryview:
    try:
        return left[os.write(descriptor, left[:CHUNK]) :]
    except BlockingIOError:
        return left
    except BrokenPipeError:  # it has ended already: what it says tells why
        return left[len(left) :]


def _closed(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()
    process.stdin = None


def _kept(read: bytearray, chunk: bytes, name: str) -> None:
    if name == "err":
        read += chunk[: max(ERROR_BYTES - len(read), 0)]
        return
    read += chunk
    if len(read) > RAW_BYTES:
        raise TooMuchError
