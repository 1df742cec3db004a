"""The ledger's migrations; Alembic is loaded only if the schema is not up to date."""
