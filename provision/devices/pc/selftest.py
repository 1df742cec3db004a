"""The ten-minute drill with a real PC: what no lab can show of it, step by step, and on record.

Nothing is changed on the PC: a baseline that runs is applied once more and must say unchanged.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from provision.core.device import Computer
from provision.core.errors import DeviceError, ProvisionError, UsageError
from provision.core.model import Verdict
from provision.devices.pc import apply, look, reports
from provision.devices.pc import verify as judge
from provision.devices.run import Run, single
from provision.families.languages import pc_facts
from provision.home.workspace import Workspace
from provision.ledger.events import SELFTEST, kind_of

SLOW_S = 60.0
OTHERS = {"linux": {"consent", "antivirus", "clock_source"}, "windows": set()}  # what this kind has not


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: its name, whether it went as it must, and what was seen."""

    name: str
    passed: bool
    said: str


def drill(workspace: Workspace, computer: Computer, *, bench: bool, tell: Callable[[Step], None]) -> list[Step]:
    """Run every step on one provisioned PC, and record that all passed. Raises UsageError where it is not provisioned."""
    tag = computer.item.asset_tag
    known = workspace.known.get(tag)
    if known is None or not known.accepted:
        raise UsageError(f"{tag} is not provisioned", hint=f"provision apply {tag} --bench, then the drill")
    done = []
    for step in _steps(workspace, computer, bench=bench):
        tell(step)
        done.append(step)
    if all(s.passed for s in done):
        body = {"device": tag, "drills": {s.name: s.said for s in done}}
        workspace.ledger.append(SELFTEST, kind_of(known.device), body, at=workspace.now())
    return done


def _steps(workspace: Workspace, computer: Computer, *, bench: bool) -> Iterator[Step]:
    first, took_s = _look(workspace, computer, bench=bench, live=False)
    if isinstance(first, ProvisionError):
        yield Step(name="look", passed=False, said=str(first))
        return
    yield Step(name="look", passed=took_s < SLOW_S, said=f"a whole answer in {took_s:.1f} s")
    snapshot = first.answer.snapshot
    lacking = {n: w for n, w in snapshot.missing.items() if n in pc_facts.FIELDS} if snapshot.missing else {}
    lacking = {n: w for n, w in lacking.items() if n not in OTHERS.get(computer.family.name, set())}
    said = ", ".join(f"{n} ({w})" for n, w in sorted(lacking.items())) or "every field"
    yield Step(name="collector", passed=not lacking, said=f"lacks {said}" if lacking else said)
    again, _ = _look(workspace, computer, bench=bench, live=False)
    same = not isinstance(again, ProvisionError) and again.answer.snapshot.settings == snapshot.settings
    yield Step(name="again", passed=same, said="a second look says the same" if same else "a second look differs")
    yield _unchanged(workspace, computer, bench=bench)
    _, silent = reports.fetch(workspace, [computer], bench=bench)
    yield Step(name="outbox", passed=not silent, said="; ".join(silent.values()) or "it can be read")
    yield from _live(workspace, computer, bench=bench)


def _look(
    workspace: Workspace, computer: Computer, *, bench: bool, live: bool
) -> tuple[look.Seen | ProvisionError, float]:
    started = time.monotonic()
    with single(workspace, computer.item.asset_tag) as writer:
        found = look.ask(workspace, writer, [look.visit(workspace, computer, bench=bench)], live=live)
    return found[computer.item.asset_tag], time.monotonic() - started


def _unchanged(workspace: Workspace, computer: Computer, *, bench: bool) -> Step:
    try:
        (done,), _ = apply.apply(workspace, [computer], Run(bench=bench, approve=lambda _: False))
    except (DeviceError, ProvisionError) as error:
        return Step(name="baseline", passed=False, said=str(error))
    differs = "" if done.step == "plan" else f"it differs from the intent: provision plan {done.device}"
    return Step(
        name="baseline", passed=done.step == "plan" and done.ending == "unchanged", said=differs or done.because
    )


def _live(workspace: Workspace, computer: Computer, *, bench: bool) -> Iterator[Step]:
    tag = computer.item.asset_tag
    measures = bool(computer.family.live)
    found, _ = _look(workspace, computer, bench=bench, live=measures)
    if isinstance(found, ProvisionError):
        yield from (Step(name=name, passed=False, said=str(found)) for name in judge.VERBS)
        return
    judge.keep(workspace, {tag: found})
    said = {f.check: f for f in judge.verify(workspace, [computer], bench=bench, seen={tag: found})}
    for name, check in (("hearing", "it_hears_itself"), ("sight", "it_sees")):
        finding = said.get(check)
        passed = finding is not None and finding.verdict in {Verdict.PASS, Verdict.WARN}
        words = finding.because if finding else f"not tried: provision attest {tag} {name}"
        yield Step(name=name, passed=passed, said=words)
