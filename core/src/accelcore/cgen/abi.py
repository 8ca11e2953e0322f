"""The C interface of kernels (docs/abi.md): prototypes, headers, workspaces."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from accelcore.cgen.names import ctype, identifier
from accelcore.ir.expr import Expr, binary, index
from accelcore.loops.nodes import Buffer, Program
from accelcore.values import AbiArg, Role, Task, abi_arguments


def program_arguments(program: Program) -> tuple[AbiArg, ...]:
    """The arguments of a program's function; sizes that only shapes name come last, in order of their names."""
    given = [_argument(b) for b in program.arguments]
    named = {b.name for b in program.arguments}
    rest = sorted({size for b in program.arguments for e in b.shape for size in e.sizes} - named)
    return (*given, *(AbiArg(name, "size", "i64", Role.SIZE) for name in rest))


def _argument(buffer: Buffer) -> AbiArg:
    role = buffer.role or Role.IN
    kind = {Role.SIZE: "size", Role.SCALAR: "scalar"}.get(role, "pointer")
    return AbiArg(buffer.name, kind, buffer.dtype, role, buffer.shape)


def sizes(program: Program) -> list[str]:
    """Names of the size arguments, in order."""
    return [a.name for a in program_arguments(program) if a.kind == "size"]


def declaration(arg: AbiArg, *, restrict: str = "restrict ") -> str:
    """One parameter declaration."""
    if arg.kind == "size":
        return f"int64_t {identifier(arg.name)}"
    if arg.kind == "scalar":
        return f"{ctype(arg.dtype)} {identifier(arg.name)}"
    const = "const " if arg.role is Role.IN else ""
    return f"{const}{ctype(arg.dtype)} *{restrict}{identifier(arg.name)}"


def signature(name: str, args: Iterable[AbiArg], *, workspace: bool, restrict: str = "restrict ") -> str:
    """`int ac_<name>(...)`."""
    inside = [declaration(a, restrict=restrict) for a in args]
    if workspace:
        inside.append("void *ac_workspace")
    text = f"int {symbol(name)}({', '.join(inside) or 'void'})"
    return text if len(text) <= 110 else text.replace(", ", ",\n        ")


def symbol(name: str) -> str:
    """The exported symbol of a task."""
    return f"ac_{name}"


def prototype(program: Program, *, workspace: bool) -> str:
    """The head of a program's function."""
    return signature(program.name, program_arguments(program), workspace=workspace)


def workspace_head(name: str, names: Iterable[str]) -> str:
    """`int64_t ac_<name>_workspace(...)` over all size arguments."""
    inside = ", ".join(f"int64_t {identifier(n)}" for n in names) or "void"
    return f"int64_t {symbol(name)}_workspace({inside})"


def workspace_function(program: Program, lines: list[str], parts: list[str]) -> list[str]:
    """The function that tells how many bytes of scratch the kernel needs."""
    names = sizes(program)
    unused = [f"    (void){identifier(n)};" for n in names]
    return ["", f"{workspace_head(program.name, names)} {{", *unused, *lines, f"    return {' + '.join(parts)};", "}"]


def rounded_bytes(buffer: Buffer, scalar: Callable[[Expr], str]) -> str:
    """C text of a buffer's bytes, rounded up to a multiple of 64 so that the next buffer is aligned."""
    from accelcore.ir.dtypes import DTYPES

    count: Expr = index((DTYPES[buffer.dtype].bits or 64) // 8)
    for extent in buffer.shape:
        count = binary("mul", count, extent)
    return f"(({scalar(count)} + 63) & ~INT64_C(63))"


def header(task: Task, *, workspace: bool = False) -> str:
    """Text of a header that declares a task's kernel to C and C++ callers."""
    guard = f"ACCELCORE_{task.name.upper()}_H"
    args = abi_arguments(task)
    lines = [f"#ifndef {guard}", f"#define {guard}", "", "#include <stdint.h>", ""]
    lines += ["#ifdef __cplusplus", 'extern "C" {', "#endif", ""]
    lines += [f"/* {line} */" for line in _words(args)]
    lines.append(signature(task.name, args, workspace=workspace, restrict="") + ";")
    if workspace:
        lines.append("/* Bytes of scratch that the last argument points to, aligned to 64. */")
        lines.append(workspace_head(task.name, (a.name for a in args if a.kind == "size")) + ";")
    lines += ["", "#ifdef __cplusplus", "}", "#endif", "", f"#endif /* {guard} */", ""]
    return "\n".join(lines)


def _words(args: Iterable[AbiArg]) -> list[str]:
    """What each array argument holds."""
    found = []
    for arg in args:
        if arg.kind == "pointer":
            shape = "".join(f"[{extent!r}]" for extent in arg.shape) or "[1]"
            what = {Role.IN: "read", Role.OUT: "written", Role.INOUT: "read and written"}[arg.role]
            found.append(f"{arg.name}{shape}: {arg.dtype}, {what}")
    return [*found, "Returns 0, or 1 for sizes that the kernel does not support.  Arrays do not overlap."]
