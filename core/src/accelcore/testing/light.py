"""Whether importing a module stays light: asked in a child process, because this one has imported everything."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("numpy", "z3", "cvc5", "openai", "anthropic", "rich", "torch", "typer")
"""Packages that no plugin may import before one of its methods needs them."""


def heavy_imports(module: str) -> tuple[str, ...]:
    """The heavy packages that importing `module` and calling its hooks brings in; empty is right.

    Raises RuntimeError with the child's output when the module cannot be imported at all.
    """
    script = (
        f"import sys, importlib; m = importlib.import_module({module!r})\n"
        "for n in dir(m):\n"
        "    if n.startswith('accelcore_') and callable(getattr(m, n)): getattr(m, n)()\n"
        f"print(' '.join(h for h in {HEAVY!r} if h in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        raise RuntimeError(f"{module} cannot be imported: {done.stderr.strip()}")
    return tuple(done.stdout.split())
