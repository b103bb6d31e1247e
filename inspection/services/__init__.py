"""Use cases: one function, one transaction, one result with the ledger entries that it appended."""
