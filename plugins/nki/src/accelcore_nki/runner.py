"""The child of `accelcore run --target nki`: one program under the simulator, its runs noted in a file.

    python -m accelcore_nki.runner REPORT TRACE CHIP PROGRAM [ARGUMENT]...

Names that kernels are pasted without (nki, nl, nisa, np) are there already, of the generation that the text is written
for.  A file whose tests nobody calls is run as a test suite.  Frameworks that are not installed can be imported, not
used.  The report is there, empty, when the program starts, and filled when it has ended by itself.  TRACE, unless
empty, is a file that gets the timeline of the last kernel run in the Chrome trace format.
"""

from __future__ import annotations

import ast
import builtins
import json
import os
import re
import runpy
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from accelcore_nki import absent, kernels
from accelcore_nki.errors import NkiError
from accelcore_nki.feedback import Feedback, chrome_trace, feedback
from accelcore_nki.generations import TARGET
from accelcore_nki.recorder import Program
from accelcore_nki.surface import install
from accelcore_nki.timing import modelled

RULE_BROKEN = 97  # exit of a program that a rule of NKI ended
_FIRST = re.compile(  # what only NKI 1 has
    r"neuronxcc|\bnl\.(arange|mgrid|par_dim|load_transpose2d|loop_reduce|atomic_rmw)\b|\bmask\s*=|"
    r"\bnki\.(baremetal|benchmark|profile|simulate_kernel)\b|[^=!<>]=\s*nisa\.(?!register_|get_nc)\w+\(|"
    r"\+=\s*(nisa|nl)\.\w*matmul"
)
_MOST_TIMED = 200_000  # instructions; a longer program is run but not timed


def main(argv: list[str]) -> int:
    """Run the program; its exit code, or RULE_BROKEN with the error on standard error."""
    report, trace, chip, program, *arguments = argv
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
        known: dict[int, Feedback] = {}
        Path(report).write_text(json.dumps([_facts(name, p, known) for name, p in runs]))
        if trace and runs and len(runs[-1][1].instructions) <= _MOST_TIMED:
            Path(trace).write_text(json.dumps(chrome_trace(modelled(runs[-1][1]))))
    return code


def _execute(path: Path, arguments: list[str]) -> int:
    """The file as a program, or as a test suite when it holds tests that it does not run itself."""
    text = path.read_text()
    absent.stand_in()
    for name, value in _usual(text).items():
        builtins.__dict__.setdefault(name, value)
    sys.argv = [str(path), *arguments]
    sys.path.insert(0, str(path.parent))
    if "__main__" in text or not any(map(_is_test, ast.parse(text).body)):
        _run(path)
        return 0
    import pytest

    options = ["-q", "-p", "no:cacheprovider", *_simulation(path), str(path), *arguments]
    return int(pytest.main(options, plugins=[_fixtures()]))


def _run(path: Path) -> None:
    """Run a file as the program; one inside a package as its module, so that relative imports work."""
    home, module = home_of(path)
    if home == path.parent:
        runpy.run_path(str(path), run_name="__main__")
        return
    sys.path.insert(0, str(home))
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def home_of(path: Path) -> tuple[Path, str]:
    """The folder that a file's outermost package is in (its own folder without one), and its dotted name there."""
    names, folder = [path.stem], path.parent
    while (folder / "__init__.py").is_file():
        names.insert(0, folder.name)
        folder = folder.parent
    return folder, ".".join(names)


def _simulation(path: Path) -> list[str]:
    """Options by which a suite's conftest.py asks to be told that there is only a simulator."""
    found: set[str] = set()
    for folder in path.parents:
        conftest = folder / "conftest.py"
        if conftest.is_file():
            found |= set(re.findall(r"""addoption\(\s*["'](--simulat\w+(?:-only)?)["']""", conftest.read_text()))
    return sorted(found)


def _usual(text: str) -> dict[str, Any]:
    """The names that kernels are pasted without; builtins, so that a test suite sees them too."""
    import numpy as np

    home = "neuronxcc.nki" if _FIRST.search(text) else "nki"
    found = {"nki": sys.modules[home], "nl": sys.modules[f"{home}.language"], "nisa": sys.modules[f"{home}.isa"]}
    return {**found, "np": np, "nt": sys.modules[f"{home}.typing"]}


def _is_test(node: ast.stmt) -> bool:
    if isinstance(node, ast.ClassDef):
        bases = {base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "") for base in node.bases}
        return node.name.startswith("Test") or "TestCase" in bases
    return isinstance(node, ast.FunctionDef) and node.name.startswith("test_")


def _fixtures() -> ModuleType:
    """A plugin with what suites of kernels take from a conftest.py, for files that come without it."""
    import pytest

    plugin = ModuleType("accelcore_nki_fixtures")
    plugin.__dict__["simulation_only"] = pytest.fixture(lambda: True, name="simulation_only")
    return plugin


def _facts(name: str, program: Program, known: dict[int, Feedback]) -> dict[str, Any]:
    """What the parent reports of one kernel run; a program like one before takes the same time."""
    if len(program.instructions) > _MOST_TIMED:
        return {"kernel": name, "instructions": len(program.instructions)}
    key = _likeness(program)
    if key not in known:
        known[key] = feedback(modelled(program))
    return {"kernel": name, "text": known[key].text, **known[key].numbers}


def _likeness(program: Program) -> int:
    """A number that programs share which do the same things to the same places, whatever the data."""
    found = hash((program.generation, program.surface))
    for i in program.instructions:
        views = tuple((v.storage.index, v.dtype, v.offset, v.shape, v.strides) for v in (*i.dst, *i.src))
        found = hash((found, i.op, i.engine, i.line, views))
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
