"""Which item is where, held by whom, since when, by which act: on any day, as the register said at any time."""

from __future__ import annotations

from dataclasses import dataclass

from provision.core import custody
from provision.core.errors import UsageError
from provision.home.workspace import Workspace
from provision.ledger.lending_events import Moved


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """One item on one day; `place` is a kecamatan's slug or the store, `loan` is empty in the store."""

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
    """Return the holding of each item (of kecamatan or tags in `names`, or of all) on day `effective`.

    `recorded` is a day: what was written later is left out. Raises UsageError where a name is nobody's
    or nothing was registered by then.
    """
    on = custody.day(effective, "--as-of") if effective else "9999-12-31"
    known = custody.day(recorded, "--recorded-by") + "T99" if recorded else "9999"
    moves = workspace.reader.held(on, known)
    if not moves:
        raise UsageError(
            f"nothing was registered by {on}" if effective or recorded else "nothing is registered",
            hint="choose a later day, or register the delivery list: provision register FILE",
        )
    found = [
        Holding(
            item=tag,
            kind=moved.kind,
            model=moved.model,
            serial=moved.serial,
            place=moved.place,
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
