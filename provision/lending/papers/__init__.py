"""One file for each paper: what its template prints, from the ledger alone."""
