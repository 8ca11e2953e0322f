"""wrapper.py of an export: the interface of one kernel as Python literals, and the runtime that calls it."""

from __future__ import annotations

from importlib.resources import files
from pprint import pformat

from accelcore.export.expressions import numpy_condition
from accelcore.export.interface import Interface
from accelcore.ir.printer import text
from accelcore.values import Role

_CALL = """
if __name__ == "__main__":
    print(load())
"""


def wrapper(interface: Interface, command: tuple[str, ...]) -> str:
    """The text of wrapper.py; `command` is the compiler with its flags, libraries ("-l...") at its end."""
    runtime = files("accelcore").joinpath("export/data/wrapper.py.in").read_text(encoding="utf-8")
    head, imports, body = _parts(runtime)
    return f"{head}\n{imports}\n{_literals(interface, command)}\n{_functions(interface)}\n{body}{_CALL}"


def _parts(runtime: str) -> tuple[str, str, str]:
    """Docstring, imports, and the rest of the runtime."""
    end = runtime.index('"""', 3) + 3
    marker = "import numpy as np\n"
    at = runtime.index(marker) + len(marker)
    return runtime[:end] + "\n", runtime[end:at].lstrip("\n"), runtime[at:]


def _literals(interface: Interface, command: tuple[str, ...]) -> str:
    arguments = [
        {
            "name": a.name,
            "kind": a.kind,
            "dtype": a.dtype,
            "role": str(a.role),
            "shape": [text(e) for e in a.shape],
            "implied": a.kind == "size" and all(p.name != a.name for p in interface.task.params),
        }
        for a in interface.arguments
    ]
    kernel = {
        "name": interface.task.name,
        "entry": interface.entry,
        "checked": interface.checked is not None,
        "sizes": list(interface.sizes),
        "inferred": list(interface.inferred()),
    }
    libraries = [c for c in command if c.startswith("-l")]
    flags = [c for c in command if not c.startswith("-l")]
    return (
        f"KERNEL = {pformat(kernel, width=110)}\nARGUMENTS = {pformat(arguments, width=110, sort_dicts=False)}\n"
        f"FLAGS = {flags!r}\nLIBRARIES = {libraries!r}\n"
    )


def _functions(interface: Interface) -> str:
    """`bind_extents(sizes)` and `preconditions(values, sizes)` as Python source."""
    parameters = ", ".join((*interface.sizes, "**_"))
    shapes = []
    for argument in interface.arguments:
        if argument.kind == "pointer":
            extents = [numpy_condition(e) for e in argument.shape]
            shape = "".join(f"int({e}), " for e in extents)
            shapes.append(f"        {argument.name!r}: ({shape.rstrip() if shape else ''}),")
    names = [a.name for a in interface.arguments if a.kind != "size" and a.role is not Role.OUT]
    checked, skipped = [], []
    for expression, condition in interface.conditions():
        if condition is None:
            skipped.append(f"    # not checked here: {text(expression)}")
        else:
            checked.append(f"    yield {text(expression)!r}, bool({condition})")
    return "\n".join(
        [
            "",
            f"def bind_extents({parameters}):",
            '    """Shapes of the arrays at these sizes."""',
            "    return {",
            *shapes,
            "    }",
            "",
            "",
            f"def preconditions({', '.join((*names, *interface.sizes, '**_'))}):",
            '    """What the proof assumed: pairs of a condition in words and whether it holds."""',
            *skipped,
            *(checked or ["    yield from ()"]),
            "",
        ]
    )
