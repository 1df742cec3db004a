"""When a move of an item took effect, and an index by which custody of any day is a few seeks."""

from __future__ import annotations

from alembic import op

from provision.ledger import schema

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column and the index."""
    dialect = op.get_bind().dialect.name
    op.execute(schema.EFFECTIVE[dialect])
    op.execute(schema.MOVED)
