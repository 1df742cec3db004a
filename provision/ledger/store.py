"""Open a ledger, append to it, read it."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError, SQLAlchemyError

from provision.core.errors import ChangedError, LedgerError
from provision.core.model import Event
from provision.ledger.act import Line
from provision.ledger.glance import HELD, NEWEST, REVISION, Newest, payloads
from provision.ledger.schema import GENESIS
from provision.local.files import ORDINARY, locked, write_whole

HAS = "SELECT 1 FROM event WHERE subject = :s AND verb = :v LIMIT 1"
LAST_OF = "SELECT max(number) FROM event WHERE subject = :s AND (verb = :v OR :v = '')"
LOCK = 640313  # any number that other users of the database do not lock


class Ledger:
    """A ledger in a database; `actor` is written into each event that is appended.

    `head` is a file outside the database with the number and hash of the newest event: it shows if the newest events
    are cut off the database.
    """

    def __init__(self, engine: Engine, head: Path, actor: str) -> None:
        """Take an engine whose schema is up to date; use `connect`, which makes sure of that."""
        self.engine = engine
        self.head = head
        self.actor = actor

    @property
    def where(self) -> str:
        """The URL of the database with its password hidden, for messages."""
        return self.engine.url.render_as_string(hide_password=True)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Yield a connection in a transaction that excludes every other writer from its first statement.

        It is rolled back if the block raises. Raises LedgerError if the database fails.
        """
        with _spoken(self.where), self.engine.connect() as connection:
            if self.engine.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
            yield connection
            connection.commit()

    def append(self, verb: str, subject: str, payload: Mapping[str, Any], *, at: str) -> Event:
        """Append one event and return it; the head file is written after the commit."""
        return self.extend([(verb, subject, payload)], at=at)[0]

    def record(
        self,
        lines: Sequence[Line],
        *,
        at: str,
        once: bool = False,
        expect: Mapping[tuple[str, str], int] | None = None,
    ) -> list[Event]:
        """Append an event for each (subject, act) in one transaction; return them. See `extend` for the rest."""
        rows = [(act.VERB, subject, act.payload()) for subject, act in lines]
        return self.extend(rows, at=at, once=once, expect=expect)

    def extend(
        self,
        lines: Sequence[tuple[str, str, Mapping[str, Any]]],
        *,
        at: str,
        once: bool = False,
        expect: Mapping[tuple[str, str], int] | None = None,
    ) -> list[Event]:
        """Append several (verb, subject, payload) events in one transaction, all or none; return those appended.

        With `once`, a line is left out if its subject already has an event of its verb. `expect` gives, by (subject,
        verb; empty: any), the number of the newest event that the caller has seen (0: none): if another one is the
        newest by now, ChangedError is raised and nothing is written.
        """
        events: list[Event] = []
        with self.writing() as connection:
            last = connection.exec_driver_sql("SELECT number, hash FROM event ORDER BY number DESC LIMIT 1").fetchone()
            number, previous = (int(last[0]), bytes(last[1])) if last else (0, GENESIS)
            rows = []
            self._validate(connection, expect or {})
            for verb, subject, payload in lines:
                if once and connection.execute(text(HAS), {"v": verb, "s": subject}).fetchone():
                    continue
                number += 1
                fields: dict[str, Any] = {
                    "actor": self.actor,
                    "at": at,
                    "number": number,
                    "subject": subject,
                    "verb": verb,
                }
                body = canonical(fields | {"payload": payload})
                previous = sha256(previous + body.encode()).digest()
                rows.append({"n": number, "b": body, "h": previous})
                events.append(Event(**fields, payload=payload, hash=previous.hex()))
            if rows:
                connection.execute(text("INSERT INTO event (number, body, hash) VALUES (:n, :b, :h)"), rows)
        if events:
            self.write_head(number, previous.hex())
        return events

    @staticmethod
    def _validate(connection: Connection, expect: Mapping[tuple[str, str], int]) -> None:
        for (subject, verb), number in expect.items():
            newest = connection.execute(text(LAST_OF), {"s": subject, "v": verb}).scalar() or 0
            if newest != number:
                raise ChangedError(
                    f"somebody else recorded event {newest} of {subject} meanwhile; nothing was written",
                    where=subject,
                    hint=f"provision history {subject} shows it; then decide again",
                )

    def last_of(self, subject: str, verb: str = "") -> int:
        """Return the number of a subject's newest event, or of its newest of one `verb`; 0 if there is none."""
        with _spoken(self.where), self.engine.connect() as connection:
            return int(connection.execute(text(LAST_OF), {"s": subject, "v": verb}).scalar() or 0)

    def hash_of(self, number: int) -> str:
        """Return the hash (hex) of one event. Raises LedgerError if there is no such event."""
        with _spoken(self.where), self.engine.connect() as connection:
            found = connection.execute(text("SELECT hash FROM event WHERE number = :n"), {"n": number}).scalar()
        if found is None:
            raise LedgerError(f"there is no event {number}", where=self.where, hint="provision ledger verify")
        return bytes(found).hex()

    def held(self, effective: str, recorded: str) -> Newest:
        """Return (asset tag, verb, payload) of the last move of each item in effect then; see `glance.held`."""
        with _spoken(self.where), self.engine.connect() as connection:
            rows = connection.execute(text(HELD), {"effective": effective, "recorded": recorded})
            return payloads(body for _, body in rows)

    def write_head(self, number: int, digest: str) -> None:
        """Write an event's number and hash to the head file, unless it names that event or a later one.

        It is written after the commit, so it may be behind the database, but never ahead of it.
        """
        with locked(self.head):
            known = read_head(self.head)
            if known and known[0] >= number:
                return
            write_whole(self.head, f"{number} {digest}\n", ORDINARY)

    def latest(self, *verbs: str) -> list[Event]:
        """Return the newest event of each subject for each of `verbs`, oldest first."""
        return self._read(
            NEWEST,
            verbs,
        )

    def payloads(self, *verbs: str) -> Newest:
        """Return (subject, verb, payload) of each subject's newest event of one of `verbs`; no Event is made."""
        return payloads(self._bodies(NEWEST, verbs))

    def close(self) -> None:
        """Close the connections to the database."""
        self.engine.dispose()

    def history(self, *subjects: str) -> list[Event]:
        """Return all events of some subjects, oldest first."""
        return self._read("SELECT number, body FROM event WHERE subject IN :verbs ORDER BY number", subjects)

    def events(self, *verbs: str) -> list[Event]:
        """Return all events of some verbs, oldest first."""
        return self._read("SELECT number, body FROM event WHERE verb IN :verbs ORDER BY number", verbs)

    def _read(self, sql: str, names: tuple[str, ...]) -> list[Event]:
        return [_event(body) for body in self._bodies(sql, names)]

    def _bodies(self, sql: str, names: tuple[str, ...]) -> list[str]:
        """Return the bodies (JSON texts) of the rows that a query gives; `names` take the place of `:verbs` in it.

        They are read by the driver's own cursor: SQLAlchemy's rows would cost as much as all the rest.
        """
        mark = "?" if self.engine.dialect.name == "sqlite" else "%s"
        statement = sql.replace(":verbs", f"({', '.join([mark] * len(names))})")
        with _spoken(self.where), self.engine.connect() as connection:
            cursor = connection.connection.cursor()
            cursor.execute(statement, names)
            return [body for _, body in cursor.fetchall()]


