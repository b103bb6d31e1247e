"""Repositories: rows to domain values and back, on one connection within one transaction."""
