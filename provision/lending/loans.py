"""A kecamatan's loans as the ledger tells them, with a hold on what was the newest event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import Any

from provision.core import custody
from provision.core.custody import Handover, Waiver
from provision.core.errors import ProvisionError, UsageError
from provision.core.model import Event, Item, Kit, slug
from provision.home.workspace import Workspace
from provision.ledger import handovers
from provision.ledger.act import Line
from provision.ledger.events import Registered
from provision.ledger.lending_events import Moved

NOW = "9999"  # later than any time that is recorded


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One kecamatan's file: its kit, its events so far, its loans, its waivers."""

    kit: Kit
    events: tuple[Event, ...]
    loans: tuple[Handover, ...]
    waivers: tuple[Waiver, ...]

    @property
    def slug(self) -> str:
        """The kecamatan's slug, which is the subject of its events."""
        return self.kit.kecamatan.slug

    @property
    def open(self) -> Handover | None:
        """The loan that is not over."""
        return custody.newest(self.loans)

    @property
    def newest(self) -> int:
        """The number of the newest event that was seen."""
        return self.events[-1].number if self.events else 0


def read(workspace: Workspace, name: str) -> File:
    """Read the file of one kecamatan; raises UsageError where there is none of that name."""
    kit = workspace.home.kit(name)
    if kit is None:
        near = get_close_matches(slug(name), workspace.home.kits, n=1)
        raise UsageError(
            f"no such kecamatan: {name}", hint=f"did you mean {near[0]}?" if near else ", ".join(workspace.home.kits)
        )
    events = tuple(workspace.ledger.history(kit.kecamatan.slug))
    return File(
        kit=kit,
        events=events,
        loans=tuple(handovers.handovers(kit.kecamatan.slug, events, workspace.today())),
        waivers=tuple(handovers.waivers(events, workspace.today())),
    )


Expected = Mapping[tuple[str, str], int]


def record(workspace: Workspace, file: File, lines: list[Line], *, moves: Expected | None = None) -> list[Event]:
    """Append to a kecamatan's file.

    Raises ChangedError where somebody else wrote into it, or moved its items, meanwhile.
    """
    return workspace.ledger.record(lines, at=workspace.now(), expect={(file.slug, ""): file.newest, **(moves or {})})


def last_moves(workspace: Workspace, tags: list[str]) -> Expected:
    """Return the newest move of each of `tags`, for `record` to expect."""
    return {(tag, Moved.VERB): workspace.ledger.last_of(tag, Moved.VERB) for tag in tags}


def row(item: Item) -> dict[str, Any]:
    """Return an item as papers and events carry it."""
    return asdict(item) | {"kind": str(item.kind)}


def registered(workspace: Workspace, items: list[Item]) -> list[str]:
    """Return which items the register does not know, or knows as another thing."""
    known = {e.subject: Registered.read(e.payload).item for e in workspace.ledger.latest(Registered.VERB)}
    wrong = []
    for item in items:
        body = known.get(item.asset_tag)
        if body is None:
            wrong.append(f"{item.asset_tag} is not registered: provision register FILE")
        elif body.serial != item.serial:
            wrong.append(f"{item.asset_tag}: serial {item.serial} in the kit, {body.serial} in the register")
    return wrong


def whereabouts(workspace: Workspace, tags: list[str]) -> dict[str, Moved]:
    """Return the newest move of each of `tags`, whatever its day."""
    return {tag: Moved.read(body) for tag, _, body in workspace.reader.held(NOW, NOW) if tag in tags}


def effective_day(workspace: Workspace, text: str, option: str, tags: list[str]) -> str:
    """Read the day on which something took effect: not in the future, and not before what is known of the items."""
    effective = custody.day(text, option)
    if effective > workspace.today():
        raise UsageError(f"{option}: {effective} is in the future", hint=f"today is {workspace.today()}")
    for tag, body in sorted(whereabouts(workspace, tags).items()):
        if effective < body.effective:
            what = "was received" if body.because == "registered" else f"came to {body.place}"
            raise UsageError(
                f"{option}: {effective} is before {tag} {what} ({body.effective})",
                hint="correct the day; an older delivery is registered with its day in the column received",
            )
    return effective


def needed(file: File, states: tuple[custody.State, ...], act: str) -> Handover:
    """Return the open loan where it is in one of `states`; raises ProvisionError with what is the case."""
    loan = file.open
    if loan is None:
        raise ProvisionError(
            f"nothing is lent to {file.kit.kecamatan.name}; there is nothing to {act}",
            where=file.slug,
            hint=f"provision handover {file.slug} --to NAME --nip NIP begins a loan",
        )
    if loan.state not in states:
        raise ProvisionError(
            f"the handover {loan.id} is {loan.state}; it cannot be {act}ed now"
            if act != "return"
            else f"the handover {loan.id} is {loan.state}; only what was signed can be returned",
            where=file.slug,
            hint=NEXT[loan.state].format(slug=file.slug),
        )
    return loan


NEXT = {
    custody.State.DRAFT: "provision handover {slug} makes its paper",
    custody.State.AWAITING: "provision handover {slug} --signed DATE, or --void REASON",
    custody.State.ACTIVE: "provision return {slug} --date DATE ends it",
    custody.State.OVERDUE: "provision return {slug} --date DATE ends it; an extension needs its own paper",
    custody.State.RETURNED: "provision handover {slug} --to NAME --nip NIP begins the next loan",
    custody.State.VOID: "provision handover {slug} --to NAME --nip NIP begins anew",
}
