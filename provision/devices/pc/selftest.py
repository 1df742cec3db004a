"""The ten-minute drill with a real PC: what no lab can show of it, step by step, and on record.

Nothing is changed on the PC: what runs is planned once more, and must be what is intended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from provision.core.device import Computer
from provision.core.errors import ProvisionError, UsageError
from provision.core.model import Verdict
from provision.core.settings import diff
from provision.devices.pc import reports
from provision.devices.pc import verify as judge
from provision.devices.pc.look import Program, TimedAnswer, run_program, visit
from provision.devices.run import Drill, VerifyRequest, run_on
from provision.families.languages import pc_facts
from provision.home.workspace import Workspace
from provision.ledger.events import SelfTested
from provision.ledger.known import drill_of

SLOW_S = 60.0
OTHERS = {"linux": {"consent", "antivirus", "clock_source"}, "windows": set()}  # what this kind has not


def selftest(
    workspace: Workspace, computer: Computer, *, bench: bool, on_drill: Callable[[Drill], None]
) -> list[Drill]:
    """Run every drill on one provisioned PC, call `on_drill` with each, and return them; record it if all passed.

    Raises UsageError if the PC is not provisioned.
    """
    tag = computer.tag
    known = workspace.known.get(tag)
    if known is None or not known.accepted:
        raise UsageError(f"{tag} is not provisioned", hint=f"provision apply {tag} --bench, then the drill")
    done = []
    for name, passed, said in _drills(workspace, computer, bench=bench):
        text = f"{'pass' if passed else 'fail'} {name:<10} {said}"
        done.append((Drill(name=name, passed=passed, text=text), said))
        on_drill(done[-1][0])
    if all(drill.passed for drill, _ in done):
        passed_all = SelfTested(device=tag, drills={drill.name: said for drill, said in done})
        workspace.observe([(drill_of(known.device), passed_all)], seen=known.seen)
    return [drill for drill, _ in done]


def _drills(workspace: Workspace, computer: Computer, *, bench: bool) -> Iterator[tuple[str, bool, str]]:
    first, took_s = _look(workspace, computer, bench=bench, live=False)
    if isinstance(first, ProvisionError):
        yield "look", False, str(first)
        return
    yield "look", took_s < SLOW_S, f"a whole answer in {took_s:.1f} s"
    snapshot = first.answer.snapshot
    others = OTHERS.get(computer.family.name, set())
    lacking = {n: w for n, w in snapshot.missing.items() if n in pc_facts.FIELDS and n not in others}
    said = ", ".join(f"{n} ({w})" for n, w in sorted(lacking.items())) or "every field"
    yield "collector", not lacking, f"lacks {said}" if lacking else said
    again, _ = _look(workspace, computer, bench=bench, live=False)
    same = isinstance(again, TimedAnswer) and again.answer.snapshot.settings == snapshot.settings
    yield "again", same, "a second look says the same" if same else "a second look differs"
    differs = diff(snapshot.settings, visit(workspace, computer, bench=bench).settings, owns=())
    said = f"it differs from the intent: provision plan {computer.tag}" if differs else "runs as intended"
    yield "baseline", not differs, said
    _, silent = reports.fetch(workspace, [computer], bench=bench)
    yield "outbox", not silent, "; ".join(silent.values()) or "it can be read"
    yield from _live(workspace, computer, bench=bench)


def _look(
    workspace: Workspace, computer: Computer, *, bench: bool, live: bool
) -> tuple[TimedAnswer | ProvisionError, float]:
    started = workspace.clock.monotonic()
    with run_on(workspace, computer.tag) as (_, writer):
        answers = run_program(workspace, writer, [visit(workspace, computer, bench=bench)], Program(live=live))
    return answers[computer.tag], workspace.clock.monotonic() - started


def _live(workspace: Workspace, computer: Computer, *, bench: bool) -> Iterator[tuple[str, bool, str]]:
    tag = computer.tag
    answer, _ = _look(workspace, computer, bench=bench, live=bool(computer.family.live))
    if isinstance(answer, ProvisionError):
        yield from ((name, False, str(answer)) for name in judge.VERBS)
        return
    judge.keep(workspace, {tag: answer})
    request = VerifyRequest(bench=bench, answers={tag: answer})
    said = {f.check: f for f in judge.verify(workspace, [computer], request)}
    for name, check in (("hearing", "it_hears_itself"), ("sight", "it_sees")):
        finding = said.get(check)
        passed = finding is not None and finding.verdict in {Verdict.PASS, Verdict.WARN}
        yield name, passed, finding.because if finding else f"not tried: provision attest {tag} {name}"
