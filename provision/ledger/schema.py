"""The ledger's tables and view, and the triggers that refuse to change or delete an event.

An event's hash is SHA-256 over the hash before it and the stored bytes of its body, so that the chain can be walked
without reading any JSON. `actor`, `at`, `verb` and `subject` are columns generated from the body: there is no
second copy that could be altered.
"""

from __future__ import annotations

from typing import Any

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


def statements(dialect: str) -> tuple[str, ...]:
    """Return what the migrations execute after the tables are made."""
    return (*TRIGGERS[dialect], VIEW, EFFECTIVE[dialect], MOVED)


def differences(dialect: str, cursor: Any) -> list[str]:
    """Return what of the database behind a DB-API cursor is not as the migrations make it, as words for a person.

    Views, triggers, columns and indexes are compared; a changed, missing or additional one is named.
    """
    has, wanted = (_sqlite_has, _sqlite_wanted) if dialect == "sqlite" else (_postgresql_has, _postgresql_wanted)
    there, made = has(cursor), wanted(cursor)
    return [
        f"{kind} {name}"
        for kind, name in sorted(there.keys() | made.keys())
        if there.get((kind, name)) != made.get((kind, name))
    ]


Objects = dict[tuple[str, str], str]  # (kind, name) -> its definition without blanks


def _sqlite_has(cursor: Any) -> Objects:
    cursor.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name <> 'alembic_version'"
        " AND substr(name, 1, 7) <> 'sqlite_'"
    )
    return {(kind, name): "".join(sql.split()) for kind, name, sql in cursor.fetchall()}


def _sqlite_wanted(_: Any) -> Objects:
    from sqlalchemy import create_engine

    meta = MetaData()
    event_table("sqlite", meta)
    lease_table(meta)
    engine = create_engine("sqlite://")
    try:
        with engine.begin() as connection:
            meta.create_all(connection)
            for statement in statements("sqlite"):
                connection.exec_driver_sql(statement)
            return _sqlite_has(connection.connection.cursor())
    finally:
        engine.dispose()


GENERATED = ("at", "actor", "verb", "subject", "effective")


def _postgresql_has(cursor: Any) -> Objects:
    cursor.execute(
        "SELECT tgname, tgenabled::text || ' ' || pg_get_triggerdef(t.oid) || prosrc FROM pg_trigger t"
        " JOIN pg_proc p ON p.oid = tgfoid WHERE tgrelid = 'event'::regclass AND NOT tgisinternal"
    )
    found = {("trigger", name): "".join(text.split()) for name, text in cursor.fetchall()}
    cursor.execute("SELECT pg_get_viewdef('latest'::regclass)")
    found["view", "latest"] = "".join(cursor.fetchone()[0].replace("event.", "").rstrip(";").split())
    cursor.execute("SELECT 'index', indexname, indexdef FROM pg_indexes WHERE tablename = 'event'")
    found |= {(kind, name): "".join(text.split()) for kind, name, text in cursor.fetchall()}
    cursor.execute("SELECT 'rule', rulename, definition FROM pg_rules WHERE tablename = 'event'")
    found |= {(kind, name): "".join(text.split()) for kind, name, text in cursor.fetchall()}
    cursor.execute(
        "SELECT attname, pg_get_expr(adbin, adrelid) FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid"
        " AND adnum = attnum WHERE attrelid = 'event'::regclass AND attnum > 0 AND NOT attisdropped"
    )
    return found | {("column", name): "".join((text or "").split()) for name, text in cursor.fetchall()}


def _postgresql_wanted(cursor: Any) -> Objects:
    """Return what there should be, as this server writes it; one before 16 writes the table before each column."""
    body = "BEGINRAISEEXCEPTION'theledgerisappend-only';END"
    cursor.execute("SELECT current_schema()")
    table = f"{cursor.fetchone()[0]}.event"
    texts = {
        "event_no_change": f"BEFORE DELETE OR UPDATE ON {table} FOR EACH ROW",
        "event_no_truncate": f"BEFORE TRUNCATE ON {table} FOR EACH STATEMENT",
    }
    made: Objects = {("view", "latest"): "".join(VIEW.partition(" AS ")[2].split())}
    of_event = f"INDEX {{}} ON {table} USING btree"
    indexes = {
        "event_pkey": f"CREATE UNIQUE {of_event} (number)",
        "event_by_subject": f"CREATE {of_event} (subject, verb, number)",
        "event_moved": f"CREATE {of_event} (subject, effective, number) WHERE ((verb)::text = '{MOVE}'::text)",
    }
    made |= {("index", name): "".join(text.format(name).split()) for name, text in indexes.items()}
    for name, text in texts.items():
        made["trigger", name] = (
            "".join(f"O CREATE TRIGGER {name} {text} EXECUTE FUNCTION event_append_only()".split()) + body
        )
    made |= {("column", name): "" for name in ("number", "body", "hash")}
    for name in GENERATED:
        inner = "'payload'::text)->>'effective'::text" if name == "effective" else f"'{name}'::text"
        made["column", name] = (
            "(((body)::jsonb->" + inner + ")" if name == "effective" else f"((body)::jsonb->>{inner})"
        )
    return made
