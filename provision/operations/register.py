"""A delivery list, as an office keeps it, into the ledger: every item once, or no item at all."""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from provision.core import custody
from provision.core.errors import Fault, IntentError, UsageError
from provision.core.model import Item, ItemKind
from provision.home.intent.schema import KitItem
from provision.home.workspace import Workspace
from provision.ledger.act import Line
from provision.ledger.events import Registered
from provision.ledger.lending_events import Move

COLUMNS = {
    "asset_tag": ("asset_tag", "kode aset", "nomor aset", "tag"),
    "kind": ("kind", "jenis", "jenis barang", "nama barang"),
    "brand": ("brand", "merek", "merk"),
    "model": ("model", "tipe", "type"),
    "serial": ("serial", "nomor seri", "no seri", "no. seri", "s/n"),
    "kode_barang": ("kode_barang", "kode barang"),
    "condition": ("condition", "kondisi"),
    "year": ("year", "tahun", "tahun perolehan"),
    "value_idr": ("value_idr", "nilai", "nilai (rp)", "harga"),
    "nibar": ("nibar", "register"),
    "mac": ("mac", "mac address", "alamat mac"),
    "imei": ("imei",),
    "kecamatan": ("kecamatan", "untuk kecamatan"),
    "received": ("received", "tanggal terima", "diterima"),
}
KINDS = {
    "computer": ("computer", "komputer", "pc", "p.c unit", "laptop"),
    "speaker": ("speaker", "pengeras suara"),
    "webcam": ("webcam", "kamera web", "kamera"),
    "microphone": ("microphone", "mikrofon", "mikropon", "mic"),
    "modem": ("modem", "modem lte", "router lte"),
}
CONDITIONS = {
    "b": "baik",
    "baik": "baik",
    "kb": "rusak_ringan",
    "rr": "rusak_ringan",
    "kurang baik": "rusak_ringan",
    "rusak ringan": "rusak_ringan",
    "rb": "rusak_berat",
    "rusak berat": "rusak_berat",
}
NEEDED = ("asset_tag", "kind", "brand", "model", "serial", "kode_barang", "condition", "year", "value_idr")
Row = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What a delivery list brought.

    Counts of items, those in no kit (spare), and those of kits that are still missing.
    """

    read: int
    registered: int
    known: int
    spare: tuple[str, ...]
    missing: tuple[str, ...]


def register(workspace: Workspace, path: Path) -> Registration:
    """Take the delivery list at `path` (CSV or XLSX) into the ledger.

    Raises IntentError with every faulty row; then nothing is recorded. Gives the counts and what
    the list and the kits do not agree on.
    """
    rows = read_sheet(path)
    items, faults = _items(rows, path.name)
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
    """Return the two events of a new item: what it is, and that the office's store holds it since it was received."""
    move = Move(place=custody.STORE, holder="Pengurus Barang", effective=item.received or today, because="registered")
    return [
        (item.asset_tag, Registered(item=item, kecamatan=place, source=source)),
        (item.asset_tag, move.of(item)),
    ]


def read_sheet(path: Path) -> dict[int, Row]:
    """Read a CSV (comma or semicolon, UTF-8) or the first sheet of an XLSX: line -> row by our names."""
    try:
        lines = _xlsx(path) if path.suffix.lower() == ".xlsx" else _csv(path)
    except FileNotFoundError:
        raise IntentError(
            [Fault(where=str(path), what="no such file", hint="give the path of the delivery list")]
        ) from None
    except OSError as error:
        raise IntentError([Fault(where=str(path), what=error.strerror or str(error), hint="check the file")]) from None
    header: dict[int, str] = {}
    found: dict[int, Row] = {}
    for number, cells in enumerate(lines, 1):
        if not any(cells):
            continue
        if not header:
            header = _header(cells)
            continue
        found[number] = {name: cells[at].strip() for at, name in header.items() if at < len(cells)}
    missing = [n for n in NEEDED if n not in header.values()]
    if missing:
        names = ", ".join(f"{n} ({COLUMNS[n][1] if len(COLUMNS[n]) > 1 else n})" for n in missing)
        raise IntentError(
            [
                Fault(
                    where=f"{path.name}:1", what=f"columns are missing: {names}", hint="the first row names the columns"
                )
            ]
        )
    return found


