"""The child of `accelcore run --target nki`: one program under the simulator, its runs noted in a file.

    python -m accelcore_nki.runner REPORT CHIP PROGRAM [ARGUMENT]...

Names that kernels are pasted without (nki, nl, nisa, np) are there already.  A file whose tests nobody calls is run as
a test suite.  The report is there, empty, when the program starts, and filled when it has ended by itself.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
from pathlib import Path
from typing import Any

from accelcore_nki import kernels
from accelcore_nki.errors import NkiError
from accelcore_nki.generations import TARGET
from accelcore_nki.recorder import Program
from accelcore_nki.surface import install

RULE_BROKEN = 97  # exit of a program that a rule of NKI ended
_MOST_TIMED = 200_000  # instructions; a longer program is run but not timed


def main(argv: list[str]) -> int:
    """Run the program; its exit code, or RULE_BROKEN with the error on standard error."""
    report, chip, program, *arguments = argv
    os.environ.setdefault(TARGET, chip)
    Path(report).write_text("[]")
    install()
    runs: list[tuple[str, Program]] = []
    kernels.OBSERVERS.append(lambda name, programs: runs.append((name, programs[0])))
    code = 0
    try:
        code = _execute(Path(program), arguments)
    except NkiError as error:
        sys.stderr.write(f"{error}\n")
        code = RULE_BROKEN
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else int(ending.code is not None)
    finally:
        Path(report).write_text(json.dumps([_facts(name, p) for name, p in runs]))
    return code


def _execute(path: Path, arguments: list[str]) -> int:
    """The file as a program, then as a test suite when it holds tests that it does not run itself."""
    import numpy as np

    modules = {name: sys.modules[name] for name in ("nki", "nki.language", "nki.isa")}
    usual = {"nki": modules["nki"], "nl": modules["nki.language"], "nisa": modules["nki.isa"], "np": np}
    sys.argv = [str(path), *arguments]
    sys.path.insert(0, str(path.parent))
    names = runpy.run_path(str(path), init_globals=usual, run_name="__main__")
    if "__main__" in path.read_text() or not any(_is_test(name) for name in names):
        return 0
    import pytest

    return int(pytest.main(["-q", "-p", "no:cacheprovider", str(path)]))


def _is_test(name: str) -> bool:
    return name.startswith(("test_", "Test"))


def _facts(name: str, program: Program) -> dict[str, Any]:
    """What the parent reports of one kernel run."""
    from accelcore_nki.feedback import feedback
    from accelcore_nki.timing import modelled

    if len(program.instructions) > _MOST_TIMED:
        return {"kernel": name, "instructions": len(program.instructions)}
    found = feedback(modelled(program))
    return {"kernel": name, "text": found.text, **found.numbers}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
