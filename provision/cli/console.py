"""How a result looks: tables and live progress in a terminal, plain lines elsewhere, JSON on request.

Data goes to standard output, all else to standard error. No colour is ever the only signal.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from provision.core import shapes
from provision.core.errors import IntentError, ProvisionError
from provision.core.model import Change, Ending, Finding, Outcome, Plan, Secret, Verdict, Watched

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
    sys.stderr.write(text + "\n")


def print_json(value: Any) -> None:
    """Print a value as one indented JSON document to standard output."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def print_error(error: ProvisionError) -> None:
    """Print to standard error what failed, where, and the next step; of an IntentError, every fault and their count."""
    faults = error.faults if isinstance(error, IntentError) else []
    for fault in faults:
        say(f"{fault.where}: {fault.what}" + (f"\n    {fault.hint}" if fault.hint else ""))
    if faults:
        say(f"{counted(len(faults), 'fault')}; nothing was done")
        return
    say(f"error: {error.what}")
    if error.where:
        say(f"  where: {error.where}")
    if error.hint:
        say(f"  next:  {error.hint}")


def table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]], *, title: str = "") -> None:
    """Print rows to standard output: a table with column names in a terminal, else tab-separated lines without names.

    A title is printed in a terminal only; if there are no rows, the title stands alone.
    """
    listed = list(rows)
    if not in_terminal():
        sys.stdout.writelines(_line(row) for row in listed)
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False)
    for at, column in enumerate(shown.columns):
        column.no_wrap = at < 2
        column.overflow = "fold"
    for row in listed:
        shown.add_row(*(Text(cell, style=STYLES.get(cell.split(" ")[-1], "")) for cell in row))
    if title:  # a line of its own: as a title of Rich's it would be folded to the width of the table
        Console().print(Text(title, style="italic"))
    if listed or not title:
        Console().print(shown)


def _line(row: tuple[str, ...]) -> str:
    """Return a row as one line of tab-separated cells, with a newline at its end.

    If a cell has a tab or a line break in it, all runs of blanks within cells become one space.
    """
    line = "\t".join(row)
    if line.count("\t") == len(row) - 1 and "\n" not in line and "\r" not in line:
        return line + "\n"
    return "\t".join(" ".join(cell.split()) for cell in row) + "\n"


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
            say(f"next for {', '.join(names)}: {step}")


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
        radio = next((f.because for f in own if f.check == "signal_carries_a_call"), "")
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
        say(f"next: {remedy}")


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
        table(
            ("setting", "runs", "intended"),
            (
                (f"{'' if in_terminal() else one.device + ' '}{c.path}", plain(c.running), plain(c.intended))
                for c in one.changes
            ),
            title=f"{one.device}: {counted(len(one.changes), 'change')}"
            if one.changes
            else f"{one.device}: runs as intended",
        )


def print_changes(title: str, changes: Iterable[Change]) -> None:
    """Print what differs from what was accepted, setting by setting."""
    table(
        ("setting", "accepted", "runs"), ((c.path, plain(c.intended), plain(c.running)) for c in changes), title=title
    )


def print_watched(devices: list[Watched]) -> None:
    """Print each device's state, then the settings that differ from what was accepted.

    The next step follows for devices with drift and for those that are unreachable.
    """
    table(("device", "state", "seen", "because"), ((w.device, signed(w.state), w.seen_at, w.because) for w in devices))
    for one in devices:
        if one.changes:
            title = f"{one.device}: {counted(len(one.changes), 'difference')}"
            print_changes(title if in_terminal() else "", (_of(one, c) for c in one.changes))
    if names := [w.device for w in devices if w.state == "drift"]:
        say(f"next for {', '.join(names)}: provision apply puts the intent back; provision adopt keeps what runs")
    if names := [w.device for w in devices if w.state == "unreachable"]:
        say(f"next for {', '.join(names)}: is it on, is the link up? watch again later")


def _of(device: Watched, change: Change) -> Change:
    """Return the change as it is in a terminal; elsewhere with the device's tag in front of its path."""
    return change if in_terminal() else replace(change, path=f"{device.device} {change.path}")


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
        TextColumn("{task.description}"),
        TextColumn("{task.fields[step]}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    ) as shown:
        lines = {d: shown.add_task(f"{d}  {names.get(d, '')}".ljust(30), step="waiting", total=1) for d in devices}

        def update(step: Step) -> None:
            if step.device in lines:
                over = step.task == "Finish" and step.state != "started"
                shown.update(lines[step.device], step=f"{step.task.lower()} {step.state}", completed=int(over))

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
