"""Open a ledger: its database, and its schema brought up to date."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import OperationalError, ProgrammingError

from provision.core.errors import LedgerError
from provision.ledger.glance import REVISION
from provision.ledger.head import read_head
from provision.ledger.spoken import spoken
from provision.ledger.store import Ledger


def connect(url: str, head_file: Path, actor: str, *, anew: bool = False) -> Ledger:
    """Return the ledger at a SQLite or PostgreSQL URL with its schema up to date; LedgerError if that fails.

    A SQLite file that is gone, though the head file names an event, is a LedgerError, too, unless it is made `anew`.
    """
    with spoken(url.partition("@")[2] or url):
        engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    if engine.dialect.name == "sqlite":
        if not anew:
            _require_file(engine.url.database, head_file)
        event.listen(engine, "connect", _sqlite)
    elif engine.dialect.name != "postgresql":
        what = f"no such kind of ledger: {engine.dialect.name}"
        raise LedgerError(what, hint="use sqlite:///FILE or postgresql://…")
    ledger = Ledger(engine, head_file, actor)
    try:
        with spoken(ledger.where):
            if not _current(engine):
                _migrate(ledger)
    except BaseException:
        ledger.close()
        raise
    return ledger


def _require_file(database: str | None, head_file: Path) -> None:
    """Raise LedgerError for a database that is gone: a new one would take its place, with nothing in it."""
    if database and not Path(database).exists() and (last := read_head(head_file).number):
        raise LedgerError(
            f"the ledger is gone: it had {last} events, as the file beside it says",
            where=database,
            hint="bring it back from the newest backup: provision restore FILE",
        )


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
