"""Firmware against the office's baseline: known good, known bad and why, or unknown.

Versions as PEP 440 orders them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from provision.core.versions import number

GOOD, BAD, UNKNOWN = "good", "bad", "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Some versions of a family (of one model, if `model` is a glob), and what is to be said of them."""

    versions: str
    standing: str
    because: str = ""
    model: str = "*"
    write: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the baseline says of one firmware, and whether it may be written to."""

    standing: str
    because: str
    write: bool


Baseline = Mapping[str, tuple[Rule, ...]]


def judge(baseline: Baseline, family: str, model: str, firmware: str) -> Standing:
    """Return what the baseline says of a firmware; a rule of bad ones goes before one of good ones."""
    for rule in sorted(baseline.get(family, ()), key=lambda r: r.standing != BAD):
        if fnmatchcase(model, rule.model) and holds(rule.versions, firmware):
            return Standing(standing=rule.standing, because=rule.because, write=rule.write)
    why = f"{firmware or 'a firmware without a name'} is on no list of inventory/firmware.yml"
    return Standing(standing=UNKNOWN, because=why, write=False)


def holds(versions: str, firmware: str) -> bool:
    """Say whether a firmware is among some versions; one that names no version is not."""
    from packaging.specifiers import SpecifierSet
    from packaging.version import InvalidVersion, Version

    try:
        return Version(number(firmware)) in SpecifierSet(versions, prereleases=True)
    except InvalidVersion:
        return False
