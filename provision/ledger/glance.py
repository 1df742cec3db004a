"""The newest events of one kind straight from the SQLite file: for views that a program asks for often.

Ansible calls the inventory at each run; SQLAlchemy alone would take a third of that view's time.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

REVISION = "0001"  # of the schema, as the newest migration names it
NEWEST = "SELECT e.number, e.body FROM latest l JOIN event e ON e.number = l.number WHERE l.verb IN :verbs ORDER BY 1"
WAIT_S = 30.0


def glance(path: Path, verb: str) -> list[tuple[str, dict[str, Any]]] | None:
    """Give (subject, payload) of the newest event of each subject for one verb.

    None where the file cannot be read this way (not there, older, newer, damaged): the ledger
    itself then opens it, and says what is wrong.
    """
    if not path.is_file():
        return None
    try:
        with closing(sqlite3.connect(path, timeout=WAIT_S)) as connection:
            if connection.execute("SELECT version_num FROM alembic_version").fetchall() != [(REVISION,)]:
                return None
            return payloads(body for _, body in connection.execute(NEWEST.replace(":verbs", "(?)"), (verb,)))
    except sqlite3.Error:
        return None


def payloads(bodies: Any) -> list[tuple[str, dict[str, Any]]]:
    """Read stored bodies all at once: one call of the parser instead of one for each."""
    return [(fields["subject"], fields["payload"]) for fields in json.loads(f"[{','.join(bodies)}]")]
