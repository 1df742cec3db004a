"""Compare two configurations as sets of settings; the one comparison of the house."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

from provision.model import Change, Settings, Value


def matches(path: str, globs: tuple[str, ...]) -> bool:
    """Say whether `path` lies under any of `globs` (`*` crosses dots)."""
    return any(fnmatchcase(path, glob) for glob in globs)


def diff(
    running: Settings,
    intended: Settings,
    *,
    owns: tuple[str, ...],
    volatile: tuple[str, ...] = (),
) -> tuple[Change, ...]:
    """Give what must change so that `running` becomes `intended`, sorted in intent order.

    Every intended setting counts; a running one that is not intended counts only where the
    family `owns` it. Paths in `volatile` never count.
    """
    changes = [
        Change(path=path, running=running.get(path), intended=value)
        for path, value in intended.items()
        if running.get(path) != value and not matches(path, volatile)
    ]
    changes += [
        Change(path=path, running=value, intended=None)
        for path, value in running.items()
        if path not in intended and matches(path, owns) and not matches(path, volatile)
    ]
    return tuple(changes)


def patch(running: Settings, changes: tuple[Change, ...]) -> Mapping[str, Value]:
    """Give the settings that `running` becomes by `changes`."""
    after = dict(running)
    for change in changes:
        if change.intended is None:
            after.pop(change.path, None)
        else:
            after[change.path] = change.intended
    return after


def invert(changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """Give the way back of `changes`."""
    return tuple(Change(path=c.path, running=c.intended, intended=c.running) for c in changes)
