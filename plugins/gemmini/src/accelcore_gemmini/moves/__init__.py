"""Schedules of Gemmini kernels: what can be chosen, as values, as text, and as moves."""
