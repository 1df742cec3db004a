"""Start other programs, with an environment of our own.

Nothing of the caller's environment reaches a child but the names in PASSED_ON: no setting of Ansible's, no hook of
Python's or the linker's, no password and no database address. The locale is one that every system has.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

PASSED_ON = ("PATH", "HOME", "USER", "TMPDIR", "SSH_AUTH_SOCK", "SSL_CERT_FILE", "SSL_CERT_DIR")
TERMINAL = ("TERM", "COLUMNS", "LINES", "NO_COLOR", "COLORTERM")  # for a child that writes to the user's terminal
LOCALE = {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
Words = Sequence[str | Path]


def environment(own: Mapping[str, str] | None = None, *, in_terminal: bool = False) -> dict[str, str]:
    """Return the environment of a child: what is passed on to it, the locale, and `own`.

    With `in_terminal`, the child writes to the user's terminal and is told what that is.
    """
    names = (*PASSED_ON, *TERMINAL) if in_terminal else PASSED_ON
    return {name: os.environ[name] for name in names if name in os.environ} | LOCALE | dict(own or {})


def start(words: Words, own: Mapping[str, str] | None = None, **options: Any) -> subprocess.Popen[Any]:
    """Start a program with the words of its command, `own` in its environment, and Popen's other options.

    Raises FileNotFoundError if there is no such program.
    """
    return subprocess.Popen(words, env=environment(own), **options)


def run(
    words: Words, own: Mapping[str, str] | None = None, *, in_terminal: bool = False, **options: Any
) -> subprocess.CompletedProcess[Any]:
    """Run a program to its end, as `start` begins it; the options are those of subprocess.run.

    Raises CalledProcessError if `check` is set and its exit code is not 0, FileNotFoundError if there is no such
    program.
    """
    options.setdefault("check", False)
    return subprocess.run(words, env=environment(own, in_terminal=in_terminal), **options)  # noqa: PLW1510
