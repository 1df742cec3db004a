"""Ledgers that tests open: they are closed after each test; and one as the first program made it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy.exc import DatabaseError

from provision.ledger import Ledger, connect, verify
from provision.ledger.schema import GENESIS
from provision.ledger.store import canonical

AT = "2026-11-24T00:00:00Z"
OPENED: list[Ledger] = []


def opened(url: str, head: Path, actor: str) -> Ledger:
    OPENED.append(connect(url, head, actor))
    return OPENED[-1]


@contextmanager
def closed_after() -> Iterator[None]:
    """Close what was opened within."""
    yield
    while OPENED:
        OPENED.pop().close()


def old_ledger(url: str, head: Path) -> None:
    """Make a ledger as the first program made it, with one event in it."""
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine, text

    from provision.ledger import store

    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    config = Config()
    config.set_main_option("script_location", str(Path(store.__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        body = canonical(
            {
                "actor": "a",
                "at": AT,
                "number": 1,
                "payload": {"effective": "2020-12-02"},
                "subject": "CAM",
                "verb": "item.moved",
            }
        )
        digest = sha256(GENESIS + body.encode()).digest()
        connection.execute(text("INSERT INTO event (number, body, hash) VALUES (1, :b, :h)"), {"b": body, "h": digest})
    engine.dispose()
    head.write_text(f"1 {digest.hex()}\n")


def still_whole_and_known(url: str, head: Path) -> None:
    old_ledger(url, head)
    ledger = opened(url, head, "tester")
    assert verify(ledger) == (1, None)
    assert [s for s, _, _ in ledger.held("2020-12-02", "9999")] == ["CAM"]
    assert ledger.held("2020-12-01", "9999") == []
    ledger.append("item.moved", "CAM", {"effective": "2021-01-01"}, at=AT)
    assert verify(ledger) == (2, None)
    with ledger.engine.connect() as connection, pytest.raises(DatabaseError, match="append-only"):
        connection.exec_driver_sql("UPDATE event SET body = body")
