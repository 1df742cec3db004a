"""How a result looks: tables and live progress in a terminal, plain lines elsewhere, JSON on request.

Data goes to standard output, all else to standard error. No colour is ever the only signal.
"""

from __future__ import annotations

import contextlib
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from provision.cli.tables import one_line, print_rows, print_sections
from provision.core import shapes
from provision.core.errors import IntentError, ProvisionError
from provision.core.foreign import in_json, visible_lines
from provision.core.model import Change, Ending, Finding, Outcome, Plan, Secret, Verdict, Watched
from provision.core.times import in_berau

if TYPE_CHECKING:
    from provision.connectors.phase import Step

STYLES = {
    "applied": "green", "unchanged": "green", "pass": "green", "warn": "yellow", "reverted": "yellow",
    "unconfirmed": "red", "failed": "red", "fail": "red", "refused": "yellow", "unknown": "magenta",
    "ok": "green", "drift": "red", "unreachable": "yellow",
}  # fmt: skip
SIGNS = {
    "applied": "✓", "unchanged": "=", "pass": "✓", "warn": "!", "reverted": "↺",
    "unconfirmed": "?", "failed": "✗", "fail": "✗", "refused": "✗", "unknown": "?",
    "ok": "✓", "drift": "≠", "unreachable": "…",
}  # fmt: skip
NEXT = {
    Ending.UNCONFIRMED: "provision resume",
    Ending.REVERTED: "mend the cause, then apply again; the old configuration runs",
    Ending.FAILED: "see because; then apply again",
    Ending.REFUSED: "run the command again, and approve the plan (or add --yes)",
}
PLAIN_WIDTH = 100


def in_terminal() -> bool:
    """Return True if standard output is a terminal."""
    return sys.stdout.isatty()


def say(text: str) -> None:
    """Print a line for the person at the terminal (standard error); data goes to standard output."""
    with contextlib.suppress(OSError):  # nobody takes it, and there is nobody else to tell
        sys.stderr.write(visible_lines(text) + "\n")


def print_json(value: Any) -> None:
    """Print a value as one indented JSON document to standard output."""
    print_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def print_text(text: str) -> None:
    """Print JSON text to standard output."""
    sys.stdout.write(in_json(text))


def print_error(error: ProvisionError) -> None:
    """Print to standard error what failed, where, and the next step; of an IntentError, every fault and their count."""
    faults = error.faults if isinstance(error, IntentError) else []
    for fault in faults:
        say(
            f"{one_line(fault.where)}: {one_line(fault.what)}" + (f"\n    {one_line(fault.hint)}" if fault.hint else "")
        )
    if faults:
        say(f"{counted(len(faults), 'fault')}; nothing was done")
        return
    for head, text in (("error: ", error.what), ("  where: ", error.where), ("  next:  ", error.hint)):
        if text:
            say(head + re.sub(r"\n(?! )", "\n  ", text))  # no line of a message begins as one of ours


def table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    """Print rows to standard output: in a terminal a table with column names, else tab-separated lines without."""
    if in_terminal():
        print_rows(columns, list(rows), STYLES)
    else:
        sys.stdout.writelines("\t".join(one_line(cell) for cell in row) + "\n" for row in rows)


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, as `1 device` or `2 devices`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def signed(word: str) -> str:
    """Return a word, in a terminal with its sign in front, so that it can be told without colour.

    A word without a sign gets a space in its place.
    """
    return f"{SIGNS.get(word, ' ')} {word}" if in_terminal() else word


def marked(text: str) -> str:
    """Return a line with its first word signed (see `signed`) if that is `pass` or `fail`, else the line unchanged."""
    word, _, rest = text.partition(" ")
    return f"{signed(word)} {rest}" if word in {"pass", "fail"} else text


def print_outcomes(run: str, outcomes: list[Outcome], *, as_json: bool) -> None:
    """Print how a run ended for each device: as JSON, or as a table and the next step for endings that need one."""
    if as_json:
        print_json(shapes.outcomes(run, outcomes))
        return
    table(
        ("device", "kecamatan", "outcome", "because"),
        ((o.device, o.kecamatan, signed(str(o.ending)), o.because) for o in outcomes),
    )
    for ending, step in NEXT.items():
        if names := [o.device for o in outcomes if o.ending is ending]:
            say(one_line(f"next for {', '.join(names)}: {step}"))


