"""Follow one value through the program: which modules it enters, and how often it returns to one that it had left.

    python bench/walk.py MARK -- --home HOME apply TAG --bench --yes

Runs the command line with a profile hook. A step of the walk is a function of `provision` (the lab apart) that is
called with arguments that hold MARK, or that returns what holds it; MARK is a text that stands in the intent and
nowhere else, as in a kit's `site_note`. A step within the module entered last does not count. It works on any
release that has `provision.cli.main`.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable
from functools import cached_property
from types import FrameType
from typing import Any

DEPTH = 5
FEW = 400  # values of one container that are looked at


class Walk:
    """The modules that a value holding `mark` entered, in order; no module is listed twice in a row."""

    def __init__(self, mark: str) -> None:
        """Follow `mark`."""
        self.mark = mark
        self.modules: list[str] = []

    def hook(self, frame: FrameType, event: str, argument: Any) -> None:
        """Add a call's or return's module to the walk if an argument, or the returned value, holds the mark.

        It is a hook for `sys.setprofile`. It leaves out the lab, properties, comprehensions, what a dataclass
        generates, and a step within the module entered last.
        """
        name = str(frame.f_globals.get("__name__", ""))
        if event not in {"call", "return"} or not name.startswith("provision.") or name.startswith("provision.lab"):
            return
        code = frame.f_code
        if code.co_name.startswith("<") or code.co_filename == "<string>" or _is_property(frame):
            return  # a comprehension, what a dataclass makes, a field that is computed: no call of anybody's
        if self.modules and self.modules[-1] == name:
            return
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        values = [argument] if event == "return" else [frame.f_locals.get(a) for a in names]
        if any(self.holds(value, DEPTH) for value in values):
            self.modules.append(name)

    def holds(self, value: Any, depth: int) -> bool:
        """Return True if a value is a text or bytes with the mark in it, or holds one at most `depth` levels deep.

        It looks into values of dicts, into lists, tuples and sets (FEW values of each), and into fields of dataclasses.
        """
        if isinstance(value, str):
            return self.mark in value
        if isinstance(value, bytes):
            return self.mark.encode() in value
        if depth == 0 or value is None or isinstance(value, int | float | type):
            return False
        return any(self.holds(one, depth - 1) for one in _parts(value))

    def report(self) -> str:
        """Return a text: the modules entered in order, their number, and how often a module was entered again."""
        seen: set[str] = set()
        returns = 0
        for name in self.modules:
            returns += name in seen
            seen.add(name)
        path = " > ".join(name.removeprefix("provision.") for name in self.modules)
        entered = f"modules entered: {len(self.modules)} ({len(seen)} different ones)"
        return f"{path}\n{entered}, returns to one already left: {returns}\n"


def _is_property(frame: FrameType) -> bool:
    own = frame.f_locals.get("self")
    return own is not None and isinstance(getattr(type(own), frame.f_code.co_name, None), property | cached_property)


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return list(value.values())[:FEW]
    if isinstance(value, list | tuple | set | frozenset):
        return list(value)[:FEW]
    fields = getattr(type(value), "__dataclass_fields__", {})
    return [getattr(value, name, None) for name in fields]


def main() -> None:
    """Run the provision command that stands behind `--`, then write the walk to standard error, even if it fails."""
    mark, _, *words = sys.argv[1:]
    walk = Walk(mark)
    sys.argv = ["provision", *words]
    from provision.cli import main as command

    threading.setprofile(walk.hook)
    sys.setprofile(walk.hook)
    try:
        command()
    finally:
        sys.setprofile(None)
        sys.stderr.write(walk.report())


if __name__ == "__main__":
    main()
