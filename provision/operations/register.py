"""A delivery list, as an office keeps it, into the ledger: every item once, or no item at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from provision.core import custody, identity
from provision.core.errors import Fault, IntentError
from provision.core.model import Item, ItemKind
from provision.home.delivery import items_of, read_sheet
from provision.home.workspace import Workspace
from provision.ledger.act import Line
from provision.ledger.events import Registered
from provision.ledger.lending_events import Move


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """The result of taking in a delivery list: how many items were read, newly registered, and known before.

    `spare` are the tags of registered items that are in no kit, `missing` those of kits that are not registered.
    """

    read: int
    registered: int
    known: int
    spare: tuple[str, ...]
    missing: tuple[str, ...]


def register(workspace: Workspace, path: Path) -> Registration:
    """Record the new items of the delivery list at `path` (CSV or XLSX), and return counts, spare and missing tags.

    Items that are registered already are not recorded again. Raises IntentError with every faulty row; then nothing is
    recorded.
    """
    rows = read_sheet(path)
    items, faults = items_of(rows, path.name)
    faults += _against_kits(workspace, items, path.name) + _against_ledger(workspace, items, path.name)
    if faults:
        raise IntentError(sorted(faults, key=lambda f: int(f.where.rpartition(":")[2])))
    known = {e.subject for e in workspace.ledger.latest(Registered.VERB)}
    new = {line: (item, place) for line, (item, place) in items.items() if item.asset_tag not in known}
    recorded = workspace.ledger.record(
        [line for item, place in new.values() for line in _lines(item, place, path.name, workspace.today())],
        at=workspace.now(),
        once=True,
    )
    tags = {item.asset_tag for item, _ in items.values()} | known
    wanted = {i.asset_tag for kit in workspace.home.kits.values() for i in kit.items}
    count = len(recorded) // 2
    return Registration(
        read=len(items),
        registered=count,
        known=len(items) - count,
        spare=tuple(sorted(tags - wanted)),
        missing=tuple(sorted(wanted - tags)),
    )


def _lines(item: Item, place: str, source: str, today: str) -> list[Line]:
    """Return the two events of a new item: what it is, and that the office's store holds it.

    The store holds it since the day it was received, or since `today` if that day is unknown.
    """
    move = Move(place=custody.STORE, holder="Pengurus Barang", effective=item.received or today, because="registered")
    return [
        (item.asset_tag, Registered(item=item, kecamatan=place, source=source)),
        (item.asset_tag, move.of(item)),
    ]


def _against_kits(workspace: Workspace, items: Mapping[int, tuple[Item, str]], name: str) -> list[Fault]:
    wanted = {i.asset_tag: (i, kit.kecamatan) for kit in workspace.home.kits.values() for i in kit.items}
    faults = []
    for line, (item, place) in items.items():
        if place and workspace.home.kit(place) is None:
            faults.append(
                Fault(where=f"{name}:{line}", what=f"no such kecamatan: {place}", hint="see inventory/kecamatan.yml")
            )
        if item.asset_tag not in wanted:
            if (
                item.kind is ItemKind.MODEM
                and place
                and (kit := workspace.home.kit(place))
                and not kit.kecamatan.has_modem
            ):
                faults.append(
                    Fault(
                        where=f"{name}:{line}",
                        what=f"{place} gets no modem",
                        hint="leave the kecamatan empty for a spare",
                    )
                )
            continue
        intended, home = wanted[item.asset_tag]
        for field in ("kind", "serial", "mac", "imei"):
            said, meant = str(getattr(item, field)), str(getattr(intended, field))
            if said.lower() != meant.lower():
                faults.append(
                    Fault(
                        where=f"{name}:{line}",
                        what=f"{item.asset_tag}: {field} {said or 'empty'}, the kit of {home.name} says {meant}",
                        hint="read the label; correct the list or the kit",
                    )
                )
    return faults


def _against_ledger(workspace: Workspace, items: Mapping[int, tuple[Item, str]], name: str) -> list[Fault]:
    """Return a fault for each tag that is registered with another serial, and for each serial under another tag."""
    faults = []
    known = {e.subject: Registered.read(e.payload).item for e in workspace.ledger.latest(Registered.VERB)}
    owners = {str(p.serial).lower(): tag for tag, p in known.items()}
    for line, (item, _) in items.items():
        was = known.get(item.asset_tag)
        if was and not identity.same("serial", was.serial, item.serial):
            faults.append(
                Fault(
                    where=f"{name}:{line}",
                    what=f"{item.asset_tag} is registered with serial {was.serial}",
                    hint="a tag is never used again: give the new item a new tag",
                )
            )
        owner = owners.get(item.serial.lower())
        if owner and owner != item.asset_tag:
            faults.append(
                Fault(
                    where=f"{name}:{line}",
                    what=f"serial {item.serial} is registered as {owner}",
                    hint="the same item twice?",
                )
            )
    return faults
