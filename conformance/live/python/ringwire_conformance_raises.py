"""A module that cannot be imported."""

raise RuntimeError("raised while importing")
