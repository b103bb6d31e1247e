"""The relay benchmark itself."""
