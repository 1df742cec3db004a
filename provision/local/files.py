"""Files that are written whole: beside, flushed to the disk, renamed.

Nothing else opens a file of a home for writing.
"""

from __future__ import annotations

import errno
import fcntl
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ORDINARY = 0o666  # a file for whoever the user's umask lets read it
UMASK = os.umask(0o077)  # read once: it belongs to the whole process
os.umask(UMASK)
# A file system that has no such thing (a shared folder, FAT) refuses it with one of these; the file itself is whole.
UNSUPPORTED = {errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EPERM}


def write_whole(path: Path, body: bytes | str, mode: int = 0o600) -> None:
    """Write a file so that after a power cut it holds the old text or the new one, whole, and never a part.

    It is written beside `path` under a name of its own, so that two writers do not meet, flushed, renamed over `path`,
    and the directory is flushed too. `mode` is what it is before the user's umask. The directory must be there. Raises
    OSError where it cannot be written; then `path` is as it was.
    """
    raw = body.encode() if isinstance(body, str) else body
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            with _where_supported():
                os.fchmod(descriptor, mode & ~UMASK)
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
        with _where_supported():
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _where_supported() -> Iterator[None]:
    """Go on where a file system does not know modes, or does not flush directories."""
    try:
        yield
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise


def write_new(path: Path, body: bytes | str, mode: int = 0o600) -> bool:
    """Write a file whole where none is yet; of two writers the first one wins. Returns whether it was this one."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.new")
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
