"""Inspections: the domain, its use cases and its adapters."""
