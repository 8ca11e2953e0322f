"""A `main` at the end of a kernel's file: `accelcore run kernel.c --target gemmini` runs it against plain loops.

It is there for bare-metal builds only (BAREMETAL), and never when the kernel is judged.
"""

from __future__ import annotations

from accelcore.cgen.names import ctype, identifier
from accelcore.errors import AccelcoreError
from accelcore.ir.dtypes import DTYPES
from accelcore.ir.expr import Expr, index
from accelcore.ir.simplify import simplify
from accelcore.values import AbiArg, Kernel, Role, Task, abi_arguments
from accelcore_gemmini.lowering.ctext import bare, number_text

_VERDICT = "elements differ from the plain loops"
NO_DIFFERENCE = f"^0 of [1-9][0-9]* {_VERDICT}"
"""What the output of a right kernel matches (a basic regular expression)."""

_FILL = {
    "i8": "random_number() % 15 - 7", "i32": "random_number() % 201 - 100",
    "f32": "(random_number() % 201 - 100) / 64.0f",
}  # fmt: skip
_RANDOM = """\
static int random_number(void) { /* a linear congruential generator */
    static uint32_t state = 1;
    state = state * 1664525u + 1013904223u;
    return (int)(state >> 16);
}"""


def self_check(task: Task) -> str:
    """The text; empty where the task has no sizes, or a dtype that is not filled."""
    arguments = abi_arguments(task)
    if not task.sizes or any(a.kind != "size" and a.dtype not in _FILL for a in arguments):
        return ""
    plain = _plain(task)
    return "\n".join([
        "#if defined(BAREMETAL) && !defined(ACCELCORE_KERNEL)", "#include <math.h>", "#include <stdio.h>",
        "#include <stdlib.h>", "", *([plain] if plain else []), _RANDOM, "", "int main(void) {",
        *("    " + line for line in _body(task, arguments, checked=bool(plain))), "}", "#endif",
    ])  # fmt: skip


def checks_itself(kernel: Kernel) -> bool:
    """Whether the text has a `main` that compares with plain loops; kernels written by others have none."""
    return _VERDICT in kernel.text


def _plain(task: Task) -> str:
    """The loops in plain C as `plain_<name>`; empty where they need scratch memory or have no plain form."""
    from accelcore.cgen.baseline import plain_c
    from accelcore.loops.lower import lower

    try:
        text = plain_c(lower(task))
    except AccelcoreError:
        return ""
    head = f"int ac_{task.name}("
    return "" if "_workspace(" in text else text.replace(head, f"static int plain_{task.name}(")


def _body(task: Task, arguments: tuple[AbiArg, ...], *, checked: bool) -> list[str]:
    sizes = [f"const int64_t {identifier(name)} = {value};" for name, value in task.sizes[0]]
    lines = [*sizes, "long wrong = 0, all = 0;"]
    for a in arguments:
        lines += _made(a)
    names = ", ".join(identifier(a.name) for a in arguments)
    lines.append(f"const int refused = ac_{task.name}({names});")
    results = [a for a in arguments if a.role is Role.OUT]
    if not checked:
        return [*lines, 'printf(refused ? "these sizes are refused\\n" : "done\\n");', "return refused;"]
    for a in results:
        name = identifier(a.name)
        lines += [f"{ctype(a.dtype)} *want_{name} = malloc(({_count(a)}) * sizeof *want_{name} + 1);"]
    wanted = ", ".join(("want_" if a.role is Role.OUT else "") + identifier(a.name) for a in arguments)
    lines.append(f"plain_{task.name}({wanted});")
    for a in results:
        name = identifier(a.name)
        apart = f"{name}[at] != want_{name}[at]"
        if DTYPES[a.dtype].is_float:
            apart = f"fabsf({name}[at] - want_{name}[at]) > 1e-4f * (1 + fabsf(want_{name}[at]))"
        lines.append(f"for (int64_t at = 0; at < {_count(a)}; at++) all++, wrong += {apart};")
    lines.append(f'printf("%ld of %ld {_VERDICT}\\n", wrong, all);')
    return [*lines, "return refused || wrong;"]


def _made(a: AbiArg) -> list[str]:
    name, kind = identifier(a.name), ctype(a.dtype) if a.kind != "size" else ""
    if a.kind == "size":
        return []
    if a.kind == "scalar":
        return [f"const {kind} {name} = {_FILL[a.dtype]};"]
    lines = [f"{kind} *{name} = malloc(({_count(a)}) * sizeof *{name} + 1);"]
    if a.role is not Role.OUT:
        lines.append(f"for (int64_t at = 0; at < {_count(a)}; at++) {name}[at] = {_FILL[a.dtype]};")
    return lines


def _count(a: AbiArg) -> str:
    count: Expr = index(1)
    for extent in a.shape:
        count = count * extent
    return bare(number_text(simplify(count), {})).replace("arg.", "")
