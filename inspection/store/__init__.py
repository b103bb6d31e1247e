"""Adapters of the ports: SQLite rows, password hashing, the SMS outbox, files."""
