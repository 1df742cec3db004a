"""The revisions of the ledger's schema, one module for each."""
