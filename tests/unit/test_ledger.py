"""Append-only and hash-chained: the first bad event is named, whatever was altered."""

from __future__ import annotations

import os
import random
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from ledgers import AT, closed_after, opened, still_whole_and_known
from sqlalchemy.exc import DatabaseError

from provision.core.errors import LedgerError
from provision.ledger import Ledger, connect, verify
from provision.ledger.glance import newest
from provision.ledger.lease import hold


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    one = connect(f"sqlite:///{tmp_path}/ledger.db", tmp_path / "ledger.head", "tester")
    one.extend([("v", f"s{n % 7}", {"n": n, "text": "ünïcode"}) for n in range(40)], at=AT)
    yield one
    one.close()


def tampered(ledger: Ledger, *statements: str) -> Ledger:
    """Alter the file behind the ledger's back, as somebody with the disk can."""
    ledger.close()
    path = ledger.engine.url.database
    connection = sqlite3.connect(path)
    triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for name, _ in triggers:
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        connection.execute(statement)
    for _, sql in triggers:
        connection.execute(sql)
    connection.commit()
    connection.close()
    return opened(f"sqlite:///{path}", ledger.head, "tester")


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    with closed_after():
        yield


def test_it_is_whole(ledger: Ledger) -> None:
    assert verify(ledger) == (40, None)


@pytest.mark.parametrize("statement", ["UPDATE event SET body = body", "DELETE FROM event WHERE number = 40"])
def test_update_and_delete_are_refused(ledger: Ledger, statement: str) -> None:
    with ledger.engine.connect() as connection, pytest.raises(DatabaseError, match="append-only"):
        connection.exec_driver_sql(statement)


@pytest.mark.parametrize(
    ("statement", "first_bad"),
    [
        ("UPDATE event SET body = replace(body, '\"n\":17', '\"n\":18') WHERE number = 18", 18),
        ("UPDATE event SET hash = zeroblob(32) WHERE number = 5", 5),
        ("DELETE FROM event WHERE number = 9", 9),
        ("DELETE FROM event WHERE number > 30", 31),
        ("DELETE FROM event", 1),
        ("UPDATE event SET number = number + 1000 WHERE number = 40", 40),
    ],
)
def test_the_first_bad_event_is_named(ledger: Ledger, statement: str, first_bad: int) -> None:
    again = tampered(ledger, statement)
    count, found = verify(again)
    assert found is not None
    assert (found.number, count) == (first_bad, first_bad - 1)
    again.close()


def test_a_chain_written_anew_is_found_by_the_head_outside(ledger: Ledger, tmp_path: Path) -> None:

    path = tmp_path / "ledger.db"
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT number, body FROM event ORDER BY number").fetchall()
    previous, statements = b"\0" * 32, []
    for number, body in rows:
        text = body.replace("ünïcode", "forged") if number == 12 else body
        previous = sha256(previous + text.encode()).digest()
        quoted = text.replace("'", "''")
        statements.append(f"UPDATE event SET body = '{quoted}', hash = x'{previous.hex()}' WHERE number = {number}")
    again = tampered(ledger, *statements)
    _, found = verify(again)
    assert found is not None
    assert "head outside" in found.because


def test_removed_triggers_are_found(ledger: Ledger, tmp_path: Path) -> None:
    ledger.close()
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        connection.execute("DROP TRIGGER event_no_delete")
    connection.close()
    _, found = verify(ledger)
    assert found is not None
    assert "triggers" in found.because


def test_any_flipped_byte_of_an_event_is_found(ledger: Ledger, tmp_path: Path) -> None:
    """Bytes of the file that belong to events: none can change unseen."""
    ledger.close()
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        bodies = [row[0] for row in connection.execute("SELECT body FROM event")]
    connection.close()
    whole = (tmp_path / "ledger.db").read_bytes()
    rng = random.Random(6403)
    for body in rng.sample(bodies, 12):
        at = whole.index(body.encode()) + rng.randrange(len(body.encode()))
        bent = bytearray(whole)
        bent[at] ^= 1 << rng.randrange(7)
        target = tmp_path / "bent.db"
        target.write_bytes(bytes(bent))
        again = opened(f"sqlite:///{target}", ledger.head, "tester")
        assert verify(again)[1] is not None, (at, body)
        again.close()


