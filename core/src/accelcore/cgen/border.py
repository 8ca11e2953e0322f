"""The checked entry of an exported kernel: `ac_<name>_checked` tests what the task requires, then calls the kernel.

The test is itself a task, with one boolean result, lowered and emitted as plain loops; so whatever can be required can
be tested.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce

from accelcore.cgen.abi import signature, symbol, workspace_head
from accelcore.cgen.names import identifier
from accelcore.ir.expr import Expr, binary
from accelcore.values import AbiArg, Param, Role, Summary, Task, abi_arguments

_RESULT = "ac_holds"


def checked_source(task: Task, *, workspace: bool) -> str:
    """A C translation unit with `int ac_<name>_checked(...)` (docs/abi.md), to be linked with the kernel.

    It returns 2 when a precondition does not hold, 3 when there is no memory for the workspace, else what the kernel
    returns.  Raises UnsupportedLowering for a precondition that has no C code.
    """
    args = abi_arguments(task)
    test, call_test = _test(task, args) if task.requires else ("", [])
    prototype = signature(task.name, args, workspace=workspace, restrict="")
    lines = ["#include <stdint.h>", "#include <stdlib.h>", test, f"{prototype};"]
    if workspace:
        lines.append(f"{workspace_head(task.name, (a.name for a in args if a.kind == 'size'))};")
    head = signature(f"{task.name}_checked", args, workspace=False, restrict="")
    names = ", ".join(identifier(a.name) for a in args)
    lines += ["", f"{head} {{", *call_test, *_call(task, args, names, workspace=workspace), "}", ""]
    return "\n".join(lines)


def _call(task: Task, args: Sequence[AbiArg], names: str, *, workspace: bool) -> list[str]:
    if not workspace:
        return [f"    return {symbol(task.name)}({names});"]
    sizes = ", ".join(identifier(a.name) for a in args if a.kind == "size")
    return [
        f"    const int64_t ac_bytes = {symbol(task.name)}_workspace({sizes});",
        "    void *ac_workspace = aligned_alloc(64, (size_t)((ac_bytes + 127) / 64 * 64));",
        "    if (!ac_workspace) return 3;",
        f"    const int ac_result = {symbol(task.name)}({names}, ac_workspace);",
        "    free(ac_workspace);",
        "    return ac_result;",
    ]


def _test(task: Task, args: Sequence[AbiArg]) -> tuple[str, list[str]]:
    """C text of a function that tests the preconditions, and the lines that call it."""
    from accelcore.cgen.baseline import plain_c
    from accelcore.loops.lower import lower

    every: Expr = reduce(lambda a, b: binary("land", a, b), task.requires)
    inputs = tuple(replace(p, role=Role.IN if p.role is Role.INOUT else p.role) for p in task.params)
    params = (*(p for p in inputs if p.role is not Role.OUT), Param(_RESULT, "bool", (), Role.OUT))
    # Extents of results name sizes too; an unused array of each keeps the sizes in the signature.
    test = Task(f"{task.name}_requires", params, Summary(((_RESULT, every),)), tolerance=task.tolerance)
    known = {a.name for a in args}
    wanted = [a for a in abi_arguments(test) if a.name in known or a.name == _RESULT]
    passed = ", ".join(f"&{_RESULT}" if a.name == _RESULT else identifier(a.name) for a in wanted)
    text = plain_c(lower(test)).replace(f"int {symbol(test.name)}(", f"static int {symbol(test.name)}(")
    call = [f"    uint8_t {_RESULT} = 0;", f"    {symbol(test.name)}({passed});", f"    if (!{_RESULT}) return 2;"]
    return text, call