def _event(body: str) -> Event:
    fields = json.loads(body)
    return Event(hash="", **fields)


def canonical(value: Mapping[str, Any]) -> str:
    """Return the one JSON text of a value: sorted keys, no blanks. Raises ValueError for NaN and infinity."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def read_head(path: Path) -> tuple[int, str] | None:
    """Return event number and hash (hex) from the head file; None if it is missing or not two words."""
    try:
        number, digest = path.read_text().split()
    except (FileNotFoundError, ValueError):
        return None
    return int(number), digest


@contextmanager
def _spoken(where: str) -> Iterator[None]:
    """Raise LedgerError in place of any SQLAlchemy error of the block; `where` names the ledger in the error."""
    try:
        yield
    except OperationalError as error:
        what = str(error.orig).splitlines()[0]
        raise LedgerError(f"the ledger does not answer: {what}", where=where, hint=_next_step(what)) from None
    except DBAPIError as error:
        raise LedgerError(
            f"the ledger refused: {str(error.orig).splitlines()[0]}", where=where, hint="nothing was written"
        ) from None
    except SQLAlchemyError as error:
        raise LedgerError(f"the ledger cannot be used: {error}", where=where, hint="see PROVISION_DATABASE") from None


def _next_step(what: str) -> str:
    if "full" in what or "I/O" in what:
        return "free some space on this disk; nothing was lost, run the command again"
    if "readonly" in what or "unable to open" in what:
        return "choose a home that you may write to: --home DIR"
    if "locked" in what:
        return "another command holds the ledger for long; try again"
    return "check that the database runs and that PROVISION_DATABASE names it"


def connect(url: str, head: Path, actor: str) -> Ledger:
    """Return the ledger at a SQLite or PostgreSQL URL with its schema up to date; LedgerError if that fails."""
    with _spoken(url.partition("@")[2] or url):
        engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _sqlite)
    elif engine.dialect.name != "postgresql":
        raise LedgerError(f"no such kind of ledger: {engine.dialect.name}", hint="use sqlite:///FILE or postgresql://…")
    ledger = Ledger(engine, head, actor)
    try:
        with _spoken(ledger.where):
            if not _current(engine):
                _migrate(ledger)
    except BaseException:
        ledger.close()
        raise
    return ledger


def _sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None
    for pragma in ("busy_timeout=30000", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    deadline = time.monotonic() + 30
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:  # another first command is at it; no busy handler is asked
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _current(engine: Engine) -> bool:
    try:
        with engine.connect() as connection:
            found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    except (OperationalError, ProgrammingError) as error:
        if "alembic_version" in str(error.orig):  # no such table: a new database
            return False
        raise
    if found is not None and found > REVISION:
        raise LedgerError(f"the ledger is of a newer version ({found})", hint="install the newer program")
    return found == REVISION


def _migrate(ledger: Ledger) -> None:
    """Upgrade the schema under the write lock, so that two first commands at once make one schema."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with ledger.writing() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
