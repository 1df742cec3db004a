"""The loans of a kecamatan as the ledger has them, and writing to them only if nothing newer was recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from difflib import get_close_matches
from typing import Any

from provision.core import custody
from provision.core.custody import Handover, Waiver
from provision.core.errors import ProvisionError, UsageError
from provision.core.model import Event, Item, Kit, slug
from provision.home.held import VERBS, Held
from provision.home.workspace import Workspace
from provision.ledger import handovers, places
from provision.ledger.act import Line
from provision.ledger.events import Registered
from provision.ledger.lending_events import Moved

Numbers = dict[tuple[str, str], int]  # of the newest event, by (subject, verb)
Expected = Mapping[tuple[str, str], int]
Revoking = tuple[Held, list[Line]]  # the devices that are revoked, held, and their events
NOW = "9999"  # later than any time that is recorded


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """All that is on record for one kecamatan: its kit, events and loans, and the waivers that hold today.

    `subjects` are those of its events: its code, and the slugs by which older releases called it.
    """

    kit: Kit
    subjects: tuple[str, ...]
    events: tuple[Event, ...]
    loans: tuple[Handover, ...]
    waivers: tuple[Waiver, ...]

    @property
    def slug(self) -> str:
        """The kecamatan's slug: its name in commands and files."""
        return self.kit.kecamatan.slug

    @property
    def subject(self) -> str:
        """The subject of its new events: the code, which a new name does not change."""
        return self.kit.kecamatan.code

    @property
    def open(self) -> Handover | None:
        """The newest loan that is neither returned nor void, or None."""
        return custody.newest(self.loans)

    @property
    def seen(self) -> Expected:
        """The number of the newest event of each of its subjects, 0 for none, as `record` expects it."""
        newest = {e.subject: e.number for e in self.events}
        return {(subject, ""): newest.get(subject, 0) for subject in self.subjects}


def read(workspace: Workspace, name: str) -> File:
    """Return the kit, events, loans and waivers of one kecamatan (any spelling of its name), as of today.

    Raises UsageError if there is no such kecamatan.
    """
    kit = workspace.home.kit(name)
    if kit is None:
        near = get_close_matches(slug(name), workspace.home.kits, n=1)
        raise UsageError(
            f"no such kecamatan: {name}", hint=f"did you mean {near[0]}?" if near else ", ".join(workspace.home.kits)
        )
    subjects = places.subjects(workspace.latest, kit.kecamatan)
    events = tuple(workspace.ledger.history(*subjects))
    return File(
        kit=kit,
        subjects=subjects,
        events=events,
        loans=tuple(handovers.handovers(kit.kecamatan.slug, events, workspace.today())),
        waivers=tuple(handovers.waivers(events, workspace.today())),
    )


def record(
    workspace: Workspace,
    file: File,
    lines: list[Line],
    *,
    moves: Expected | None = None,
    revoking: Revoking | None = None,
) -> list[Event]:
    """Append `lines` to the ledger for one kecamatan, then the revocations of `revoking`, and return the events.

    Raises ChangedError, with nothing written, if another event of the kecamatan was recorded since `file` was read, or
    if one of the items in `moves` (see `last_moves`) has moved since, or the state of a device changed (see `states`).
    """
    expect = {**file.seen, **(moves or {})}
    if revoking is not None:
        held, revoked = revoking
        return held.record(revoked, beside=lines, expect=expect)
    return workspace.ledger.record(lines, at=workspace.now(), expect=expect)


def last_moves(workspace: Workspace, tags: list[str]) -> Numbers:
    """Return the event number of the newest move of each of `tags` (0 if none), by (tag, verb).

    `record` takes it as `moves`.
    """
    return {(tag, Moved.VERB): workspace.ledger.last_of(tag, Moved.VERB) for tag in tags}


def states(workspace: Workspace, tags: list[str]) -> Numbers:
    """Return the event number of the newest change of the state of each device of `tags` (0 if none), by (tag, verb).

    `record` takes it beside `moves`, so that what was read of these devices afterwards is still true.
    """
    return dict.fromkeys(((tag, verb) for tag in tags for verb in VERBS), 0) | workspace.ledger.newest_of(tags, VERBS)


def row(item: Item) -> dict[str, Any]:
    """Return an item's fields as a dict, its kind as text, as papers and events keep it."""
    return asdict(item) | {"kind": str(item.kind)}


def registered(workspace: Workspace, items: list[Item]) -> list[str]:
    """Return a message for each item that is not registered, or is registered with another serial number."""
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
    """Return the move with the latest effective day of each of `tags`, by asset tag.

    Its place is called as today. A tag that has no move is left out.
    """
    slugs = places.names_of(workspace.home.kits.values())
    moves = ((tag, Moved.read(body)) for tag, _, body in workspace.reader.held(NOW, NOW) if tag in tags)
    return {tag: replace(move, place=places.place_of(move, slugs)) for tag, move in moves}


def effective_day(workspace: Workspace, text: str, option: str, tags: list[str]) -> str:
    """Return the day on which something took effect, as YYYY-MM-DD, read from the text of an option.

    Raises UsageError if it is not a day, is in the future, or is before the last move of one of `tags`.
    """
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
    """Return the open loan of a kecamatan, which has to be in one of `states`.

    Raises ProvisionError if no loan is open or it is in another state; `act` is the verb in the message.
    """
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
