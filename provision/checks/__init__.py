"""Load the checks of a role and judge devices by them; a check is one pure function whose name is its claim."""

from __future__ import annotations

from functools import cache

from provision.checks.check import AGAIN, SILENT, UNTOLD, Case, Check, Judgement, check
from provision.core.model import Finding, Verdict

__all__ = ["Case", "Check", "Judgement", "check", "judge", "load", "named"]

ROLES = ("modems", "radios", "computers")


@cache
def load(role: str) -> tuple[Check, ...]:
    """Return every check of a role, in the order in which its files hold them. Raises KeyError for another role.

    The files are imported here, so that commands for modems do not load the checks of PCs.
    """
    if role == "computers":
        from provision.checks import computer, live, meeting

        rooms = [computer, meeting, live]
    else:
        from provision.checks import modem, radio

        rooms = [{"modems": modem, "radios": radio}[role]]
    return tuple(value for room in rooms for value in vars(room).values() if isinstance(value, Check))


def named(name: str) -> Check | None:
    """Return the check called `name`, looked for in every role, or None if there is none."""
    return next((c for role in ROLES for c in load(role) if c.name == name), None)


def judge(case: Case, checks: tuple[Check, ...] | None = None) -> list[Finding]:
    """Return a finding for each check that applies to the case; one that lacks a reading is unknown, never a pass.

    `checks` defaults to those of the device's kind. A check is left out if the field of the case that it is `about` is
    empty, or if it is `only` for another family.
    """
    findings = []
    for one in checks if checks is not None else load(case.device.kind.group):
        if (one.about and not getattr(case, one.about)) or one.only not in {"", case.device.family.name}:
            continue
        lacking = [n for n in one.needs if n not in case.snapshot.readings]
        remedy = one.remedy
        if lacking:
            answered = bool(case.snapshot.readings)
            why = case.snapshot.missing.get(lacking[0], UNTOLD if answered else SILENT)
            verdict, because = Verdict.UNKNOWN, f"no reading: {lacking[0]} ({why})" if answered else why
            remedy = (
                f"{'Is it on, is the link up? Then' if why == SILENT else 'Read it again:'} {AGAIN} {case.device.tag}"
            )
        else:
            verdict, because = one.judge(case)
        findings.append(
            Finding(
                check=one.name,
                device=case.device.tag,
                verdict=verdict,
                because=because,
                remedy="" if verdict is Verdict.PASS else remedy,
                evidence={n: case.snapshot.readings.get(n) for n in one.needs},
            )
        )
    return findings
