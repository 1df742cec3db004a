"""Write and remove files so that a power cut leaves the old file or the new one, never a part; and lock them.

A file is written under a temporary name in the same directory, flushed to the disk and renamed. The program writes
the files of a home with these functions only, except the ledger's database, the copied starter files and the state
of the lab.
"""

from __future__ import annotations

import errno
import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ORDINARY = 0o666  # a file for whoever the user's umask lets read it
UMASK = os.umask(0o077)  # read once: it belongs to the whole process
os.umask(UMASK)
# A file system that has no such thing (a shared folder, FAT) refuses it with one of these; the file itself is whole.
UNSUPPORTED = {errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EPERM}


def write_whole(path: Path, body: bytes | str, mode: int = 0o600) -> None:
    """Write the file `path` whole: after a power cut it holds the old content or the new one, never a part of it.

    The content is written to a temporary file of its own in the same directory, which must exist, flushed to the disk
    and renamed over `path`; then the directory is flushed. The file gets `mode` less the user's umask, if the file
    system has modes. Raises OSError if it cannot be written; `path` is then unchanged, unless only flushing the
    directory failed.
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
    """Ignore an OSError by which a file system says that it lacks an operation: to set modes, or to flush directories.

    These are the error numbers in `UNSUPPORTED`; any other OSError is raised.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Wait until no other process holds the lock of `path`, and hold it during the context.

    The lock is an exclusive flock on the file beside `path` with the suffix `.lock` in place of its own. Raises OSError
    if that file cannot be opened or locked.
    """
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def write_pipe(descriptor: int, body: bytes) -> None:
    """Write `body` to an open pipe and close it. Raises BrokenPipeError if nobody reads from the pipe any more."""
    with os.fdopen(descriptor, "wb") as pipe:
        pipe.write(body)
