"""Revision 0002: the day on which a move of an item took effect, and an index of moves by that day.

With the index, custody on any day is found by a few seeks.
"""

from __future__ import annotations

from alembic import op

from provision.ledger import schema

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the generated column `effective` and the index `event_moved` to the event table."""
    dialect = op.get_bind().dialect.name
    op.execute(schema.EFFECTIVE[dialect])
    op.execute(schema.MOVED)
