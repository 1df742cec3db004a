"""The first tables: event, lease, the view of the latest."""

from __future__ import annotations

from alembic import op
from sqlalchemy import MetaData

from provision.ledger import schema

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables, the triggers and the view."""
    bind = op.get_bind()
    meta = MetaData()
    schema.event_table(bind.dialect.name, meta)
    schema.lease_table(meta)
    meta.create_all(bind)
    for statement in (*schema.TRIGGERS[bind.dialect.name], schema.VIEW):
        op.execute(statement)
