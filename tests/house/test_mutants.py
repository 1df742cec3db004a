"""The list of mended faults: each can be put back, and five of them, drawn by the commit's hash, are."""

from __future__ import annotations

import proves
import pytest

ROWS = proves.rows()


def test_every_fault_can_be_put_back() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)
    wrong = {row.name: n for row in ROWS if (n := (proves.ROOT / row.file).read_text().count(row.text)) != 1}
    assert wrong == {}, "each text stands exactly once in its file; if the code was changed, change the row"
    assert [row.name for row in ROWS if row.text == row.instead or not row.fault] == []


def test_every_test_of_the_list_is_there() -> None:
    for row in ROWS:
        path, _, name = row.test.partition("::")
        bare = name.rpartition("::")[2].partition("[")[0]
        assert f"def {bare}(" in (proves.ROOT / path).read_text(), row.test


@pytest.mark.parametrize("name", proves.DECIDES)
def test_what_decides_has_rows_of_its_own(name: str) -> None:
    own = [row for row in ROWS if row.file == f"provision/{name}.py"]
    assert len(own) >= FEWER.get(name, 5)


FEWER = {
    "operations/resume": 3,
    "operations/enrol": 3,
    "operations/adopt": 4,
    "devices/radio/look": 3,
}  # short: they have no more decisions


QUICK = [row for row in ROWS if not row.test.startswith("tests/lab/")]  # a lab of their own takes those half a minute


@pytest.mark.parametrize("row", proves.drawn(QUICK, 5), ids=lambda row: row.name)
def test_a_row_drawn_by_the_hash_of_the_commit_is_proven(row: proves.Row) -> None:
    assert proves.prove(row) == ""
