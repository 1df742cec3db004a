"""A delivery list as an office keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from provision.core.errors import IntentError
from provision.home.starter import make
from provision.home.workspace import Workspace
from provision.operations.register import register


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    monkeypatch.setenv("PROVISION_ACTOR", "tester")
    one = Workspace(make(tmp_path / "home", lab=True))
    yield one
    one.ledger.close()


@pytest.fixture
def listed(workspace: Workspace) -> Path:
    return workspace.place.inventory / "delivery.csv"


def faults(workspace: Workspace, path: Path) -> dict[str, str]:
    with pytest.raises(IntentError) as caught:
        register(workspace, path)
    assert workspace.ledger.events("item.registered") == []
    return {f.where: f.what for f in caught.value.faults}


def refusals(workspace: Workspace, path: Path) -> list[str]:
    """What stands against a list that is taken again; nothing where it is taken."""
    try:
        register(workspace, path)
    except IntentError as error:
        return [f.what for f in error.faults]
    return []


def test_65_items_once_and_a_second_time_nothing(workspace: Workspace, listed: Path) -> None:
    assert register(workspace, listed).registered == 65
    again = register(workspace, listed)
    assert (again.registered, again.known) == (0, 65)
    assert again.spare == ("BRU-CAM-14", "BRU-MDM-14", "BRU-MIC-14", "BRU-PC-14", "BRU-SPK-14")
    assert again.missing == ()
    assert {e.actor for e in workspace.ledger.events("item.registered")} == {"tester"}


def test_a_serial_in_other_letters_is_the_same_item_and_another_one_is_refused(
    workspace: Workspace, listed: Path
) -> None:
    register(workspace, listed)
    lines = listed.read_text().splitlines()
    at = next(n for n, line in enumerate(lines) if ",BRU-PC-01," in line)
    serial = lines[at].split(",")[5]
    assert serial != serial.lower(), lines[at]
    listed.write_text("\n".join([*lines[:at], lines[at].replace(serial, serial.lower()), *lines[at + 1 :]]) + "\n")
    assert refusals(workspace, listed) == []
    listed.write_text("\n".join([*lines[:at], lines[at].replace(serial, "OTHER"), *lines[at + 1 :]]) + "\n")
    assert f"BRU-PC-01 is registered with serial {serial}" in refusals(workspace, listed)


def test_an_xlsx_with_numbers_as_excel_keeps_them(workspace: Workspace, listed: Path, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for line in listed.read_text().splitlines():
        cells = [int(c) if c.isdigit() and len(c) < 8 else c for c in line.split(",")]
        book.active.append(cells)
    book.save(tmp_path / "list.xlsx")
    book.close()
    assert register(workspace, tmp_path / "list.xlsx").registered == 65


def test_a_semicolon_list_from_an_indonesian_excel(workspace: Workspace, listed: Path, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("\ufeff" + listed.read_text().replace(",", ";"), encoding="utf-8")
    assert register(workspace, path).registered == 65


def test_duplicates_are_refused_by_row_and_nothing_is_recorded(workspace: Workspace, listed: Path) -> None:
    lines = listed.read_text().splitlines()
    lines.append(lines[3])
    listed.write_text("\n".join(lines) + "\n")
    found = faults(workspace, listed)
    assert set(found) == {f"delivery.csv:{len(lines)}"}


def test_every_bad_cell_is_named_by_row(workspace: Workspace, listed: Path) -> None:
    lines = listed.read_text().splitlines()
    lines[2] = lines[2].replace("2026", "soon")
    lines[5] = lines[5].replace("Komputer", "Kompor")
    listed.write_text("\n".join(lines) + "\n")
    found = faults(workspace, listed)
    assert "year" in found["delivery.csv:3"]
    assert "kind" in found["delivery.csv:6"]


def test_a_serial_that_the_kit_knows_otherwise(workspace: Workspace, listed: Path) -> None:
    text = listed.read_text()
    serial = next(line for line in text.splitlines() if "BRU-MDM-01" in line).split(",")[5]
    listed.write_text(text.replace(serial, "OTHER1"))
    (found,) = faults(workspace, listed).values()
    assert "the kit of Kelay says" in found


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a,b\n1,2\n", "columns are missing"),
        (b"Kode Aset,Jenis\n\xff,x\n", "not UTF-8"),
    ],
)
def test_a_file_that_is_no_list(workspace: Workspace, tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    (found,) = faults(workspace, path).values()
    assert words in found


def test_a_damaged_workbook_and_a_missing_file(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    path.write_bytes(b"PK\x03\x04 not really")
    assert "not an XLSX file" in next(iter(faults(workspace, path).values()))
    assert "no such file" in next(iter(faults(workspace, tmp_path / "none.csv").values()))
