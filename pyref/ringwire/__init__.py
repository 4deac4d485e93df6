"""Ringwire: calls from a master to Python functions over shared-memory rings."""
