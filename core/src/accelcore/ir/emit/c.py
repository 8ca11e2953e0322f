"""C: plain loops over row-major arrays, with the interface of docs/abi.md (`int ac_<name>(...)`, 0 when done).

Reals are computed in double and unbounded integers in int64_t.  Every value is computed in the loop of the innermost
index that it uses, so what does not depend on an inner index is computed once before it; a reduction is a loop of its
own there.  Inside a branch of a select nothing is moved out of the branch, because its reads may be out of range
elsewhere.  Arrays that are read and written are copied first: a summary speaks of values at entry.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from accelcore.errors import UnsupportedLowering
from accelcore.ir.dtypes import DTYPES
from accelcore.ir.emit.names import Names, shared_scalars
from accelcore.ir.emit.operators_c import HELPERS, bare, cast_text, literal, operator_text
from accelcore.ir.expr import BINDERS, Expr, const, parts, select, walk
from accelcore.values import Param, Role, Summary, Task, abi_arguments


def emit(task: Task) -> str:
    """A C translation unit for the task's summary; UnsupportedLowering where there is none or it uses bf16."""
    if not isinstance(task.reference, Summary):
        raise UnsupportedLowering(f"{task.name} was not lifted: there is no summary to emit", hint="lift it first")
    writer = _Writer(task)
    for name, e in task.reference.post:
        writer.result(task.param(name), e)
    return writer.unit()


def c_type(dtype: str) -> str:
    """The C type of a value: int64_t for "int", double for "real"."""
    if dtype == "bf16":
        raise UnsupportedLowering("bf16 has no C type", hint="use f32 storage, or a target that has bf16")
    return {"int": "int64_t", "real": "double"}.get(dtype) or DTYPES[dtype].c_name


@dataclass
class _Block:
    """Lines of one block; what is known in it; `bound`: the variable of its loop; a branch keeps everything inside."""

    bound: tuple[int, ...] = ()
    branch: bool = False
    lines: list[str] = field(default_factory=list)
    known: dict[Expr, str] = field(default_factory=dict)
    buffers: list[str] = field(default_factory=list)


