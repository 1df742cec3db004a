"""Read a file that somebody else may have written, up to a budget: what is larger takes no memory of this computer."""

from __future__ import annotations

import errno
from pathlib import Path

from provision.core.budget import FILE_BYTES


def within(path: Path, most: int = FILE_BYTES) -> bytes:
    """Return the bytes of a file. Raises OSError if it cannot be read, or holds more than `most` bytes."""
    with path.open("rb") as file:
        raw = file.read(most + 1)
    if len(raw) > most:
        size = f"{most // 1_000_000} MB" if most >= 1_000_000 else f"{most} bytes"
        raise OSError(errno.EFBIG, f"it holds more than {size}", str(path))
    return raw


def text_within(path: Path, most: int = FILE_BYTES) -> str:
    """Return the text of a file in UTF-8. Raises OSError as `within` does, and for what is no such text."""
    try:
        return within(path, most).decode()
    except UnicodeDecodeError:
        raise OSError(errno.EILSEQ, "it is no text in UTF-8", str(path)) from None
