"""The ledger's tables and view, and the triggers that refuse to change or delete an event.

An event's hash is SHA-256 over the hash before it and the stored bytes of its body, so that the chain can be walked
without reading any JSON. `actor`, `at`, `verb` and `subject` are columns generated from the body: there is no
second copy that could be altered.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Computed, Index, Integer, LargeBinary, MetaData, String, Table, Text

metadata = MetaData()
GENESIS = b"\0" * 32
NUMBER = BigInteger().with_variant(Integer, "sqlite")


def _from_body(name: str) -> dict[str, Computed]:
    return {
        "sqlite": Computed(f"json_extract(body, '$.{name}')", persisted=False),
        "postgresql": Computed(f"(body::jsonb ->> '{name}')", persisted=True),
    }


def event_table(dialect: str, meta: MetaData) -> Table:
    """Return the event table for one dialect (sqlite or postgresql), added to `meta`."""
    return Table(
        "event",
        meta,
        Column("number", NUMBER, primary_key=True, autoincrement=False),
        Column("body", Text, nullable=False),
        Column("hash", LargeBinary(32), nullable=False),
        *(Column(name, String, _from_body(name)[dialect]) for name in ("at", "actor", "verb", "subject")),
        Index("event_by_subject", "subject", "verb", "number"),
    )


def lease_table(meta: MetaData) -> Table:
    """Return the lease table, added to `meta`: which run and process hold which device now.

    It is not history: its rows may be changed and deleted.
    """
    return Table(
        "lease",
        meta,
        Column("device", String, primary_key=True),
        Column("run", String, nullable=False),
        Column("host", String, nullable=False),
        Column("pid", Integer, nullable=False),
        Column("born", BigInteger, nullable=False),
        Column("seen_at", BigInteger, nullable=False),
    )


TRIGGERS = {
    "sqlite": (
        "CREATE TRIGGER event_no_update BEFORE UPDATE ON event "
        "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
        "CREATE TRIGGER event_no_delete BEFORE DELETE ON event "
        "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION event_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$",
        "CREATE TRIGGER event_no_change BEFORE UPDATE OR DELETE ON event "
        "FOR EACH ROW EXECUTE FUNCTION event_append_only()",
        "CREATE TRIGGER event_no_truncate BEFORE TRUNCATE ON event "
        "FOR EACH STATEMENT EXECUTE FUNCTION event_append_only()",
    ),
}
# Which event is the newest of each subject and verb; the index alone answers it.
VIEW = "CREATE VIEW latest AS SELECT subject, verb, max(number) AS number FROM event GROUP BY subject, verb"
# A move of an item takes effect on its signed day, not on the day on which it was recorded.
EFFECTIVE = {
    "sqlite": "ALTER TABLE event ADD COLUMN effective VARCHAR "
    "GENERATED ALWAYS AS (json_extract(body, '$.payload.effective')) VIRTUAL",
    "postgresql": "ALTER TABLE event ADD COLUMN effective VARCHAR "
    "GENERATED ALWAYS AS (body::jsonb -> 'payload' ->> 'effective') STORED",
}
MOVE = "item.moved"
MOVED = f"CREATE INDEX event_moved ON event (subject, effective, number) WHERE verb = '{MOVE}'"
