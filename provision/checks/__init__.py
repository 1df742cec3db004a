"""A check is one pure function; its name is the claim."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from provision.model import Device, Finding, Item, Snapshot, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a check may look at: what the device said, and what the record says of it."""

    snapshot: Snapshot
    item: Item
    device: Device
    accepted_marker: str = ""


SILENT = "no answer"
AGAIN = "provision verify"
Judgement = tuple[Verdict, str]
Judge = Callable[[Case], Judgement]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check: its judge, the readings that it needs, and what to do when it is not green."""

    name: str
    judge: Judge
    needs: tuple[str, ...]
    remedy: str


def check(*, needs: tuple[str, ...], remedy: str) -> Callable[[Judge], Check]:
    """Make a function a check; without its `needs` it says unknown and why."""

    def make(judge: Judge) -> Check:
        return Check(name=judge.__name__, judge=judge, needs=needs, remedy=remedy)

    return make


@cache
def load() -> tuple[Check, ...]:
    """Find every check by its being there."""
    found: list[Check] = []
    for module in pkgutil.iter_modules(__path__):
        names = vars(importlib.import_module(f"{__name__}.{module.name}"))
        found += [value for value in names.values() if isinstance(value, Check)]
    return tuple(found)


def judge(case: Case, checks: tuple[Check, ...] | None = None) -> list[Finding]:
    """Judge one case by all checks; a missing reading is unknown, never a pass."""
    findings = []
    for one in checks if checks is not None else load():
        lacking = [n for n in one.needs if n not in case.snapshot.readings]
        remedy = one.remedy
        if lacking:
            why = case.snapshot.missing.get(lacking[0], SILENT)
            verdict, because = Verdict.UNKNOWN, f"no reading: {lacking[0]} ({why})" if case.snapshot.readings else why
            remedy = (
                f"{'Is it on, is the link up? Then' if why == SILENT else 'Read it again:'} {AGAIN} {case.device.tag}"
            )
        else:
            verdict, because = one.judge(case)
        findings.append(
            Finding(
                check=one.name, device=case.device.tag, verdict=verdict, because=because,
                remedy="" if verdict is Verdict.PASS else remedy,
                evidence={n: case.snapshot.readings.get(n) for n in one.needs},
            )
        )  # fmt: skip
    return findings
