"""Files that are written whole: beside, flushed to the disk, renamed. Nothing else opens a file of a home for writing."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_whole(path: Path, body: bytes | str, mode: int = 0o600) -> None:
    """Write a file so that after a power cut it holds the old text or the new one, whole, and never a part.

    It is written beside `path` under a name of its own, so that two writers do not meet, flushed, renamed over `path`,
    and the directory is flushed too. The directory must be there. Raises OSError where it cannot be written; then `path`
    is as it was.
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
