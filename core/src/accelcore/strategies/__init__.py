"""Built-in search policies: short loops over a Session (docs/strategies.md)."""

DEFAULT = "greedy"
"""The strategy of a run that names none."""
