"""Families of device: one small file each, found by being there."""

from __future__ import annotations

from functools import cache
from pkgutil import iter_modules

from provision.core import discover
from provision.core.family import Driver, Endpoint


@cache
def load(name: str) -> Driver:
    """Give the modem family called `name`; raises UsageError where there is none."""
    return discover.load(__name__, names(), name, Driver, "modem family")


@cache
def names() -> tuple[str, ...]:
    """Give the names of all modem families."""
    return tuple(n for n in _modules() if n not in PCS)


@cache
def load_pc(name: str) -> Endpoint:
    """Give the kind of PC called `name`; raises UsageError where there is none."""
    return discover.load(__name__, PCS, name, Endpoint, "kind of PC")


PCS = ("linux", "windows")


def _modules() -> tuple[str, ...]:
    return tuple(sorted(m.name for m in iter_modules(__path__) if not m.ispkg))
