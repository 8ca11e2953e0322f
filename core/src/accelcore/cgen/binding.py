"""Kernels with a signature of their own: an adapter makes them callable through the C interface.

A kernel's `binding` lists (what, argument) pairs in the order of its own parameters: `argument` is a C expression over
the names of the task's parameters and sizes ("x", "n", "2*n", "alpha"), `what` the task parameter that it is for, or
any label.  The pair (result, "return") stores the returned value to a scalar result.
"""

from __future__ import annotations

import re
from dataclasses import replace

from accelcore.cgen.abi import signature, symbol
from accelcore.cgen.names import identifier
from accelcore.errors import UsageError
from accelcore.values import Kernel, Task, abi_arguments

_ALLOWED = re.compile(r"[\w\s+\-*/%().,]*")


def adapted(task: Task, kernel: Kernel) -> Kernel:
    """The kernel with an adapter `ac_<task>` below its text; the kernel itself when it has no binding."""
    if not kernel.binding:
        return kernel
    known = {a.name for a in abi_arguments(task)}
    arguments, returned = [], ""
    for what, text in kernel.binding:
        if text == "return":
            returned = f"{identifier(what)}[0] = "
            continue
        _check(text, known)
        arguments.append(
            re.sub(r"[A-Za-z_]\w*", lambda m: identifier(m.group()) if m.group() in known else m.group(), text)
        )
    head = signature(task.name, abi_arguments(task), workspace=False, restrict="")
    body = f"    {returned}{kernel.entry}({', '.join(arguments)});"
    text = f"{kernel.text}\n\n#include <stdint.h>\n\n{head} {{\n{body}\n    return 0;\n}}\n"
    return replace(kernel, text=text, entry=symbol(task.name), binding=())


def _check(text: str, known: set[str]) -> None:
    words = set(re.findall(r"[A-Za-z_]\w*", text))
    unknown = words - known - {"int", "float", "double", "long", "char", "const", "void", "unsigned", "size_t"}
    if unknown or not _ALLOWED.fullmatch(text):
        raise UsageError(
            f"the binding {text!r} is no expression over the task's parameters",
            hint=f"they are: {', '.join(sorted(known))}",
        )