def _header(cells: list[str]) -> dict[int, str]:
    names = {alias: name for name, aliases in COLUMNS.items() for alias in aliases}
    return {at: names[key] for at, cell in enumerate(cells) if (key := " ".join(cell.lower().split())) in names}


def _csv(path: Path) -> Iterable[list[str]]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise IntentError(
            [Fault(where=f"{path.name}:{line}", what="not UTF-8 text", hint="save it as CSV UTF-8, or give the XLSX")]
        ) from None
    first = text.partition("\n")[0]
    return list(csv.reader(io.StringIO(text), delimiter=";" if first.count(";") > first.count(",") else ","))


def _xlsx(path: Path) -> Iterable[list[str]]:
    from zipfile import BadZipFile

    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (BadZipFile, InvalidFileException, KeyError, ValueError):
        raise IntentError(
            [Fault(where=path.name, what="not an XLSX file, or damaged", hint="open and save it again, or export CSV")]
        ) from None
    sheet = book.worksheets[0]
    lines = [["" if v is None else str(v) for v in row] for row in sheet.iter_rows(values_only=True)]
    book.close()
    return lines


def _items(rows: Mapping[int, Row], name: str) -> tuple[dict[int, tuple[Item, str]], list[Fault]]:
    items: dict[int, tuple[Item, str]] = {}
    faults: list[Fault] = []
    seen: dict[tuple[str, str], int] = {}
    for line, row in rows.items():
        cells = _tidy(row)
        place = cells.pop("kecamatan", "")
        try:
            item = Item(**KitItem.model_validate(cells).model_dump())
        except ValidationError as error:
            faults += [
                Fault(
                    where=f"{name}:{line}",
                    what=f"{'.'.join(map(str, e['loc']))}: {e['msg'].removeprefix('Value error, ')}",
                    hint="correct this row",
                )
                for e in error.errors()
            ]
            continue
        for field in ("asset_tag", "serial", "mac", "imei", "nibar"):
            value = str(getattr(item, field)).lower()
            if value and (first := seen.setdefault((field, value), line)) != line:
                faults.append(
                    Fault(
                        where=f"{name}:{line}",
                        what=f"{field} {getattr(item, field)} stands twice",
                        hint=f"also in row {first}",
                    )
                )
        items[line] = (item, place)
    return items, faults


def _tidy(row: Row) -> dict[str, str]:
    """Read a cell as a person means it: kinds in words, rupiah with dots, a number as text."""
    cells = {k: v for k, v in row.items() if v}
    kind = cells.get("kind", "").lower()
    cells["kind"] = next((k for k, names in KINDS.items() if kind in names), kind)
    cells["condition"] = CONDITIONS.get(cells.get("condition", "").lower(), cells.get("condition", "").lower())
    if "value_idr" in cells:
        cells["value_idr"] = re.sub(r"(?i)^rp\.?\s*|[.\s]|,00$|,-$", "", cells["value_idr"]) or "?"
    if "received" in cells:
        with contextlib.suppress(UsageError):  # the item's own shape refuses it, with its row
            cells["received"] = custody.day(cells["received"].removesuffix(" 00:00:00"), "received")
    for field in ("imei", "year", "value_idr"):
        if field in cells and re.fullmatch(r"\d+\.0", cells[field]):
            cells[field] = cells[field][:-2]
    return cells


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
    """An item that is known already must be the same one; a known serial may have no second tag."""
    faults = []
    known = {e.subject: Registered.read(e.payload).item for e in workspace.ledger.latest(Registered.VERB)}
    owners = {str(p.serial).lower(): tag for tag, p in known.items()}
    for line, (item, _) in items.items():
        was = known.get(item.asset_tag)
        if was and was.serial != item.serial:
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
