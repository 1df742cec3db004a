"""Files that are written whole: beside, flushed to the disk, renamed.

Nothing else opens a file of a home for writing.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_whole(path: Path, body: bytes | str, mode: int = 0o600) -> None:
    """Write a file so that after a power cut it holds the old text or the new one, whole, and never a part.

    It is written beside `path` under a name of its own, so that two writers do not meet, flushed, renamed over `path`,
    and the directory is flushed too. The directory must be there. Raises OSError where it cannot be written; then
    `path` is as it was.
    """
    raw = body.encode() if isinstance(body, str) else body
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(raw)
            file.flush()
            os.fsync(descriptor)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _flush_directory(path.parent)


def _flush_directory(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_new(path: Path, body: bytes | str, mode: int = 0o600) -> bool:
    """Write a file whole where none is yet; of two writers the first one wins. Returns whether it was this one."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    write_whole(beside, body, mode)
    try:
        os.link(beside, path)
    except FileExistsError:
        return False
    finally:
        beside.unlink()
    _flush_directory(path.parent)
    return True


def remove_whole(path: Path) -> None:
    """Remove a file, where it is there, so that it stays gone after a power cut."""
    path.unlink(missing_ok=True)
    _flush_directory(path.parent)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a file's lock, which excludes every other process; the lock is beside it.

    Raises OSError where it cannot be made.
    """
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def write_pipe(descriptor: int, body: bytes) -> None:
    """Write into an open pipe, and close it. Raises BrokenPipeError where its reader is gone."""
    with os.fdopen(descriptor, "wb") as pipe:
        pipe.write(body)
