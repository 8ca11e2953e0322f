"""What an exported C kernel's files know about its interface: header, extents, arguments (docs/abi.md)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from accelcore.export.expressions import c_extent, numpy_condition
from accelcore.ir.expr import Expr
from accelcore.values import AbiArg, Kernel, Role, Task, abi_arguments, size_names


@dataclass(frozen=True)
class Interface:
    """A task and the C kernel that implements it, as other files must call it."""

    task: Task
    kernel: Kernel

    @cached_property
    def arguments(self) -> tuple[AbiArg, ...]:
        """Arguments in the order of the C function, without the workspace."""
        return abi_arguments(self.task)

    @property
    def sizes(self) -> tuple[str, ...]:
        """All size names, sorted."""
        return size_names(self.task)

    @property
    def entry(self) -> str:
        """The exported symbol."""
        return self.kernel.entry

    @property
    def has_workspace(self) -> bool:
        """Whether the kernel takes scratch memory as its last argument."""
        return f"{self.entry}_workspace" in self.kernel.text

    @cached_property
    def prototype(self) -> str:
        """The C declaration of the kernel."""
        parts = [_declared(a) for a in self.arguments]
        if self.has_workspace:
            parts.append("void *workspace")
        return f"int {self.entry}({', '.join(parts) or 'void'})"

    @property
    def workspace_prototype(self) -> str:
        """The C declaration of the function that gives the bytes of scratch."""
        names = ", ".join(f"int64_t {_c(n)}" for n in self.sizes)
        return f"int64_t {self.entry}_workspace({names or 'void'})"

    @cached_property
    def checked(self) -> str | None:
        """checked.c: the entry that tests the preconditions first; None where one of them has no C code."""
        from accelcore.cgen.abi import symbol
        from accelcore.cgen.border import checked_source
        from accelcore.errors import UnsupportedLowering

        if self.entry != symbol(self.task.name):
            return None  # a user's own kernel under a name of its own
        every = tuple(dict.fromkeys((*self.task.requires, *self.kernel.domain)))
        try:
            return checked_source(replace(self.task, requires=every), workspace=self.has_workspace)
        except UnsupportedLowering:
            return None

    @property
    def checked_prototype(self) -> str:
        """The C declaration of the entry in checked.c."""
        parts = [_declared(a) for a in self.arguments]
        return f"int {self.entry}_checked({', '.join(parts) or 'void'})"

    def inferred(self) -> tuple[str, ...]:
        """Sizes that are the whole extent of an axis of some argument that the caller gives."""
        given = [a for a in self.arguments if a.kind == "pointer" and a.role is not Role.OUT]
        found = {e.name for a in given for e in a.shape if e.op in ("size", "param")}
        return tuple(n for n in self.sizes if n in found)

    def conditions(self) -> tuple[tuple[Expr, str | None], ...]:
        """Preconditions and the kernel's domain, each with its NumPy text, None where it has none."""
        every = dict.fromkeys((*self.task.requires, *self.kernel.domain))
        return tuple((e, numpy_condition(e)) for e in every)


def _c(name: str) -> str:
    from accelcore.cgen.names import identifier

    return identifier(name)


def _declared(argument: AbiArg) -> str:
    from accelcore.cgen.names import ctype

    name = _c(argument.name)
    if argument.kind == "size":
        return f"int64_t {name}"
    if argument.kind == "scalar":
        return f"{ctype(argument.dtype)} {name}"
    const = "const " if argument.role is Role.IN else ""
    return f"{const}{ctype(argument.dtype)} *{name}"


def header(interface: Interface) -> str:
    """kernel.h: the prototype, what each argument is, and the preconditions."""
    from accelcore.ir.printer import text

    guard = f"{interface.entry.upper()}_H"
    lines = [f" *   {_c(a.name):12s} {_described(a)}" for a in interface.arguments]
    requires = [f" *   {text(e)}" for e, _ in interface.conditions()] or [" *   nothing"]
    scratch = [f"{interface.workspace_prototype};"] if interface.has_workspace else []
    return "\n".join(
        [
            f"#ifndef {guard}",
            f"#define {guard}",
            "",
            "#include <stdint.h>",
            "",
            "#ifdef __cplusplus",
            'extern "C" {',
            "#endif",
            "",
            f"/* {interface.task.name}: returns 0 when done, 1 when it does not support these sizes.",
            " * Arrays are row-major and contiguous, need only the alignment of an element, and do not overlap.",
            " *",
            *lines,
            " *",
            " * It requires:",
            *requires,
            *([" * `workspace` is scratch of the size that the function below gives."] if scratch else []),
            " */",
            f"{interface.prototype};",
            *scratch,
            *_checked(interface),
            "",
            "#ifdef __cplusplus",
            "}",
            "#endif",
            "",
            "#endif",
            "",
        ]
    )


def _checked(interface: Interface) -> list[str]:
    if interface.checked is None:
        return []
    scratch = ", 3 when there is no memory for the workspace, which it allocates" if interface.has_workspace else ""
    return [
        "",
        f"/* The same in checked.c: returns 2 when something that is required does not hold{scratch}. */",
        f"{interface.checked_prototype};",
    ]


def _described(argument: AbiArg) -> str:
    from accelcore.ir.printer import text

    what = {"in": "input", "out": "result", "inout": "input and result", "scalar": "scalar", "size": "size"}
    shape = f"[{', '.join(text(e) for e in argument.shape)}]" if argument.shape else ""
    one = " (an array of one)" if argument.kind == "pointer" and not argument.shape else ""
    return f"{what[argument.role]}, {argument.dtype}{shape}{one}"


def c_count(argument: AbiArg) -> str:
    """Number of elements of an array argument as a C expression."""
    return " * ".join(c_extent(e) for e in argument.shape) or "1"
