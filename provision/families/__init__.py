"""Families of device: one small file each, found by being there. Only this file looks for files."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache
from pkgutil import iter_modules

from provision.core.errors import UsageError
from provision.core.family import Family
from provision.core.pc_family import PcFamily
from provision.families import readings
from provision.families.readings.mib import Mib, Raw, is_of


@cache
def load(name: str) -> Family | PcFamily:
    """Return the family called `name`. Raises UsageError where there is none."""
    if name not in names():
        raise UsageError(f"no such family of device: {name}", hint="one of: " + ", ".join(names()))
    family: Family | PcFamily = importlib.import_module(f"{__name__}.{name}").FAMILY
    return family


def box(name: str) -> Family:
    """Return the family of modems or radios called `name`. Raises UsageError where there is none."""
    family = load(name) if name in names() else None
    if not isinstance(family, Family):
        known = ", ".join(n for n in names() if isinstance(load(n), Family))
        raise UsageError(f"no such modem family: {name}", hint=f"one of: {known}")
    return family


def pc(name: str) -> PcFamily:
    """Return the kind of PC called `name`. Raises UsageError where there is none."""
    family = load(name) if name in names() else None
    if not isinstance(family, PcFamily):
        known = ", ".join(n for n in names() if isinstance(load(n), PcFamily))
        raise UsageError(f"no such kind of PC: {name}", hint=f"one of: {known}")
    return family


@cache
def names() -> tuple[str, ...]:
    """Return the names of all families, of every kind."""
    return modules(__path__)


def modules(path: list[str]) -> tuple[str, ...]:
    """Return the names of the modules of a package whose `__path__` is `path`, sorted; its packages are left out."""
    return tuple(sorted(m.name for m in iter_modules(path) if not m.ispkg))


@cache
def mibs() -> Mapping[str, Mib]:
    """Return every reading table of a vendor's MIB, by the name of its file; tests and `identify` go through all."""
    tables = {n: importlib.import_module(f"{readings.__name__}.{n}") for n in modules(readings.__path__)}
    return {n: module.MIB for n, module in tables.items() if hasattr(module, "MIB")}


def recognise(values: Mapping[str, Raw]) -> str:
    """Return the name of the reading table whose device gave these answers (by OID), or an empty text."""
    return next((name for name, table in mibs().items() if is_of(table, values)), "")
