"""Judging kernels: a sandboxed child writes down the commands, the parent executes them on its own inputs."""
