"""The script of a counterexample: what a person pastes to see program and summary differ."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Any

from accelcore.values import Role, Source
from accelcore_llmlift.program import Program
from accelcore_llmlift.verify.inputs import extents, filled

_NUMPY = re.compile(r"\.shape|\.ndim|\bnp\.|\bnumpy\b|\[[^\[\]]*[,:][^\[\]]*\]")
"""Signs that a function indexes its arguments as arrays and not as lists."""


def script_for(
    source: Source, program: Program, inputs: Mapping[str, Any], sizes: Mapping[str, int], result: str, want: Any
) -> str:
    """Python text that runs the source on the inputs and prints what it computes beside what the summary says."""
    if source.language == "python":
        return _python(source, program, inputs, sizes, result, want)
    return _interpreted(source, inputs, sizes, result, want)


def _python(
    source: Source, program: Program, inputs: Mapping[str, Any], sizes: Mapping[str, int], result: str, want: Any
) -> str:
    arguments = _arguments(source)
    lines = [source.text.strip("\n"), "", ""]
    arrays = bool(_NUMPY.search(_body(source)))
    if arrays:
        lines.append("import numpy as np")
    for name in arguments:
        value = inputs.get(name, sizes.get(name))
        if value is None:
            value = _blank(program, name, sizes)
        text = repr(value)
        # Elements stay Python numbers: the source's arithmetic is exact, not that of a machine dtype.
        wrapped = f"np.array({text}, dtype=object)" if arrays and isinstance(value, list) else text
        lines.append(f"{name} = {wrapped}")
    lines.append(f"returned = {source.entry}({', '.join(arguments)})")
    shown = result if result in arguments else "returned"
    lines.append(f'print("the program computes", {shown})')
    lines.append(f'print("the summary says    ", {want!r}, "for result {result}")')
    return "\n".join(lines) + "\n"


def _interpreted(source: Source, inputs: Mapping[str, Any], sizes: Mapping[str, int], result: str, want: Any) -> str:
    return "\n".join((
        "from accelcore.values import Source",
        "from accelcore_llmlift.frontend import program_of",
        "from accelcore_llmlift.interpret import interpret",
        "",
        f"source = Source({source.text!r}, {source.language!r}, {source.entry!r})",
        f"inputs = {({**sizes, **inputs})!r}",
        f'print("the program computes", interpret(program_of(source), inputs)[{result!r}])',
        f'print("the summary says    ", {want!r})',
        "",
    ))  # fmt: skip


def _function(source: Source) -> ast.FunctionDef | None:
    for node in ast.walk(ast.parse(source.text)):
        if isinstance(node, ast.FunctionDef) and node.name == source.entry:
            return node
    return None


def _arguments(source: Source) -> list[str]:
    function = _function(source)
    return [a.arg for a in function.args.args] if function is not None else []


def _body(source: Source) -> str:
    function = _function(source)
    return "\n".join(ast.unparse(s) for s in function.body) if function is not None else source.text


def _blank(program: Program, name: str, sizes: Mapping[str, int]) -> Any:
    """Zeros for an output parameter."""
    for p in program.params:
        if p.name == name and p.role is Role.OUT:
            return filled(extents(p, sizes), lambda: 0)
    return 0
