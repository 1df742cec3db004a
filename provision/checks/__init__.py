"""A check is one pure function; its name is the claim."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from provision.core.model import App, Device, Finding, Item, Snapshot, Verdict
from provision.core.traffic import Traffic


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a check may look at: what the device said, and what the record says of it.

    For a PC, `bound` are the peripherals that were bound on the bench, `asked_s` the span of the
    controller's clock in which it answered, `needed` the conference apps, `updates_days` the oldest update that will
    do, `live` what was last heard and seen on it (`hearing`, `sight`). `shown_secret` is the day on which a person was shown a secret,
    `firmware` what the office's baseline says of the firmware (good, bad or unknown) and why.
    `sim` is the SIM card as the kit records it, `today` the day in Berau, `traffic` what was counted since the card was checked.
    """

    snapshot: Snapshot
    item: Item
    device: Device
    accepted_marker: str = ""
    bound: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    asked_s: tuple[float, float] = (0.0, 0.0)
    zone: str = ""
    apps: tuple[str, ...] = ()
    needed: tuple[App, ...] = ()
    updates_days: int = 45
    live: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    shown_secret: str = ""
    firmware: tuple[str, str] = ("unknown", "no baseline of firmware")
    sim: Mapping[str, Any] = field(default_factory=dict)
    today: str = ""
    traffic: Traffic | None = None

    @property
    def hearing(self) -> Mapping[str, Any] | None:
        """What was last heard, where anything was."""
        return self.live.get("hearing")

    @property
    def sight(self) -> Mapping[str, Any] | None:
        """What was last seen, where anything was."""
        return self.live.get("sight")

    @property
    def quota_gb(self) -> float | None:
        """The quota of the SIM card, where the kit records one."""
        found: float | None = self.sim.get("kuota_gb")
        return found


SILENT = "no answer"
AGAIN = "provision verify"
Judgement = tuple[Verdict, str]
Judge = Callable[[Case], Judgement]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check: its judge, the readings that it needs, what to do when it is not green.

    `guards` is `identity` or `security` where nobody may waive it. `about` names what of the case must be
    recorded at all: without it there is nothing to judge. `only` names the kind of device that it is for.
    """

    name: str
    judge: Judge
    needs: tuple[str, ...]
    remedy: str
    guards: str = ""
    about: str = ""
    only: str = ""


def check(
    *, needs: tuple[str, ...], remedy: str, guards: str = "", about: str = "", only: str = ""
) -> Callable[[Judge], Check]:
    """Make a function a check; without its `needs` it says unknown and why."""

    def make(judge: Judge) -> Check:
        return Check(
            name=judge.__name__, judge=judge, needs=needs, remedy=remedy, guards=guards, about=about, only=only
        )

    return make


ROLES = {"modems": ("modem",), "radios": ("radio",), "computers": ("computer", "meeting", "live")}


@cache
def load(role: str) -> tuple[Check, ...]:
    """Find every check of a role by its being there."""
    rooms = [vars(importlib.import_module(f"{__name__}.{room}")) for room in ROLES[role]]
    return tuple(value for names in rooms for value in names.values() if isinstance(value, Check))


def named(name: str) -> Check | None:
    """Give the check of that name, of whatever role."""
    return next((c for role in ROLES for c in load(role) if c.name == name), None)


def judge(case: Case, checks: tuple[Check, ...] | None = None) -> list[Finding]:
    """Judge one case by all checks; a missing reading is unknown, never a pass."""
    findings = []
    for one in checks if checks is not None else load(case.device.role):
        if (one.about and not getattr(case, one.about)) or one.only not in {"", case.device.driver}:
            continue
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
