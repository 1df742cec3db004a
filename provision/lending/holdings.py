"""Custody: where each item is, who holds it, since when and why, on any day, as known at any day."""

from __future__ import annotations

from dataclasses import dataclass

from provision.core import custody
from provision.core.errors import UsageError
from provision.home.workspace import Workspace
from provision.ledger.lending_events import Moved
from provision.ledger.places import names_of, place_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """Where one item is on a day, and who holds it there, as its last move says.

    `place` is a kecamatan's slug or the store, `loan` the id of the loan by which it moved there, or empty.
    """

    item: str
    kind: str
    model: str
    serial: str
    place: str
    holder: str
    since: str
    because: str
    loan: str
    condition: str


def custody_of(workspace: Workspace, names: list[str], *, effective: str = "", recorded: str = "") -> list[Holding]:
    """Return the holding of each item on day `effective` (empty: after every move), the store's items last.

    `names` are kecamatan, asset tags or the store (none: all items); moves recorded after the day `recorded` are left
    out. Raises UsageError if nothing was registered by then, or if a name is neither a kecamatan nor an item or place
    found.
    """
    on = custody.day(effective, "--as-of") if effective else "9999-12-31"
    known = custody.day(recorded, "--recorded-by") + "T99" if recorded else "9999"
    moves = workspace.reader.held(on, known)
    if not moves:
        raise UsageError(
            f"nothing was registered by {on}" if effective or recorded else "nothing is registered",
            hint="choose a later day, or register the delivery list: provision register FILE",
        )
    slugs = names_of(workspace.home.kits.values())
    found = [
        Holding(
            item=tag,
            kind=moved.kind,
            model=moved.model,
            serial=moved.serial,
            place=place_of(moved, slugs),
            holder=moved.holder,
            since=moved.effective,
            because=moved.because,
            loan=moved.loan,
            condition=moved.condition,
        )
        for tag, _, body in moves
        for moved in (Moved.read(body),)
    ]
    return sorted(_only(workspace, found, names), key=lambda h: (h.place == custody.STORE, h.place, h.item))


def _only(workspace: Workspace, holdings: list[Holding], names: list[str]) -> list[Holding]:
    if not names:
        return holdings
    wanted: list[Holding] = []
    for name in names:
        kit = workspace.home.kit(name)
        place = kit.kecamatan.slug if kit else name.lower()
        some = [h for h in holdings if h.item == name.upper() or h.place == place]
        if not some and kit is None:
            raise UsageError(f"no item and no place: {name}", hint="an asset tag, a kecamatan, or gudang")
        wanted += some
    return list(dict.fromkeys(wanted))
