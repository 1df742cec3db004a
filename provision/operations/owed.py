"""Which devices are owed a look, by custody and intent, though they cannot be compared with anything accepted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from provision.core import custody
from provision.core.device import Intended
from provision.core.model import ItemKind, Standing, Watched
from provision.home.workspace import Workspace
from provision.ledger.events import Accepted, Revoked
from provision.ledger.known import Known
from provision.ledger.lending_events import Moved
from provision.ledger.places import names_of, place_of

MANAGED = (ItemKind.MODEM, ItemKind.COMPUTER)
LAST_DAY, LAST_TIME = "9999-12-31", "9999"  # later than any day of effect, and any time of record


def not_comparable(workspace: Workspace, devices: Sequence[Intended], known: Mapping[str, Known]) -> dict[str, Watched]:
    """Return, by asset tag, how each device stands that is owed a look and has nothing accepted to compare with.

    Owed are those of `devices` that are lent or were provisioned before, and what is lent to a kecamatan of which every
    device is among `devices`, though no kit file names it. Each is UNKNOWN, with the reason and the next step.
    """
    lent = _lent(workspace)
    answers = workspace.last_answers()
    named = {one.tag: one for one in devices}
    owed = {
        tag: _why(tag, known, lent.get(tag, ""))
        for tag in named
        if not (tag in known and known[tag].accepted) and (tag in lent or _was_provisioned(known.get(tag)))
    }
    whole = _whole_kits(workspace, named)
    for tag, place in lent.items():
        if place in whole and tag not in workspace.home.intents and tag not in workspace.home.computers:
            owed[tag] = f"lent to {place}, and no kit file names it: provision replace {place}, or correct the file"
    return {
        t: Watched(device=t, state=Standing.UNKNOWN, seen_at=answers.get(t, ""), because=w) for t, w in owed.items()
    }


def _lent(workspace: Workspace) -> dict[str, str]:
    """Return the place (a kecamatan's slug) of each modem and computer that is not in the store, by asset tag."""
    moves = ((tag, Moved.read(body)) for tag, _, body in workspace.reader.held(LAST_DAY, LAST_TIME))
    slugs = names_of(workspace.home.kits.values())
    return {tag: place_of(move, slugs) for tag, move in moves if move.kind in MANAGED and move.place != custody.STORE}


def _whole_kits(workspace: Workspace, named: Mapping[str, Intended]) -> set[str]:
    """Return the slugs of the kecamatan of which every device is named."""
    kits: dict[str, set[str]] = {}
    every: list[Intended] = [*workspace.home.intents.values(), *workspace.home.computers.values()]
    for one in every:
        kits.setdefault(one.kit.kecamatan.slug, set()).add(one.tag)
    return {place for place, tags in kits.items() if tags <= named.keys()}


def _was_provisioned(known: Known | None) -> bool:
    """Return whether a device was accepted and not revoked since, whatever it is now."""
    if known is None:
        return False
    tag = known.device.tag
    return known.seen[tag, Accepted.VERB] > known.seen[tag, Revoked.VERB]


def _why(tag: str, known: Mapping[str, Known], place: str) -> str:
    lent = f"lent to {place}, but " if place else ""
    if tag in known:
        return f"{lent}enrolled and not provisioned since: provision apply {tag}"
    return f"{lent}not enrolled: provision enrol {tag} --address A"
