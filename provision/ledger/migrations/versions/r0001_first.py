"""Revision 0001: the tables event and lease, the append-only triggers, and the view `latest`."""

from __future__ import annotations

from alembic import op
from sqlalchemy import MetaData

from provision.ledger import schema

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables event and lease, the triggers for this dialect, and the view `latest`."""
    bind = op.get_bind()
    meta = MetaData()
    schema.event_table(bind.dialect.name, meta)
    schema.lease_table(meta)
    meta.create_all(bind)
    for statement in (*schema.TRIGGERS[bind.dialect.name], schema.VIEW):
        op.execute(statement)
