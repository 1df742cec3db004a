"""Read a delivery list as an office keeps it (CSV or XLSX): its items, and every fault with its row."""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from provision.core import custody
from provision.core.budget import LIST_COLUMNS, LIST_ROWS, UNPACKED_BYTES
from provision.core.errors import Fault, IntentError, UsageError
from provision.core.model import Item
from provision.home.intent.schema import KitItem
from provision.local.reading import within

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
T = TypeVar("T")
Row = dict[str, str]


def read_sheet(path: Path) -> dict[int, Row]:
    """Return the rows of a CSV (comma or semicolon, UTF-8) or of the first sheet of an XLSX, by row number.

    A row holds stripped text by the names of COLUMNS; empty rows and unknown columns are left out. Raises IntentError
    if the file cannot be read, or a column of NEEDED is missing.
    """
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
    raw = within(path)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise IntentError(
            [Fault(where=f"{path.name}:{line}", what="not UTF-8 text", hint="save it as CSV UTF-8, or give the XLSX")]
        ) from None
    first = text.partition("\n")[0]
    lines = csv.reader(io.StringIO(text), delimiter=";" if first.count(";") > first.count(",") else ",")
    try:
        return list(_bounded(path, lines))
    except csv.Error as error:  # a cell of more than 128 KB, or a NUL
        raise _damaged(path, f"not a CSV file: {error}") from None


def _bounded(path: Path, lines: Iterable[Sequence[T]]) -> Iterator[list[T]]:
    """Yield the lines of a list. Raises IntentError for one with too many, or for a line of too many cells."""
    for number, line in enumerate(lines, 1):
        if number > LIST_ROWS or len(line) > LIST_COLUMNS:
            raise _damaged(path, f"more than {LIST_ROWS} rows or {LIST_COLUMNS} columns are no delivery list", number)
        yield list(line)


def _damaged(path: Path, what: str, line: int = 0) -> IntentError:
    where = f"{path.name}:{line}" if line else path.name
    return IntentError([Fault(where=where, what=what, hint="open and save it again, or export CSV")])


def _xlsx(path: Path) -> Iterable[list[str]]:
    from zipfile import BadZipFile, ZipFile
    from zlib import error as ZlibError  # noqa: N812 (it is a class)

    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    raw = within(path)
    try:
        with ZipFile(io.BytesIO(raw)) as parts:
            if sum(part.file_size for part in parts.infolist()) > UNPACKED_BYTES:
                raise _damaged(path, f"it unpacks to more than {UNPACKED_BYTES // 1_000_000} MB")
        book = load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # its own word about its size is not believed
        rows = map(_filled, sheet.iter_rows(values_only=True, max_col=LIST_COLUMNS + 1))
        lines = [["" if v is None else str(v) for v in row] for row in _bounded(path, rows)]
        book.close()
    except (BadZipFile, InvalidFileException, ZlibError, KeyError, ValueError, IndexError, SyntaxError, EOFError):
        raise _damaged(path, "not an XLSX file, or damaged") from None
    return lines


def _filled(row: Sequence[Any]) -> Sequence[Any]:
    """Return a row without the empty cells at its end."""
    last = max((n for n, value in enumerate(row, 1) if value is not None), default=0)
    return row[:last]


def _tidy(row: Row) -> dict[str, str]:
    """Return the filled cells of a row as KitItem takes them; kind and condition are always there, perhaps empty.

    Known words for kind and condition become the terms of KitItem, others lower case; rupiah lose `Rp`, dots and `,00`;
    `received` becomes ISO 8601 if it is a day; an IMEI or year loses a final `.0`.
    """
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


def items_of(rows: Mapping[int, Row], name: str) -> tuple[dict[int, tuple[Item, str]], list[Fault]]:
    """Return the valid items with their kecamatan (empty if none is given), by row, and every fault.

    Faults are wrong fields, and a tag, serial, MAC, IMEI or NIBAR that an earlier row has, too; an item with such a
    repetition is still returned. `name` is the file's, for the faults.
    """
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
