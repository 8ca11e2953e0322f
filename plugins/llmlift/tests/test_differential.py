"""The three readings of a program agree on random inputs: Python itself, the interpreter, and the lifted summary.

Every example, every program of the lifting suites and every golden case is run.  Floats are compared with a tolerance
of single precision, because results are stored in it; integers and shapes exactly.
"""

from __future__ import annotations

import ast
import copy
import math
import random
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelcore.errors import UnsupportedSource
from accelcore.values import Role, Source
from accelcore_llmlift.evaluation import Evaluation, EvaluationError
from accelcore_llmlift.frontend import program_of
from accelcore_llmlift.interpret import ProgramError, interpret
from accelcore_llmlift.lifter import lift_program
from accelcore_llmlift.program import Program

ROOT = Path(__file__).parents[3]
FILES = sorted([*(ROOT / "examples").glob("*.py"), *(ROOT / "bench/lifting/programs").glob("*.py")])
CASES = sorted((Path(__file__).parent / "cases").glob("*.txt"))


def functions() -> Iterator[Source]:
    for path in FILES:
        text = path.read_text()
        for node in ast.parse(text).body:
            if isinstance(node, ast.FunctionDef):
                yield Source(text, "python", node.name, path.name)
    for path in CASES:
        for block in path.read_text().split("=== ")[1:]:
            source, expected = block.split("\n", 1)[1].split("---\n")
            if not expected.startswith("refused") and "import torch" not in source:
                entry = [n.name for n in ast.parse(source).body if isinstance(n, ast.FunctionDef)][-1]
                yield Source(source, "python", entry, path.name)


def drawn(dtype: str, shape: list[int], rng: random.Random, top: int) -> Any:
    if shape:
        return [drawn(dtype, shape[1:], rng, top) for _ in range(shape[0])]
    if dtype.startswith(("i", "u")):
        return rng.randint(0, top)
    return rng.choice([0.0, 1.0, -2.0, rng.uniform(-3, 3), float(rng.randint(-4, 4))])


Inputs = tuple[dict[str, Any], dict[str, int]]


def inputs_of(program: Program, arguments: list[str], rng: random.Random) -> Inputs | None:
    """Values for every argument under the program's preconditions, and the sizes; None when a draw breaks them."""
    names = {n for p in program.params for e in p.shape for n in e.sizes}
    names |= {p.name for p in program.params if p.role is Role.SIZE}
    sizes = {name: rng.choice([0, 1, 2, 3, 3, 4, 5]) for name in sorted(names)}
    top = min([n for n in sizes.values() if n > 0], default=1) - 1
    try:
        if not all(Evaluation({}, sizes).value(r) for r in program.requires):
            return None
        given = {}
        for p in program.params:
            if p.role is Role.SIZE:
                given[p.name] = sizes[p.name]
            elif p.name in arguments:
                given[p.name] = drawn(p.dtype, [Evaluation({}, sizes).value(e) for e in p.shape], rng, top)
    except EvaluationError:
        return None
    return given, sizes


def plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    return [plain(v) for v in value] if isinstance(value, list | tuple) else value


def same(a: Any, b: Any) -> bool:
    if isinstance(a, list) or isinstance(b, list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, float) or isinstance(b, float):
        return a == b or abs(a - b) <= 1e-4 * (1 + abs(a) + abs(b)) or (math.isnan(a) and math.isnan(b))
    return bool(a == b)


def finite(value: Any) -> bool:
    if isinstance(value, list):
        return all(finite(v) for v in value)
    return not isinstance(value, float) or math.isfinite(value)


def python_results(source: Source, program: Program, given: dict[str, Any]) -> dict[str, Any] | None:
    """What Python computes, by result name; None where the source fails or leaves the numbers."""
    space: dict[str, Any] = {}
    exec(compile(source.text, source.path or "", "exec"), space)  # our own test programs
    function = space[source.entry]
    order = function.__code__.co_varnames[: function.__code__.co_argcount]
    values = copy.deepcopy(given)
    arrays = "np." in source.text or source.path in ("arrays.txt", "wholes.txt")
    if arrays and "list[" not in source.text:
        import numpy as np

        matrices = [values[p.name] for p in program.params if len(p.shape) > 1 and p.name in values]
        if any(not m or m[0] == [] for m in matrices):
            return None  # np.array of nested lists loses the axes of what is empty
        whole = {p.name for p in program.params if p.dtype.startswith(("i", "u"))}
        values = {
            k: np.array(v, dtype=int if k in whole else float) if isinstance(v, list) else v for k, v in values.items()
        }
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of divisions by zero, whose results are not finite
            returned = function(*(values[name] for name in order))
    except (IndexError, ZeroDivisionError, ValueError, OverflowError):
        return None
    found = {name: plain(values[name]) for name, _ in program.results if name in order}
    parts = list(returned) if isinstance(returned, tuple) else [returned]
    parts = [p for p in parts if not any(p is values[n] for n in found) and p is not None]
    rest = [name for name, _ in program.results if name not in order]
    assert len(rest) == len(parts)
    found |= {name: plain(p) for name, p in zip(rest, parts, strict=True)}
    return found if all(finite(v) for v in found.values()) else None


@pytest.mark.parametrize("source", list(functions()), ids=lambda s: f"{s.path}:{s.entry}")
def test_python_interpreter_and_summary_agree(source: Source) -> None:
    try:
        program = program_of(source)
        summary = dict(lift_program(program).summary.post)
    except UnsupportedSource:
        summary = {}
    node = next(n for n in ast.parse(source.text).body if getattr(n, "name", "") == source.entry)
    assert isinstance(node, ast.FunctionDef)
    arguments = [a.arg for a in node.args.args]
    compared = []

    @settings(max_examples=25, deadline=None, database=None, derandomize=True)
    @given(st.integers(0, 2**32))
    def check(seed: int) -> None:
        found = inputs_of(program, arguments, random.Random(seed))
        want = None if found is None else python_results(source, program, found[0])
        if found is None or want is None:
            return
        given_, sizes = found
        try:
            got = interpret(program, given_, sizes=sizes)
        except ProgramError:
            assert not summary or any(p.dtype.startswith(("i", "u")) for p in program.params if p.shape)
            return  # a negative index that Python wraps and the precondition excludes
        for name, value in want.items():
            assert same(got[name], value), f"interpreter: {name} on {given_}"
            if summary:
                assert same(Evaluation(given_, sizes).value(summary[name]), value), f"summary: {name} on {given_}"
        compared.append(seed)

    check()
    assert len(compared) >= 3, "too few inputs satisfied the preconditions for the test to mean anything"