def print_findings(findings: list[Finding], *, as_json: bool) -> None:
    """Print the findings of checks as JSON, as tab-separated lines, or in a terminal as a table for a person.

    The table has one row for all green findings of a device, and one for the others of the same verdict and reason. The
    remedies of failed and unknown checks follow it.
    """
    if as_json:
        print_json({"findings": [shapes.finding(f) for f in findings]})
        return
    if not in_terminal():
        table((), ((f.device, f.check, str(f.verdict), f.because) for f in findings))
        return
    rows = []
    for device in dict.fromkeys(f.device for f in findings):
        own = [f for f in findings if f.device == device]
        bad = [f for f in own if f.verdict is not Verdict.PASS]
        green = len(own) - len(bad)
        radio = next((f.because for f in own if f.check == "signal_carries_a_call" and f not in bad), "")
        if green:
            rows.append((device, signed("pass"), f"{green} of {len(own)} checks", radio))
        for verdict, because in dict.fromkeys((f.verdict, f.because) for f in bad):
            same = [f.check.replace("_", " ") for f in bad if (f.verdict, f.because) == (verdict, because)]
            names = same[0] if len(same) == 1 else f"{len(same)} of {len(own)} checks"
            rows.append((device, signed(str(verdict)), names, because))
    table(("device", "verdict", "check", "because"), rows)
    for remedy in dict.fromkeys(
        f.remedy for f in findings if f.remedy and f.verdict in {Verdict.FAIL, Verdict.UNKNOWN}
    ):
        say(one_line(f"next: {remedy}"))


def plain(value: object) -> str:
    """Return a setting's value as text: a dash for None, `•••` for a secret, and a tuple's parts joined by spaces."""
    if value is None:
        return "—"
    if isinstance(value, Secret):
        return str(value)
    return " ".join(value) if isinstance(value, tuple) else str(value)


def print_plans(plans: list[Plan], *, as_json: bool) -> None:
    """Print each setting that would change, as it runs and as intended, device by device; or all plans as JSON."""
    if as_json:
        print_json(shapes.plans(plans))
        return
    for one in plans:
        said = counted(len(one.changes), "change") if one.changes else "runs as intended"
        pairs = [(c.path, plain(c.running), plain(c.intended)) for c in one.changes]
        _print_pairs(one.device, f"{one.device}: {said}", "runs → intended", pairs)


def print_changes(title: str, changes: Iterable[Change], *, device: str = "") -> None:
    """Print what differs from what was accepted, setting by setting, in a pipe with the device in front of each."""
    _print_pairs(device, title, "accepted → runs", [(c.path, plain(c.intended), plain(c.running)) for c in changes])


def _print_pairs(device: str, title: str, sides: str, pairs: list[tuple[str, str, str]]) -> None:
    """Print changes for a person in a terminal, else as lines of three cells, the first one with the device's tag."""
    if in_terminal():
        print_sections(title, sides, pairs)
    else:
        table((), ((f"{device} {path}".strip(), before, after) for path, before, after in pairs))


def print_watched(devices: list[Watched]) -> None:
    """Print each device's state, then the settings that differ from what was accepted.

    The next step follows for devices with drift and for those that are unreachable.
    """
    table(
        ("device", "state", "seen", "because"),
        ((w.device, signed(w.state), in_berau(w.seen_at), w.because) for w in devices),
    )
    for one in devices:
        if one.changes:
            title = f"{one.device}: {counted(len(one.changes), 'difference')}"
            print_changes(title, one.changes, device=one.device)
    if names := [w.device for w in devices if w.state == "drift" and not w.changes]:
        say(one_line(f"next for {', '.join(names)}: plug in what belongs to the kit, then provision verify"))
    if names := [w.device for w in devices if w.state == "drift" and w.changes]:
        say(
            one_line(
                f"next for {', '.join(names)}: provision apply puts the intent back; provision adopt keeps what runs"
            )
        )
    if names := [w.device for w in devices if w.state == "unreachable"]:
        say(one_line(f"next for {', '.join(names)}: is it on, is the link up? watch again later"))


@contextmanager
def progress(devices: list[str], names: dict[str, str]) -> Iterator[Callable[[Step], None]]:
    """Yield a function that shows each step of a run, in one live line per device or, without a terminal, line by line.

    The live lines are for `devices`, with their `names`, if standard output and standard error are terminals. Otherwise
    each step is a line on standard error, except when it starts.
    """
    if not (sys.stderr.isatty() and in_terminal()):

        def line(step: Step) -> None:
            if step.state != "started":
                say(f"{step.device} {step.task.lower()} {step.state}")

        yield line
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        TextColumn("{task.fields[step]}", markup=False),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    ) as live:
        lines = {
            d: live.add_task(one_line(f"{d}  {names.get(d, '')}").ljust(30), step="waiting", total=1) for d in devices
        }

        def update(step: Step) -> None:
            if step.device in lines:
                over = step.task == "Finish" and step.state != "started"
                live.update(lines[step.device], step=one_line(f"{step.task.lower()} {step.state}"), completed=int(over))

        yield update


@contextmanager
def quiet() -> Iterator[Callable[[Step], None]]:
    """Yield a function that shows no step, so that a question on the screen is not disturbed."""
    yield lambda _: None


def print_lab(status: dict[str, Any]) -> None:
    """Print each lab device of a lab's status: tag, power, SSH addresses with port, hostname, active faults."""
    table(
        ("device", "power", "ssh", "calls itself", "broken"),
        (
            (
                m["tag"],
                "on" if m["on"] else "off",
                " ".join(f"{a}:{m['ssh_port']}" for a in m["addresses"]),
                m["hostname"],
                " ".join(f"{k}={v}" for k, v in m["faults"].items()),
            )
            for m in status["devices"]
        ),
    )