def test_the_head_may_lag_but_never_leads(ledger: Ledger) -> None:
    lagging = ledger.head.read_text()
    ledger.append("v", "s", {}, at=AT)
    ledger.head.write_text(lagging)
    assert verify(ledger) == (41, None)
    ledger.append("v", "s", {}, at=AT)
    assert ledger.head.read_text().startswith("42 ")


def test_many_writers_make_one_chain(ledger: Ledger, tmp_path: Path) -> None:
    def write(who: int) -> None:
        mine = connect(f"sqlite:///{tmp_path}/ledger.db", tmp_path / "ledger.head", f"writer{who}")
        for n in range(10):
            mine.append("v", f"w{who}", {"n": n}, at=AT)
        mine.close()

    threads = [threading.Thread(target=write, args=(who,)) for who in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verify(ledger) == (100, None)


def test_a_newer_ledger_is_refused(ledger: Ledger, tmp_path: Path) -> None:
    with ledger.engine.connect() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(LedgerError, match="newer version"):
        connect(f"sqlite:///{tmp_path}/ledger.db", tmp_path / "ledger.head", "tester")


def test_a_database_that_is_not_there_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(LedgerError) as caught:
        connect("postgresql://nobody:secret@127.0.0.1:1/none", tmp_path / "h", "t")
    assert "secret" not in f"{caught.value}{caught.value.where}{caught.value.hint}"
    assert caught.value.hint


def test_a_lease_is_held_once_and_ends_with_its_block(ledger: Ledger) -> None:
    with hold(ledger, ["a", "b"], "one", now=100) as refused:
        assert refused == {}
        with hold(ledger, ["b", "c"], "two", now=100) as again:
            assert list(again) == ["b"]
            assert "run one" in again["b"]
    with hold(ledger, ["b"], "three", now=100) as refused:
        assert refused == {}


def test_a_lease_of_a_dead_process_or_of_a_silent_machine_is_taken_over(ledger: Ledger) -> None:
    with ledger.writing() as connection:
        connection.exec_driver_sql(
            "INSERT INTO lease VALUES ('a', 'old', ?, 999999, 1, 100), ('b', 'far', 'elsewhere', 1, 1, 100)",
            (os.uname().nodename,),
        )
    with hold(ledger, ["a", "b"], "new", now=200) as refused:
        assert list(refused) == ["b"]
    with hold(ledger, ["b"], "new", now=2000) as refused:
        assert refused == {}


def test_a_glance_gives_what_the_ledger_gives(ledger: Ledger, tmp_path: Path) -> None:
    seen = newest(tmp_path / "ledger.db", "v")
    assert seen == ledger.payloads("v")
    assert len(seen) == 7


@pytest.mark.parametrize("statement", ["UPDATE alembic_version SET version_num = '9999'", "DROP VIEW latest"])
def test_what_a_glance_cannot_read_is_left_to_the_ledger(ledger: Ledger, tmp_path: Path, statement: str) -> None:
    with ledger.engine.begin() as connection:
        connection.exec_driver_sql(statement)
    assert newest(tmp_path / "ledger.db", "v") is None
    assert newest(tmp_path / "none.db", "v") is None
    (tmp_path / "bent.db").write_bytes(b"no database at all, but a file of some length")
    assert newest(tmp_path / "bent.db", "v") is None


def test_a_ledger_of_the_first_program_is_brought_up_to_date_whole(tmp_path: Path) -> None:
    still_whole_and_known(f"sqlite:///{tmp_path}/ledger.db", tmp_path / "head")
