"""Append-only and hash-chained: the first bad event is named, whatever was altered."""

from __future__ import annotations

import random
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from ledgers import AT, closed_after, opened, still_whole_and_known
from sqlalchemy.exc import DatabaseError

from provision.core.errors import LedgerError, UsageError
from provision.ledger import Ledger, connect, verify
from provision.ledger.chain import witness
from provision.ledger.glance import newest
from provision.ledger.office_events import HeadTrusted


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
    _, found = verify(forged(ledger, tmp_path))
    assert found is not None
    assert "head outside" in found.because


def forged(ledger: Ledger, tmp_path: Path) -> Ledger:
    """The ledger with event 12 altered and every hash after it made anew."""
    path = tmp_path / "ledger.db"
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT number, body FROM event ORDER BY number").fetchall()
    previous, statements = b"\0" * 32, []
    for number, body in rows:
        text = body.replace("ünïcode", "forged") if number == 12 else body
        previous = sha256(previous + text.encode()).digest()
        quoted = text.replace("'", "''")
        statements.append(f"UPDATE event SET body = '{quoted}', hash = x'{previous.hex()}' WHERE number = {number}")
    return tampered(ledger, *statements)


def cut(ledger: Ledger, _: Path) -> Ledger:
    return tampered(ledger, "DELETE FROM event WHERE number > 37")


def without_head(ledger: Ledger, _: Path) -> Ledger:
    ledger.head.unlink()
    return ledger


def with_head(text: bytes) -> Callable[[Ledger, Path], Ledger]:
    def spoil(ledger: Ledger, _: Path) -> Ledger:
        ledger.head.write_bytes(text)
        return ledger

    return spoil


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (forged, "event 40 is not the one that the head outside the database names"),
        (cut, "the tail is cut: the head outside the database is event 40"),
        (without_head, "the head outside the database is missing"),
        *((with_head(text), "is not a number and a hash") for text in (
            b"x y\n", b"", b"40", b"-1 " + b"a" * 64, b"40 " + b"g" * 64, b"9" * 5000 + b" " + b"a" * 64, b"\xff\xfe\x00", b"0 " + b"1" * 64,
            "٤٠ ".encode() + b"a" * 64, b"40 " + b"a" * 63,
        )),
        (with_head(b"40 " + b"a" * 64), "event 40 is not the one"),
        (with_head(b"41 " + b"a" * 64), "the tail is cut"),
    ],
)  # fmt: skip
def test_a_ledger_that_does_not_fit_its_head_stays_red_until_a_person_trusts_it(
    ledger: Ledger, tmp_path: Path, spoil: Callable[[Ledger, Path], Ledger], why: str
) -> None:
    again = spoil(ledger, tmp_path)
    kept = again.head.read_bytes() if again.head.exists() else None
    for _ in range(2):
        found = verify(again)[1]
        assert found is not None
        assert why in found.because
        assert found.of_head
        with pytest.raises(LedgerError, match="these are not the events that were recorded here") as caught:
            again.append("training.held", "s", {}, at=AT)
        assert "trust-head" in caught.value.hint
        assert (again.head.read_bytes() if again.head.exists() else None) == kept
    number, because = again.trust(lambda because: HeadTrusted(because=because, reason="a new disk"), at=AT)
    assert why in because
    assert again.history("ledger")[-1].payload == {"because": because, "reason": "a new disk"}
    assert verify(again) == (number, None)
    again.append("v", "s", {}, at=AT)
    assert verify(again) == (number + 1, None)


def test_a_sound_head_needs_no_trust(ledger: Ledger) -> None:
    with pytest.raises(UsageError, match="nothing to trust") as caught:
        ledger.trust(lambda because: HeadTrusted(because=because, reason="r"), at=AT)
    assert caught.value.hint
    assert verify(ledger) == (40, None)


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("DROP VIEW latest; CREATE VIEW latest AS SELECT subject, verb, min(number) AS number FROM event GROUP BY 1, 2",
         "view latest"),
        ("DROP VIEW latest", "view latest"),
        ("DROP INDEX event_moved", "index event_moved"),
        ("DROP TRIGGER event_no_update", "trigger event_no_update"),
        ("CREATE TRIGGER more AFTER INSERT ON event BEGIN DELETE FROM lease; END", "trigger more"),
        ("CREATE TABLE beside (n)", "table beside"),
        ("CREATE TRIGGER sqliteX BEFORE INSERT ON event BEGIN SELECT RAISE(IGNORE); END", "trigger sqliteX"),
        ("ALTER TABLE event ADD COLUMN more", "table event"),
    ],
)  # fmt: skip
def test_what_is_not_as_the_migrations_make_it_is_named(ledger: Ledger, statement: str, named: str) -> None:
    path = ledger.engine.url.database
    ledger.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(statement)
    found = verify(ledger)[1]
    assert found is not None
    assert named in found.because


def test_an_event_is_compared_with_what_a_paper_prints_or_a_file_kept_elsewhere(ledger: Ledger) -> None:
    digest = ledger.hash_of(17)
    groups = " ".join(digest[n : n + 4] for n in range(0, 16, 4))
    for text in (f"17:{digest}", f"17:{digest[:16]}", f"17:{groups}", f"17 {digest}\n", f" 17:{digest.upper()}"):
        assert verify(ledger, witness(text)) == (40, None)
    for text, number in ((f"18:{digest}", 18), (f"17:{'0' * 16}", 17), (f"41:{digest}", 41)):
        found = verify(ledger, witness(text))[1]
        assert found is not None
        assert (found.number, "--against" in found.because) == (number, True)
    for text in (
        "",
        "17",
        f"17:{digest[:15]}",
        f"x:{digest}",
        f"17:{digest}0",
        "17:zzzzzzzzzzzzzzzzzz",
        f"0:{'0' * 64}",
        f"{'9' * 5000}:{digest}",
    ):
        assert witness(text) is None


def test_removed_triggers_are_found(ledger: Ledger, tmp_path: Path) -> None:
    ledger.close()
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        connection.execute("DROP TRIGGER event_no_delete")
    connection.close()
    _, found = verify(ledger)
    assert found is not None
    assert "trigger event_no_delete" in found.because


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
