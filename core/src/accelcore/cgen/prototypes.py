"""Kernels with a signature of their own: which of the task's arguments goes where, read off the C prototype.

A parameter takes, in this order: what the user says; the argument of its own name; then, one after the other, those
that are left of its kind: arrays that are read for `const` pointers, results for others, extents for integers, scalars
for numbers of their dtype.  A guess is no claim: the kernel is judged as bound, and one that is bound wrongly is wrong.
It stops because each parameter takes one argument off a finite list.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from accelcore.cgen.abi import symbol
from accelcore.cgen.binding import adapted
from accelcore.cgen.names import ctype
from accelcore.errors import UsageError
from accelcore.values import AbiArg, Kernel, Role, Task, abi_arguments

_NOISE = re.compile(
    r"//[^\n]*|/\*.*?\*/|^[ \t]*#[^\n]*|\"[^\"\n]*\"|__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\)", re.S | re.M
)
"""Comments, directives, strings, attributes."""
_QUALIFIER = re.compile(r"\b(?:restrict|__restrict__|__restrict|volatile|register|struct|extern|static|inline)\b")
_INTEGER = re.compile(r"u?int\d+_t|size_t|ssize_t|ptrdiff_t")
_SAME = {
    "int": "int32_t", "unsigned": "uint32_t", "unsigned int": "uint32_t", "char": "int8_t", "signed char": "int8_t",
    "unsigned char": "uint8_t", "short": "int16_t", "unsigned short": "uint16_t", "long": "int64_t",
    "long long": "int64_t", "unsigned long": "uint64_t", "unsigned long long": "uint64_t", "bool": "uint8_t",
}  # fmt: skip


@dataclass(frozen=True)
class Parameter:
    """One parameter of a C function; `type` without qualifiers, `*` for each level of a pointer."""

    name: str
    type: str
    constant: bool = False

    @property
    def pointer(self) -> bool:
        """Whether it is one, or an array."""
        return self.type.endswith("*")

    def takes(self, arg: AbiArg) -> bool:
        """Whether an argument of the task may go here."""
        if arg.kind == "pointer":
            same = self.type.rstrip("*").strip() in (ctype(arg.dtype), "void")
            return self.pointer and same and not (self.constant and arg.role is not Role.IN)
        integer = bool(_INTEGER.fullmatch(self.type))
        return not self.pointer and (integer if arg.kind == "size" else self.type == ctype(arg.dtype))


@dataclass(frozen=True)
class Prototype:
    """The head of a C function; `static` for one that other files cannot call."""

    name: str
    returns: str
    parameters: tuple[Parameter, ...]
    static: bool = False


def prototype(text: str, name: str) -> Prototype | None:
    """The head of a function that a C text defines; None where it has no such function, or one beyond this reader."""
    plain = _NOISE.sub(" ", text)
    match = re.search(rf"(?:^|[;}}])([^;{{}}()]*?)\b{re.escape(name)}\s*\(([^(){{}};]*)\)\s*{{", plain)
    if match is None:
        return None
    inside = [part.strip() for part in match.group(2).split(",")]
    if inside in ([""], ["void"]):
        inside = []
    parameters = tuple(_parameter(part) for part in inside)
    if any(not p.name or not p.type for p in parameters):
        return None
    before = match.group(1)
    returns = " ".join(_QUALIFIER.sub(" ", before).split())
    return Prototype(name, _SAME.get(returns, returns), parameters, "static" in before.split())


def _parameter(text: str) -> Parameter:
    """`const float *restrict x`, `float x[static 8]`: name, type, whether what it points to is constant."""
    array = "[" in text
    words = _QUALIFIER.sub(" ", re.sub(r"\[[^\]]*\]", "", text)).replace("*", " * ").split()
    name = words.pop() if words and words[-1].isidentifier() and len(words) > 1 else ""
    constant = "const" in words[: words.index("*")] if "*" in words else array and "const" in words
    kind = " ".join(word for word in words if word not in ("const", "*"))
    kind = _SAME.get(kind, kind)
    return Parameter(name, f"{kind} {'*' * (words.count('*') + array)}".strip(), constant)


def bound(task: Task, kernel: Kernel, given: Mapping[str, str]) -> Kernel:
    """The kernel with its binding: what is given by parameter, and the rest by name, type and order.

    A kernel that keeps to docs/abi.md needs none.  Raises UsageError for a parameter that there is not, or one that
    nothing fits.
    """
    head = prototype(kernel.text, kernel.entry) if kernel.language == "c" else None
    if head is None:
        return replace(kernel, binding=tuple(given.items())) if given else kernel
    results = {what: text for what, text in given.items() if text == "return"}
    chosen = {what: text for what, text in given.items() if text != "return"}
    names = [p.name for p in head.parameters]
    for what in chosen:
        if what not in names:
            there = ", ".join(names) or "none"
            raise UsageError(f"{head.name} has no parameter {what!r}; it has: {there}", where="--bind")
    if not given and (kernel.entry == symbol(task.name) or kernel.binding):
        return kernel
    binding = _inferred(task, head, chosen, results)
    plain = tuple((a.name, a.name) for a in abi_arguments(task))
    keeps = head.returns == ctype("i32") and tuple((text, text) for _, text in binding) == plain
    if keeps and not given:
        return kernel
    made = replace(kernel, binding=binding)
    adapted(task, made)  # refuses what is no expression over the task's arguments
    return made


def fits(task: Task, text: str, name: str) -> bool:
    """Whether the parameters of a C function can be told from the task's arguments."""
    head = prototype(text, name)
    try:
        return head is not None and bool(_inferred(task, head, {}, {}))
    except UsageError:
        return False


