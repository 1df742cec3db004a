"""Read the newest events straight from the SQLite file, for views that a program asks for often.

Ansible calls the inventory at each run; SQLAlchemy alone would take a third of that view's time.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from provision.core.model import Event

REVISION = "0002"  # of the schema, as the newest migration names it
NEWEST = "SELECT e.number, e.body FROM latest l JOIN event e ON e.number = l.number WHERE l.verb IN :verbs ORDER BY 1"
HELD = """SELECT e.number, e.body FROM event e WHERE e.number IN (
  SELECT (
    SELECT m.number FROM event m
    WHERE m.subject = s.subject AND m.verb = 'item.moved' AND m.effective <= :effective AND m.at <= :recorded
    ORDER BY m.effective DESC, m.number DESC LIMIT 1
  ) FROM (SELECT DISTINCT subject FROM event WHERE verb = 'item.moved') s
) ORDER BY e.number"""
WAIT_S = 30.0


Newest = list[tuple[str, str, dict[str, Any]]]


def held(path: Path, effective: str, recorded: str) -> Newest | None:
    """Return (asset tag, verb, payload) of each item's last move as of day `effective`.

    The last move is the one with the latest effective day (then the highest number) among those in effect by day
    `effective` and recorded by time `recorded`. None if the file cannot be read this way; see `newest`.
    """
    return _ask(path, HELD.replace(":effective", "?").replace(":recorded", "?"), (effective, recorded))


def newest(path: Path, *verbs: str) -> Newest | None:
    """Return (subject, verb, payload) of each subject's newest event that has one of `verbs`.

    None if the file cannot be read this way (not there, of an older or newer schema, damaged): the ledger itself then
    opens it, and says what is wrong.
    """
    marks = f"({', '.join('?' * len(verbs))})"
    return _ask(path, NEWEST.replace(":verbs", marks), verbs)


def latest(path: Path, *verbs: str) -> list[Event] | None:
    """Return the newest event of each subject for each of `verbs`, oldest first, with an empty `hash`.

    None if the file cannot be read this way; see `newest`.
    """
    marks = f"({', '.join('?' * len(verbs))})"
    bodies = _bodies(path, NEWEST.replace(":verbs", marks), verbs)
    return None if bodies is None else [Event(hash="", **fields) for fields in json.loads(f"[{','.join(bodies)}]")]


def _ask(path: Path, sql: str, values: tuple[str, ...]) -> Newest | None:
    bodies = _bodies(path, sql, values)
    return None if bodies is None else payloads(bodies)


def _bodies(path: Path, sql: str, values: tuple[str, ...]) -> list[str] | None:
    if not path.is_file():
        return None
    try:
        with closing(sqlite3.connect(path, timeout=WAIT_S)) as connection:
            if connection.execute("SELECT version_num FROM alembic_version").fetchall() != [(REVISION,)]:
                return None
            return [body for _, body in connection.execute(sql, values)]
    except sqlite3.Error:
        return None


def payloads(bodies: Any) -> Newest:
    """Return (subject, verb, payload) of each subject's last body in `bodies` (JSON texts, oldest first).

    All bodies are parsed in one call, which is faster than one call for each.
    """
    found = {fields["subject"]: fields for fields in json.loads(f"[{','.join(bodies)}]")}
    return [(subject, fields["verb"], fields["payload"]) for subject, fields in found.items()]
