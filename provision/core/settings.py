"""Configurations as flat settings: compared, changed, sealed and digested; no other module compares them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import translate
from functools import cache
from hashlib import sha256

from provision.core.model import Change, Secret, Settings, Value

FILE = "file:"
SEALED = "sealed:"


def matches(path: str, globs: tuple[str, ...]) -> bool:
    """Return whether `path` matches any of `globs` (case-sensitive; `*` crosses dots)."""
    return bool(globs) and _pattern(globs).match(path) is not None


@cache
def _pattern(globs: tuple[str, ...]) -> re.Pattern[str]:
    """Return what matches whatever one of `globs` matches: thousands of settings are compared in one look."""
    return re.compile("|".join(translate(glob) for glob in globs))


def diff(
    running: Settings,
    intended: Settings,
    *,
    owns: tuple[str, ...],
    volatile: tuple[str, ...] = (),
) -> tuple[Change, ...]:
    """Return the changes that turn `running` into `intended`.

    First each intended setting that differs, in the order of `intended`; then the removals, in the order of `running`.
    Only settings under `owns` are removed. Settings under `volatile` are left out.
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
    """Return a copy of `running` with `changes` made; a setting whose intended value is None is removed."""
    after = dict(running)
    for change in changes:
        if change.intended is None:
            after.pop(change.path, None)
        else:
            after[change.path] = change.intended
    return after


def invert(changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """Return the changes that undo `changes`."""
    return tuple(Change(path=c.path, running=c.intended, intended=c.running) for c in changes)


def digest(text: str | Secret) -> str:
    """Return the digest (SHA-256, hex) that stands as a setting for a file outside the configuration."""
    return sha256((text.reveal() if isinstance(text, Secret) else text).encode()).hexdigest()


def marker(sealed: Settings) -> str:
    """Return the digest of a whole configuration (secrets sealed), for a device that makes none itself.

    It is the first 32 hex digits of a SHA-256, whatever the order of the settings.
    """
    shown = sorted((path, value.reveal() if isinstance(value, Secret) else value) for path, value in sealed.items())
    return sha256(repr(shown).encode()).hexdigest()[:32]


def seal(settings: Settings, key: bytes) -> dict[str, Value]:
    """Return the settings with each secret replaced by a keyed digest, to be kept and compared.

    What is sealed already stays as it is.
    """
    import hmac

    return {
        path: Secret(SEALED + hmac.new(key, value.reveal().encode(), "sha256").hexdigest()[:32])
        if isinstance(value, Secret) and not value.reveal().startswith(SEALED)
        else value
        for path, value in settings.items()
    }
