"""Generators of moving pictures for tests and benchmarks."""
