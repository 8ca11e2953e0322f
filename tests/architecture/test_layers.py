"""What may import what: contract below engine below shell, plugins beside each other, heavy packages only when used."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # the helper beside this file; test folders are no packages
from source_tree import ROOT, imports, modules, tree, within

CONTRACT = [f"accelcore.{name}" for name in ("errors", "values", "protocols", "hookspecs", "registry")]
SHELL = [f"accelcore.{name}" for name in ("html", "health", "cli", "terminal", "testing")]
HEAVY = {"numpy", "z3", "cvc5", "openai", "anthropic", "rich", "pytest", "ml_dtypes", "tree_sitter"}
HEAVY |= {"dask", "distributed", "optuna", "yaml"}
NUMERICS = ("accelcore.ir.engine", "accelcore_nki.execute")
"""NumPy in every line, so it is these packages that are imported inside functions."""
PLUGINS = sorted({name.split(".")[0] for name in modules()} - {"accelcore"})
CORE = [name for name in modules() if within(name, "accelcore")]


def test_the_contract_needs_pluggy_and_itself_only() -> None:
    allowed = {*sys.stdlib_module_names, "pluggy"}
    wrong = [
        i for name in CONTRACT for i in imports(name)
        if i.eager and i.target.split(".")[0] not in allowed and not within(i.target, *CONTRACT)
        and i.target != "accelcore"  # `from accelcore import hookspecs`: the package itself is light
    ]  # fmt: skip
    assert wrong == []


def test_the_engine_does_not_know_the_shell() -> None:
    """The pipeline hands a finished run to the shell's writers, inside the functions that do it."""
    engine = [n for n in CORE if not within(n, *CONTRACT, *SHELL) and n != "accelcore"]
    wrong = [
        i for name in engine for i in imports(name)
        if within(i.target, *SHELL) and (i.eager or not within(name, "accelcore.pipeline", "accelcore.export"))
    ]  # fmt: skip
    assert wrong == []


def test_heavy_packages_are_imported_inside_functions() -> None:
    everywhere = HEAVY | {"typer"}
    wrong = [
        i for name in modules() for i in imports(name)
        if i.eager and i.target.split(".")[0] in everywhere
        and not (within(name, "accelcore.cli") and i.target.startswith("typer"))
        and not (within(name, *NUMERICS) and i.target.startswith("numpy"))
    ]  # fmt: skip
    assert wrong == []


def test_the_numerics_are_imported_inside_functions_as_numpy_is() -> None:
    wrong = [
        i
        for name in modules()
        for i in imports(name)
        if i.eager and within(i.target, *NUMERICS) and not within(name, *NUMERICS)
    ]
    assert wrong == []


@pytest.mark.parametrize("plugin", PLUGINS)
def test_plugins_import_public_names_and_never_each_other(plugin: str) -> None:
    wrong = []
    for name in (n for n in modules() if within(n, plugin)):
        for found in imports(name):
            top = found.target.split(".")[0]
            if top in PLUGINS and top != plugin:
                wrong.append(found)
            if top == "accelcore" and any(part.startswith("_") for part in found.target.split(".")):
                wrong.append(found)
    assert wrong == []


@pytest.mark.parametrize("module", CORE)
def test_core_names_no_plugin(module: str) -> None:
    """In its code, that is: names and strings; a docstring may use one as an example."""
    words = {name.removeprefix("accelcore_") for name in PLUGINS} | {"rvv", "nki", "gemmini"}
    pattern = re.compile(rf"\b(accelcore[_-])?({'|'.join(sorted(words))})\b", re.IGNORECASE)
    docstrings = {
        id(node.body[0].value) for node in ast.walk(tree(module))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and node.body
        and isinstance(node.body[0], ast.Expr)
    }  # fmt: skip
    wrong = [
        (node.lineno, node.value) for node in ast.walk(tree(module))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        and id(node) not in docstrings and pattern.search(node.value)
    ]  # fmt: skip
    wrong += [(n.lineno, n.id) for n in ast.walk(tree(module)) if isinstance(n, ast.Name) and pattern.search(n.id)]
    assert wrong == []


STARTS = {
    "import": "import accelcore",
    "help": "from accelcore.cli import main\nmain(['--help'])",
    "targets": "from accelcore.cli import main\nmain(['targets'])",  # every plugin is asked what it offers
}


@pytest.mark.parametrize("start", STARTS)
def test_nothing_heavy_is_imported_at_the_start(start: str) -> None:
    heavy = sorted(HEAVY - {"pytest"})
    program = (
        f"import sys\ntry:\n    exec({STARTS[start]!r})\nfinally:\n    print([n for n in {heavy} if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_what_searches_is_not_loaded_to_list_what_is_installed() -> None:
    program = (
        "import sys\nfrom accelcore.registry import discover\ndiscover()\n"
        "print([n for n in ('accelcore.session.engine', 'accelcore.judge', 'accelcore.journal') if n in sys.modules])"
    )
    environment = {**os.environ, "ACCELCORE_NO_PLUGINS": "1"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, env=environment)
    assert done.stdout.strip() == "[]", done.stderr


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    pattern = re.compile(r"(?<![\w.])/(work|root|farm|home)/[a-z.]")
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    wrong = []
    for name in listed:
        path = ROOT / name
        if path.suffix in {".py", ".md", ".toml", ".sh", ".c", ".h", ".json", ".yaml"} and path.is_file():
            text = path.read_text(errors="replace")
            wrong += [f"{name}: {m.group(0)}" for m in pattern.finditer(text) if path != Path(__file__)]
    assert wrong == []


def test_no_module_has_the_name_of_a_public_function() -> None:
    """Importing it would replace the function in the package's namespace."""
    import accelcore

    functions = {name for name in accelcore.__all__ if name != "errors"}
    assert {name for name in modules() if name.removeprefix("accelcore.") in functions} == set()
