"""The command line: each command is a few lines over the public function of the same name.

Starting it imports no plugin and nothing heavy: `--help` and `--version` answer from this package alone.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit with its status; the entry point of the `accelcore` script."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given in (["--version"], ["-V"]):
        from accelcore import __version__

        sys.stdout.write(f"accelcore {__version__}\n")
        raise SystemExit(0)
    os.environ.setdefault("TYPER_USE_RICH", "0")  # plain help starts in half the time
    from accelcore.cli.app import build

    build()(args=given, prog_name="accelcore")
