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
    """A range of versions of one family, with their standing (good or bad) and the reason.

    `versions` are specifiers of PEP 440, `model` is a glob of the models that it is for, `write` says whether a device
    with such a version may be changed.
    """

    versions: str
    standing: str
    because: str = ""
    model: str = "*"
    write: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Judgement of one firmware: good, bad or unknown, the reason, and whether a device that runs it may be changed."""

    standing: str
    because: str
    write: bool


Baseline = Mapping[str, tuple[Rule, ...]]


def judge(baseline: Baseline, family: str, model: str, firmware: str) -> Standing:
    """Return the standing of a firmware by the first rule of its family that fits model and version, bad ones first.

    If no rule fits, it is unknown and a device that runs it may not be changed.
    """
    for rule in sorted(baseline.get(family, ()), key=lambda r: r.standing != BAD):
        if fnmatchcase(model, rule.model) and holds(rule.versions, firmware):
            return Standing(standing=rule.standing, because=rule.because, write=rule.write)
    why = f"{firmware or 'a firmware without a name'} is on no list of inventory/firmware.yml"
    return Standing(standing=UNKNOWN, because=why, write=False)


def holds(versions: str, firmware: str) -> bool:
    """Return whether a firmware is in a range of versions (PEP 440); False if it names no valid version."""
    from packaging.specifiers import SpecifierSet
    from packaging.version import InvalidVersion, Version

    try:
        return Version(number(firmware)) in SpecifierSet(versions, prereleases=True)
    except InvalidVersion:
        return False
