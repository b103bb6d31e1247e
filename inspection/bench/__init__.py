"""Measurements of the ledger: `yuntakan bench ledger`."""
