"""Record a waiver or a training for a kecamatan."""

from __future__ import annotations

from provision import checks
from provision.core import custody
from provision.core.errors import UsageError
from provision.home.workspace import Workspace
from provision.ledger.lending_events import Trained, Waived
from provision.lending import loans


def waive(workspace: Workspace, name: str, asked: custody.Waiver) -> custody.Waiver:
    """Record that a named person answers for one check until a day, and return the waiver as recorded.

    Raises UsageError if there is no such check, it guards identity or security, the name or the reason is empty, or the
    day is past or no day.
    """
    check, by, reason, until = asked.check, asked.by, asked.reason, asked.until
    file = loans.read(workspace, name)
    wanted = check.strip().lower().replace("-", "_").replace(" ", "_")
    found = checks.named(wanted)
    if found is None:
        names = [c.name for role in checks.ROLES for c in checks.load(role) if not c.guards]
        raise UsageError(f"no such check: {check}", hint="one of: " + ", ".join(names))
    if found.guards:
        raise UsageError(f"{wanted} guards {found.guards}: nobody can waive it", hint=found.remedy)
    if not by.strip() or not reason.strip():
        raise UsageError("a waiver needs a name and a reason", hint="--by NAME --reason TEXT")
    last = custody.day(until, "--until")
    if last < workspace.today():
        raise UsageError(f"--until: {last} is over", hint=f"today is {workspace.today()}")
    waived = Waived(check=wanted, by=" ".join(by.split()), reason=" ".join(reason.split()), until=last)
    loans.record(workspace, file, [(file.subject, waived)])
    return custody.Waiver(check=waived.check, by=waived.by, reason=waived.reason, until=waived.until)


def train(workspace: Workspace, name: str, people: list[str], topics: list[str], day: str) -> Trained:
    """Record which people were trained on which topics, on `day` (empty: today), and return the event.

    Raises UsageError if no person or no topic is named, or if the day is in the future.
    """
    file = loans.read(workspace, name)
    who = [" ".join(p.split()) for p in people if p.strip()]
    what = [" ".join(t.split()) for t in topics if t.strip()]
    if not who or not what:
        raise UsageError(
            "a training needs people and topics", hint="--person NAME --topic TEXT, each as often as needed"
        )
    on = loans.effective_day(workspace, day or workspace.today(), "--date", [])
    trained = Trained(people=tuple(who), topics=tuple(what), day=on)
    loans.record(workspace, file, [(file.subject, trained)])
    return trained
