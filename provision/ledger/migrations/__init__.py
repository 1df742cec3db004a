"""The ledger's migrations; Alembic loads them only where the schema is behind."""