class _Writer:
    """The blocks that are open, from the function's body inwards."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._names = Names({p.name for p in task.params} | {a.name for a in abi_arguments(task)})
        self._variables: dict[int, str] = {}
        self._blocks = [_Block()]
        self._helpers: set[str] = set()
        assert isinstance(task.reference, Summary)
        self._shared = shared_scalars([e for _, e in task.reference.post])
        self._entry = {p.name: p.name for p in task.params}
        for param in task.params:
            if param.role is Role.INOUT and param.shape:
                self._copy_entry(param)

    def unit(self) -> str:
        """The whole text."""
        body = "\n".join(f"    {line}" for line in self._closed(self._blocks[0]))
        helpers = "".join(HELPERS[name] for name in HELPERS if name in self._helpers)
        includes = "#include <math.h>\n#include <stdint.h>\n#include <stdlib.h>\n#include <string.h>\n\n"
        return f"{includes}{helpers}{self._signature()} {{\n{body}\n    return 0;\n}}\n"

    def _signature(self) -> str:
        arguments = []
        for a in abi_arguments(self._task):
            if a.kind != "pointer":
                arguments.append(f"{c_type(a.dtype)} {a.name}")
            else:
                constant = "const " if a.role is Role.IN else ""
                arguments.append(f"{constant}{c_type(a.dtype)} *{a.name}")
        return f"int ac_{self._task.name}({', '.join(arguments)})"

    def _copy_entry(self, param: Param) -> None:
        name = self._entry[param.name] = self._names.fresh(f"{param.name}_entry")
        count = " * ".join(f"(size_t)({self.value(x)})" for x in param.shape)
        kind = c_type(param.dtype)
        self._line(f"{kind} *{name} = malloc({count} * sizeof *{name} + 1);")
        self._line(f"if (!{name}) return -1;")
        self._line(f"memcpy({name}, {param.name}, {count} * sizeof *{name});")
        self._blocks[-1].buffers.append(name)

    def result(self, param: Param, e: Expr) -> None:
        """Loops that write every element of a result."""
        if not param.shape:
            self._line(f"{param.name}[0] = {self._stored(e, param)};")
        elif e.op == "filter":
            raise UnsupportedLowering(f"the length of {param.name!r} depends on the data", where="emit c")
        else:
            self._elements(param, e, [])

    def _elements(self, param: Param, e: Expr, at: list[str]) -> None:
        if e.op == "comp":
            with self._loop(e.number, e.args[0]) as name:
                self._elements(param, e.args[1], [*at, name])
        elif e.rank:
            table = self.value(e)
            loops = [self._names.fresh("q") for _ in range(e.rank)]
            heads = "".join(
                f"for (int64_t {q} = 0; {q} < {self.value(n)}; {q}++) "
                for q, n in zip(loops, param.shape[len(at) :], strict=True)
            )
            read = f"{table}[{self._flat(loops, param.shape[len(at) :])}]"
            self._line(f"{heads}{param.name}[{self._flat([*at, *loops], param.shape)}] = {read};")
        else:
            self._line(f"{param.name}[{self._flat(at, param.shape)}] = {self._stored(e, param)};")

    def _stored(self, e: Expr, param: Param) -> str:
        value = self.value(e)
        return bare(value) if e.dtype == param.dtype else f"({c_type(param.dtype)})({bare(value)})"

    def _flat(self, at: list[str], shape: tuple[Expr, ...]) -> str:
        """Row-major position of an element."""
        position = bare(at[0])
        for index, extent in zip(at[1:], shape[1:], strict=True):
            inner = f"({position})" if " " in position else position
            position = f"{inner} * {self._tight(extent)} + {_addend(index)}"
        return position

    def _tight(self, e: Expr) -> str:
        """An extent or index as an operand of a product."""
        text = bare(self.value(e))
        return f"({text})" if " " in text else text

    # Blocks.

    def _line(self, text: str) -> None:
        self._blocks[-1].lines.append(text)

    def _closed(self, block: _Block) -> list[str]:
        return [*block.lines, *(f"free({name});" for name in reversed(block.buffers))]

    def _variable(self, number: int) -> str:
        if number not in self._variables:
            stems = "ijklpqrsuvw"
            self._variables[number] = self._names.fresh(stems[len(self._variables) % len(stems)])
        return self._variables[number]

    @contextmanager
    def _loop(self, number: int, extent: Expr) -> Iterator[str]:
        """A loop over a bound variable; its lines go to the block that is current when it is opened."""
        limit = bare(self.value(extent))
        name = self._variable(number)
        outer = self._blocks[-1]
        self._blocks.append(_Block((number,)))
        yield name
        inner = self._blocks.pop()
        assert self._blocks[-1] is outer
        head = f"for (int64_t {name} = 0; {name} < {limit}; {name}++) {{"
        outer.lines += [head, *(f"    {line}" for line in self._closed(inner)), "}"]

    @contextmanager
    def _branch(self, head: str) -> Iterator[None]:
        outer = self._blocks[-1]
        self._blocks.append(_Block(branch=True))
        yield
        inner = self._blocks.pop()
        outer.lines += [head, *(f"    {line}" for line in self._closed(inner)), "}"]

    def _place(self, e: Expr) -> int:
        """The block in which a value belongs: that of its innermost variable, but no further out than a branch."""
        for at in range(len(self._blocks) - 1, 0, -1):
            block = self._blocks[at]
            if block.branch or any(n in e.free for n in block.bound):
                return at
        return 0

    # Values.

    def value(self, e: Expr) -> str:
        """A C expression for a scalar, or the name of a buffer for a tensor; statements that it needs are written."""
        for block in self._blocks:
            if e in block.known:
                return block.known[e]
        if e.op in ("land", "lor") and self._needs_statements(e.args[1]):  # the right side only where it counts
            left, right = e.args
            e = select(left, right, False) if e.op == "land" else select(left, True, right)
        branching = e.op == "select" and any(self._needs_statements(a) for a in e.args[1:])
        if e.op in BINDERS or branching or e in self._shared:
            return self._at_its_place(e)
        return self._inline(e)

    def _needs_statements(self, e: Expr) -> bool:
        """Whether code for an expression has loops, branches or temporaries of its own."""
        return any(n.op in BINDERS or n in self._shared for n in walk(e))

    def _at_its_place(self, e: Expr) -> str:
        """Write the statements of a value in its block, with the blocks further in set aside."""
        at = self._place(e)
        aside = self._blocks[at + 1 :]
        del self._blocks[at + 1 :]
        name = self._names.fresh("t")
        self._statements(e, name)
        self._blocks[at].known[e] = name
        self._blocks += aside
        return name

    def _statements(self, e: Expr, name: str) -> None:
        match e.op:
            case "reduce":
                self._reduce(e, name)
            case "select" if any(self._needs_statements(a) for a in e.args[1:]):
                self._conditional(e, name)
            case "fold":
                self._fold(e, name)
            case "scan" | "scatter":
                self._table(e, name)
            case _ if e.op not in BINDERS:
                self._line(f"{c_type(e.dtype)} {name} = {bare(self._inline(e))};")
            case _:
                raise UnsupportedLowering(
                    f"a {e.op} inside an expression has no plain C: {repr(e)[:80]}", where="emit c"
                )

    def _inline(self, e: Expr) -> str:
        match e.op:
            case "const":
                return literal(e)
            case "size" | "param":
                return e.name
            case "var":
                return self._variable(e.number)
            case "input":
                return self._entry[e.name]
            case "get":
                return self._element(e)
            case "cast":
                text, helper = cast_text(e, self.value(e.args[0]))
            case _:
                text, helper = operator_text(e, [self.value(a) for a in e.args])
        self._helpers.update(helper)
        return text

    def _element(self, e: Expr) -> str:
        tensor = e.args[0]
        extents = self._task.param(tensor.name).shape if tensor.op == "input" else tensor.args[: tensor.rank]
        return f"{self.value(tensor)}[{self._flat([self._tight(i) for i in e.args[1:]], extents)}]"

    def _reduce(self, e: Expr, name: str) -> None:
        kind, body, start = e.kind, e.args[1], e.args[2:]
        if kind in ("argmax", "argmin"):
            self._arg(e, name)
            return
        first = self.value(start[0]) if start else _EMPTY.get(kind)
        body_type = c_type(e.dtype)
        if first is None:  # an extreme without a start value begins with its first element
            self._line(f"{body_type} {name} = 0;")
        else:
            self._line(f"{body_type} {name} = {first};")
        with self._loop(e.number, e.args[0]) as k:
            if first is not None:
                self._line(f"{name} = {bare(self._update(kind, name, self.value(body), e.dtype))};")
                return
            value = self._names.fresh("value")
            self._line(f"{body_type} {value} = {bare(self.value(body))};")
            self._line(f"{name} = {k} ? {self._update(kind, name, value, e.dtype)} : {value};")

    def _arg(self, e: Expr, name: str) -> None:
        best = self._names.fresh("best")
        self._line(f"int64_t {name} = 0;")
        self._line(f"{c_type(e.args[1].dtype)} {best} = 0;")
        with self._loop(e.number, e.args[0]) as k:
            value = self._names.fresh("value")
            self._line(f"{c_type(e.args[1].dtype)} {value} = {bare(self.value(e.args[1]))};")
            sign = ">" if e.kind == "argmax" else "<"
            self._line(f"if (!{k} || {value} {sign} {best}) {{ {best} = {value}; {name} = {k}; }}")

    def _update(self, kind: str, name: str, value: str, dtype: str) -> str:
        op = {"sum": "add", "prod": "mul", "any": "lor", "all": "land"}.get(kind, kind)
        text, helper = operator_text(_stub(op, dtype), [name, value])
        self._helpers.update(helper)
        return text

    def _conditional(self, e: Expr, name: str) -> None:
        self._line(f"{c_type(e.dtype)} {name};")
        with self._branch(f"if ({bare(self.value(e.args[0]))}) {{"):
            self._line(f"{name} = {self.value(e.args[1])};")
        with self._branch("else {"):
            self._line(f"{name} = {self.value(e.args[2])};")

    def _fold(self, e: Expr, name: str) -> None:
        before, updates, _ = parts(e)
        which = e.attrs[2]
        assert isinstance(which, int)
        accs = [self._names.fresh("acc") for _ in updates]
        for acc, number, start in zip(accs, e.bound[1:], before[1:], strict=True):
            self._line(f"{c_type(start.dtype)} {acc} = {self.value(start)};")
            self._variables[number] = acc
        with self._loop(e.number, before[0]):
            self._blocks[-1].bound = e.bound
            new = [self._names.fresh("next") for _ in updates]
            for fresh, update in zip(new, updates, strict=True):
                self._line(f"{c_type(update.dtype)} {fresh} = {bare(self.value(update))};")
            for acc, fresh in zip(accs, new, strict=True):
                self._line(f"{acc} = {fresh};")
        for number in e.bound[1:]:
            del self._variables[number]
        self._line(f"{c_type(e.dtype)} {name} = {accs[which]};")

    def _table(self, e: Expr, name: str) -> None:
        """A scan or a scatter in a buffer of its own."""
        before, inside, after = parts(e)
        extents = before[:-1] if e.op == "scatter" else before
        count = " * ".join(f"(size_t)({self.value(x)})" for x in extents)
        self._line(f"{c_type(e.dtype)} *{name} = malloc({count} * sizeof *{name} + 1);")
        self._line(f"if (!{name}) return -1;")
        self._blocks[-1].buffers.append(name)
        if e.op == "scatter":
            q = self._names.fresh("q")
            self._line(f"for (size_t {q} = 0; {q} < {count}; {q}++) {name}[{q}] = {self.value(after[0])};")
            with self._loop(e.number, before[-1]):
                at = f"{name}[{self._flat([self._tight(i) for i in inside[:-1]], extents)}]"
                combine = str(e.attrs[1])
                value = self.value(inside[-1])
                self._line(f"{at} = {value if combine == 'set' else self._update(combine, at, value, e.dtype)};")
            return
        with self._loop(e.number, before[0]) as k:
            value = self.value(inside[0])
            running = self._update(e.kind, f"{name}[{k} - 1]", value, e.dtype)
            first = self._update(e.kind, self.value(after[0]), value, e.dtype) if after else value
            self._line(f"{name}[{k}] = {k} ? {running} : {first};")


def _addend(text: str) -> str:
    """An index added to a position: sums and products need no parentheses there."""
    inner = bare(text)
    return inner if all(c.isalnum() or c in "_ +-*()[]" for c in inner) else f"({inner})"


_EMPTY = {"sum": "0", "prod": "1", "any": "0", "all": "1"}


def _stub(op: str, dtype: str) -> Expr:
    """A node that only carries an operator and a dtype: the form of a combination whose operands are C text."""
    zero = const(False) if dtype == "bool" else const(0, dtype)
    return Expr(op, (zero, zero), (), dtype)