def _inferred(
    task: Task, head: Prototype, chosen: Mapping[str, str], results: Mapping[str, str]
) -> tuple[tuple[str, str], ...]:
    """(parameter, argument) in the order of the parameters, then a result that is returned."""
    left = [a for a in _in_order(task) if a.name not in (*chosen.values(), *results)]
    bound = dict(chosen)
    for p in head.parameters:
        same = next((a for a in left if a.name.lower() == p.name.lower() and p.takes(a)), None)
        if p.name not in bound and same is not None:
            left.remove(same)
            bound[p.name] = same.name
    for p in head.parameters:
        if p.name in bound:
            continue
        fitting = [a for a in left if p.takes(a)]
        fitting.sort(key=lambda a: a.kind == "pointer" and (a.role is Role.IN) is not p.constant)
        if not fitting:
            raise UsageError(
                f"nothing of task {task.name} is known to go to parameter {p.name!r} of {head.name}",
                where="--bind",
                hint=f"say what does: --bind {p.name}=EXPRESSION over {', '.join(a.name for a in abi_arguments(task))}",
            )
        left.remove(fitting[0])
        bound[p.name] = fitting[0].name
    return (*((p.name, bound[p.name]) for p in head.parameters), *_returned(head, left, results))


def _returned(head: Prototype, left: list[AbiArg], given: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """What becomes of the returned value: the one scalar result that no parameter takes.  `left`: what none takes."""
    returned = dict(given)
    for a in left:
        if a.kind != "pointer" or a.role is Role.IN:
            continue
        if a.shape or a.role is not Role.OUT or returned or head.returns != ctype(a.dtype):
            raise UsageError(
                f"{head.name} has no parameter for the result {a.name!r}",
                where="--bind",
                hint=f"say which: --bind PARAMETER={a.name}",
            )
        returned[a.name] = "return"
    return tuple(returned.items())


def _in_order(task: Task) -> list[AbiArg]:
    """The arguments; extents in the order in which the shapes name them, as people write them."""
    seen = [size for p in task.params for extent in p.shape for size in sorted(extent.sizes)]
    found = list(abi_arguments(task))
    return sorted(found, key=lambda a: seen.index(a.name) if a.kind == "size" and a.name in seen else -1)
