"""Declarations that are found by being there: one module each, in one package."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from typing import TypeVar

from provision.core.errors import UsageError

T = TypeVar("T")


def names(path: Iterable[str]) -> tuple[str, ...]:
    """Give the names of a package's modules, sorted; `path` is its `__path__`."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(path)))


def load(package: str, known: tuple[str, ...], name: str, kind: type[T], what: str) -> T:
    """Give the declaration that module `name` of `package` holds under the name of its type, in capitals.

    Raises UsageError where there is no such module.
    """
    if name not in known:
        raise UsageError(f"no such {what}: {name}", hint="one of: " + ", ".join(known))
    found = getattr(importlib.import_module(f"{package}.{name}"), kind.__name__.upper())
    assert isinstance(found, kind)
    return found
