"""Lookup of device families and reading tables by name.

Each module of this package is a family (its `FAMILY`); each module of `readings` with a `MIB` holds a reading
table. Only this file looks for these modules.
"""

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
    """Return the family called `name`, of any kind. Raises UsageError, with all names as hint, if there is none."""
    if name not in names():
        raise UsageError(f"no such family of device: {name}", hint="one of: " + ", ".join(names()))
    family: Family | PcFamily = importlib.import_module(f"{__name__}.{name}").FAMILY
    return family


def box(name: str) -> Family:
    """Return the family of modems or radios called `name`. Raises UsageError for any other name."""
    family = load(name) if name in names() else None
    if not isinstance(family, Family):
        known = ", ".join(n for n in names() if isinstance(load(n), Family))
        raise UsageError(f"no such modem family: {name}", hint=f"one of: {known}")
    return family


def pc(name: str) -> PcFamily:
    """Return the kind of PC called `name`. Raises UsageError for any other name."""
    family = load(name) if name in names() else None
    if not isinstance(family, PcFamily):
        known = ", ".join(n for n in names() if isinstance(load(n), PcFamily))
        raise UsageError(f"no such kind of PC: {name}", hint=f"one of: {known}")
    return family


@cache
def names() -> tuple[str, ...]:
    """Return the sorted names of all families; each is the name of the family's module in this package."""
    return modules(__path__)


def modules(path: list[str]) -> tuple[str, ...]:
    """Return the names of the modules of a package whose `__path__` is `path`, sorted; its packages are left out."""
    return tuple(sorted(m.name for m in iter_modules(path) if not m.ispkg))


@cache
def mibs() -> Mapping[str, Mib]:
    """Return each vendor's reading table (`MIB`), by the name of its module in `readings`.

    Modules without a `MIB` are left out. `identify` and the tests go through all tables.
    """
    tables = {n: importlib.import_module(f"{readings.__name__}.{n}") for n in modules(readings.__path__)}
    return {n: module.MIB for n, module in tables.items() if hasattr(module, "MIB")}


def recognise(values: Mapping[str, Raw]) -> str:
    """Return the name of the first reading table that fits a device's answers (by OID), or an empty string."""
    return next((name for name, table in mibs().items() if is_of(table, values)), "")
