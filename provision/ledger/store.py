"""Open a ledger, append to it, read it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, text

from provision.core.errors import ChangedError, LedgerError, UsageError
from provision.core.model import Event
from provision.ledger.act import Act, Line
from provision.ledger.glance import HELD, NEWEST, Newest, payloads
from provision.ledger.head import advance_head, begin_head, head_fault, read_head, replace_head
from provision.ledger.schema import GENESIS
from provision.ledger.spoken import spoken

HAS = "SELECT 1 FROM event WHERE subject = :s AND verb = :v LIMIT 1"
LAST = "SELECT number, hash FROM event ORDER BY number DESC LIMIT 1"
HASH = "SELECT hash FROM event WHERE number = :n"
INSERT = "INSERT INTO event (number, body, hash) VALUES (:n, :b, :h)"
LAST_OF = "SELECT max(number) FROM event WHERE subject = :s AND (verb = :v OR :v = '')"
LOCK = 640313  # any number that other users of the database do not lock


class Ledger:
    """A ledger in a database; `actor` is written into each event that is appended.

    `head` is a file outside the database with the number and hash of the newest event: it shows if the newest events
    are cut off the database.
    """

    def __init__(self, engine: Engine, head_file: Path, actor: str) -> None:
        """Take an engine whose schema is up to date; use `connect`, which makes sure of that."""
        self.engine = engine
        self.head = head_file
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
        with spoken(self.where), self.engine.connect() as connection:
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
        first: Callable[[Connection], None] | None = None,
    ) -> list[Event]:
        """Append an event for each (subject, act) in one transaction; return them. See `extend` for the rest."""
        rows = [(act.VERB, subject, act.payload()) for subject, act in lines]
        return self.extend(rows, at=at, once=once, expect=expect, first=first)

    def extend(
        self,
        lines: Sequence[tuple[str, str, Mapping[str, Any]]],
        *,
        at: str,
        once: bool = False,
        expect: Mapping[tuple[str, str], int] | None = None,
        first: Callable[[Connection], None] | None = None,
    ) -> list[Event]:
        """Append several (verb, subject, payload) events in one transaction, all or none; return those appended.

        With `once`, a line is left out if its subject already has an event of its verb. `expect` gives, by (subject,
        verb; empty: any), the number of the newest event that the caller has seen (0: none): if another one is the
        newest by now, ChangedError is raised and nothing is written. `first` is called within the transaction: what
        it raises keeps everything from being written.
        """
        events: list[Event] = []
        with self.writing() as connection:
            if first:
                first(connection)
            number, previous = newest(connection)
            self.require_head(connection, number)
            rows = []
            self._validate(connection, expect or {})
            for verb, subject, payload in lines:
                if once and connection.execute(text(HAS), {"v": verb, "s": subject}).fetchone():
                    continue
                number += 1
                own = {"actor": self.actor, "at": at, "subject": subject, "verb": verb}
                fields: dict[str, Any] = own | {"number": number}
                body = canonical(fields | {"payload": payload})
                previous = sha256(previous + body.encode()).digest()
                rows.append({"n": number, "b": body, "h": previous})
                events.append(Event(**fields, payload=payload, hash=previous.hex()))
            if rows:
                connection.execute(text(INSERT), rows)
        if events:
            advance_head(self.head, number, previous.hex())
        return events

    def trust(self, act: Callable[[str], Act], *, at: str) -> tuple[int, str]:
        """Append the act of a person who trusts the events that are there, and make its event the head.

        `act` makes it from what is wrong with the head. Return the event's number and what was wrong. Raises UsageError
        if nothing is.
        """
        with self.writing() as connection:
            number, previous = newest(connection)
            said = self.fault(connection, number)
            if not said:
                raise UsageError(
                    "the head and the events agree: there is nothing to trust",
                    where=str(self.head),
                    hint="provision ledger verify walks the whole chain",
                )
            made = act(said)
            fields: dict[str, Any] = {
                "actor": self.actor,
                "at": at,
                "number": number + 1,
                "subject": "ledger",
                "verb": made.VERB,
            }
            body = canonical(fields | {"payload": made.payload()})
            digest = sha256(previous + body.encode()).digest()
            connection.execute(text(INSERT), {"n": number + 1, "b": body, "h": digest})
        replace_head(self.head, number + 1, digest.hex())
        return number + 1, said

    def fault(self, connection: Connection, count: int) -> str:
        """Return why the events, of which `count` is the newest, are not those of the head file, or an empty text."""

        def hash_of(number: int) -> str:
            found = connection.execute(text(HASH), {"n": number}).scalar()
            return bytes(found).hex() if found else ""

        return head_fault(read_head(self.head), count, hash_of)

    def require_head(self, connection: Connection, count: int) -> None:
        """Raise LedgerError unless the events are those that the head file was written for.

        Without events, a head file that names none is made.
        """
        if said := self.fault(connection, count):
            raise LedgerError(
                f"these are not the events that were recorded here: {said}; nothing was written",
                where=str(self.head),
                hint="provision ledger verify; restore the newest backup into another home, "
                "or: provision ledger trust-head --reason TEXT",
            )
        if not count:
            begin_head(self.head)

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
        with spoken(self.where), self.engine.connect() as connection:
            return int(connection.execute(text(LAST_OF), {"s": subject, "v": verb}).scalar() or 0)

    def newest_of(self, subjects: Sequence[str], verbs: Sequence[str]) -> dict[tuple[str, str], int]:
        """Return the number of the newest event of each verb of each subject; what has none is left out."""
        query = text("SELECT subject, verb, number FROM latest WHERE subject IN :s AND verb IN :v").bindparams(
            bindparam("s", expanding=True), bindparam("v", expanding=True)
        )
        with spoken(self.where), self.engine.connect() as connection:
            rows = connection.execute(query, {"s": list(subjects), "v": list(verbs)}).fetchall()
        return {(str(subject), str(verb)): int(number) for subject, verb, number in rows}

    def hash_of(self, number: int) -> str:
        """Return the hash (hex) of one event. Raises LedgerError if there is no such event."""
        with spoken(self.where), self.engine.connect() as connection:
            found = connection.execute(text(HASH), {"n": number}).scalar()
        if found is None:
            raise LedgerError(f"there is no event {number}", where=self.where, hint="provision ledger verify")
        return bytes(found).hex()

    def held(self, effective: str, recorded: str) -> Newest:
        """Return (asset tag, verb, payload) of the last move of each item in effect then; see `glance.held`."""
        with spoken(self.where), self.engine.connect() as connection:
            rows = connection.execute(text(HELD), {"effective": effective, "recorded": recorded})
            return payloads(body for _, body in rows)

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
        with spoken(self.where), self.engine.connect() as connection:
            cursor = connection.connection.cursor()
            cursor.execute(statement, names)
            return [body for _, body in cursor.fetchall()]


def _event(body: str) -> Event:
    fields = json.loads(body)
    return Event(hash="", **fields)


def canonical(value: Mapping[str, Any]) -> str:
    """Return the one JSON text of a value: sorted keys, no blanks. Raises ValueError for NaN and infinity."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def newest(connection: Connection) -> tuple[int, bytes]:
    """Return number and hash of the newest event; without any, 0 and the hash that the first event continues."""
    last = connection.exec_driver_sql(LAST).fetchone()
    return (int(last[0]), bytes(last[1])) if last else (0, GENESIS)
