"""Judging kernels: the child only traces, the parent replays the trace through the same checks and executes it."""
