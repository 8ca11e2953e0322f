"""Whole-array code, in NumPy's or PyTorch's spelling, to index functions: one tensor expression for each line.

Parameters are annotated with dtype and extents (`x: "f32[m, n]"`), which is what tells a matrix from a number here.
The function is straight-line: assignments, stores of a whole result (`out[:] = ...`), one return.  Values are over
exact numbers, as everywhere; integer arrays are read as integers and stores must fit.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from accelcore.errors import UnsupportedSource
from accelcore.ir.dtypes import INDEX
from accelcore.ir.expr import Expr, array, binary, index, param, shape, size
from accelcore.values import Param, Role
from accelcore_llmlift.polynomial import Facts, decide, expression, polynomial
from accelcore_llmlift.program import Program
from accelcore_llmlift.python import broadcasting
from accelcore_llmlift.python.annotations import Annotation
from accelcore_llmlift.python.array_calls import called
from accelcore_llmlift.python.broadcasting import Tensor, natural_tensor
from accelcore_llmlift.python.module import Module, qualified

LIBRARIES = ("numpy.", "torch.", "math.")


@dataclass
class Arrays:
    """One function: its module, the value of each name, preconditions on sizes, and results so far.

    arguments: the array parameters; fresh: local arrays that share no memory with another name.
    """

    module: Module
    values: dict[str, Tensor] = field(default_factory=dict)
    requires: dict[Expr, None] = field(default_factory=dict)
    stored: dict[str, Tensor] = field(default_factory=dict)
    imports: dict[str, str] = field(default_factory=dict)
    arguments: set[str] = field(default_factory=set)
    fresh: set[str] = field(default_factory=set)

    def refuse(self, node: ast.AST, what: str, hint: str) -> UnsupportedSource:
        """The refusal of a construct, for the caller to raise."""
        return self.module.place.refuse(node, what, hint)

    def equal(self, a: Expr, b: Expr) -> None:
        """Two extents are the same: a precondition unless it is known."""
        test = binary("eq", a, b)
        if decide(test, Facts().assuming(self.requires)) is not True:
            self.requires[test] = None

    def name(self, node: ast.expr) -> str:
        """The dotted name of a function, with the imports inside the function resolved too."""
        found = qualified(self.module, node)
        head, _, rest = found.partition(".")
        return f"{self.imports[head]}.{rest}" if head in self.imports and rest else self.imports.get(found, found)

    # Expressions.

    def value(self, node: ast.expr) -> Tensor:
        """The tensor that an expression computes."""
        match node:
            case ast.Constant(value=bool() | int() | float() as number):
                return broadcasting.constant(number)
            case ast.Name(id=name) if name in self.values:
                return self.values[name]
            case ast.Name(id=name) if name in self.module.constants:
                return self.value(self.module.constants[name])
            case ast.BinOp(left=left, op=op, right=right):
                return broadcasting.operator(self, node, self.value(left), op, self.value(right))
            case ast.UnaryOp(op=op, operand=operand):
                return broadcasting.unary_operator(self, node, op, self.value(operand))
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return broadcasting.compared(self, node, self.value(left), op, self.value(right))
            case ast.Attribute(value=base, attr=attr):
                return self.attribute(node, base, attr)
            case ast.Subscript(value=base, slice=part):
                return self.subscript(node, base, part)
            case ast.Call():
                return called(self, node)
        raise self.refuse(node, f"the expression {ast.unparse(node)!r} in whole-array code",
                          "use arithmetic, comparisons, slices, reductions and element-wise functions")

    def attribute(self, node: ast.Attribute, base: ast.expr, attr: str) -> Tensor:
        """`x.T`, `x.mT`, `x.size`, `np.pi`."""
        from accelcore_llmlift.python.expressions import CONSTANTS

        name = self.name(node)
        if name.replace("torch.", "numpy.") in CONSTANTS:
            return broadcasting.constant(CONSTANTS[name.replace("torch.", "numpy.")])
        tensor = self.value(base)
        if attr in ("T", "mT"):
            return broadcasting.transposed(tensor, tuple(reversed(range(len(tensor.extents)))))
        if attr == "size":
            return broadcasting.number(broadcasting.product(tensor.extents))
        raise self.refuse(node, f"the attribute {ast.unparse(node)!r} in whole-array code", "use .T, .shape and .size")

    def subscript(self, node: ast.Subscript, base: ast.expr, part: ast.expr) -> Tensor:
        """`x.shape[0]`, `x[1:]`, `x[:, None]`, `x[0]`."""
        if isinstance(base, ast.Attribute) and base.attr == "shape" and isinstance(part, ast.Constant | ast.UnaryOp):
            return broadcasting.number(self.value(base.value).extents[int(ast.literal_eval(part))])
        parts = list(part.elts) if isinstance(part, ast.Tuple) else [part]
        return broadcasting.sliced(self, node, self.value(base), parts)

    # Statements.

    def statement(self, node: ast.stmt) -> None:
        """One line that is no return."""
        match node:
            case ast.Expr(value=ast.Constant()) | ast.Pass():
                return
            case ast.Import(names=aliases):
                self.imports |= {a.asname or a.name.split(".")[0]: a.name for a in aliases}
            case ast.Assign(targets=[ast.Name(id=name)], value=value) | ast.AnnAssign(
                target=ast.Name(id=name), value=ast.expr() as value
            ):
                self.assign(name, value)
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Attribute(value=base, attr="shape")):
                for target, extent in zip(targets, self.value(base).extents, strict=True):
                    assert isinstance(target, ast.Name)
                    self.values[target.id] = broadcasting.number(extent)
            case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=name), slice=part)], value=value) if _whole(part):
                self.store(node, name, self.value(value))
            case ast.AugAssign(target=ast.Name(id=name), op=op, value=value) if name in self.values:
                self.update(node, name, broadcasting.operator(self, node, self.values[name], op, self.value(value)))
            case ast.Expr(value=ast.Call(keywords=keywords) as call) if any(k.arg == "out" for k in keywords):
                target = next(k.value for k in keywords if k.arg == "out")
                assert isinstance(target, ast.Name)
                self.store(node, target.id, self.value(call))
            case _:
                raise self.refuse(node, "this statement in whole-array code",
                                  "assign whole arrays, store with out[:] = ..., and return")

    def assign(self, name: str, value: ast.expr) -> None:
        """`name = value`: a new array where the value is arithmetic, else perhaps a view of another one."""
        self.values[name] = self.value(value)
        own = isinstance(value, ast.BinOp | ast.UnaryOp | ast.Compare)
        self.fresh = (self.fresh | {name}) if own else self.fresh - {name}
        self.fresh -= {n.id for n in ast.walk(value) if isinstance(n, ast.Name)} if not own else set()

    def update(self, node: ast.AST, name: str, value: Tensor) -> None:
        """`name op= value` changes an array in place; a parameter's is the caller's."""
        if name in self.arguments:
            self.store(node, name, value)
        elif not value.extents or name in self.fresh:
            self.values[name] = value
        else:
            raise self.refuse(node, f"{name!r} may be a view of another array, changed in place", "write name = ...")

    def store(self, node: ast.AST, name: str, value: Tensor) -> None:
        """`out[:] = value`, broadcast to the extents of out."""
        target = self.values.get(name)
        if target is None or name not in self.arguments:
            raise self.refuse(node, f"{name!r} is not an array parameter", "store into a parameter")
        for other, tensor in self.values.items():
            if other != name and name in tensor.sample().inputs:
                raise self.refuse(node, f"{other!r} may be a view of {name!r}, which changes", "compute it first")
        found = broadcasting.broadcast_to(self, node, value, target.extents)
        self.values[name] = self.stored[name] = found


def _whole(part: ast.expr) -> bool:
    if isinstance(part, ast.Tuple):
        return all(_whole(p) for p in part.elts)
    if isinstance(part, ast.Constant):
        return part.value is Ellipsis
    return isinstance(part, ast.Slice) and part.lower is part.upper is part.step is None


def parse_arrays(module: Module, function: ast.FunctionDef, said: dict[str, Annotation],
                 promised: tuple[Annotation, ...], path: str | None) -> Program:  # fmt: skip
    """The program of a whole-array function: no statements, results over the inputs."""
    arrays = Arrays(module)
    params = [_parameter(arrays, function, name, note) for name, note in said.items()]
    returned: ast.expr | None = None
    for statement in function.body:
        if isinstance(statement, ast.Return):
            returned = statement.value
            break
        arrays.statement(statement)
    outputs, results = _results(arrays, returned, promised, {p.name: p.dtype for p in params})
    params = [_written(p, arrays, results) for p in params]
    if not results:
        raise arrays.refuse(function, "the function has no result", "return a value, or store into a parameter")
    return Program(
        function.name, (*params, *outputs), tuple(arrays.requires), (), tuple(results), "python", path
    )


def _written(p: Param, arrays: Arrays, results: list[tuple[str, Expr]]) -> Param:
    if p.name not in arrays.stored:
        return p
    read = any(p.name in e.inputs for _, e in results)
    return Param(p.name, p.dtype, p.shape, Role.INOUT if read else Role.OUT)


def _parameter(arrays: Arrays, function: ast.FunctionDef, name: str, note: Annotation) -> Param:
    if note.dims is None and note.rank != 0:
        raise arrays.refuse(function, f"whole-array code needs the extents of {name!r}",
                            'annotate it, such as "f32[m, n]"')
    if note.dtype in ("i8", "u8", "i16", "u16"):
        raise arrays.refuse(function, f"whole-array arithmetic on {note.dtype} wraps in between",
                            "write the loops, which say where a value is stored")
    if note.dims:
        extents = tuple(_dimension(arrays, function, d) for d in note.dims)
        tensor = array(name, note.dtype, len(extents))
        arrays.values[name] = natural_tensor(tensor, extents)
        arrays.arguments.add(name)
        return Param(name, note.dtype, extents, Role.IN)
    if not note.dtype and note.kind == "int":
        arrays.values[name] = broadcasting.number(size(name))
        return Param(name, INDEX, (), Role.SIZE)
    dtype = note.dtype or "f32"
    arrays.values[name] = broadcasting.scalar(param(name, dtype))
    return Param(name, dtype, (), Role.SCALAR)


def _dimension(arrays: Arrays, function: ast.FunctionDef, node: ast.expr) -> Expr:
    match node:
        case ast.Constant(value=int() as value):
            return index(value)
        case ast.Name(id=name):
            return size(name)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult() | ast.FloorDiv() as op, right=right):
            a, b = _dimension(arrays, function, left), _dimension(arrays, function, right)
            found = {ast.Add: a.__add__, ast.Sub: a.__sub__, ast.Mult: a.__mul__, ast.FloorDiv: a.__floordiv__}
            return expression(polynomial(found[type(op)](b)))
    raise arrays.refuse(function, f"the extent {ast.unparse(node)!r}", "use sizes, numbers, + - * //")


def _results(
    arrays: Arrays, returned: ast.expr | None, promised: tuple[Annotation, ...], dtypes: dict[str, str]
) -> tuple[list[Param], list[tuple[str, Expr]]]:
    outputs: list[Param] = []
    results = [(n, t.in_storage(dtypes[n])) for n, t in arrays.stored.items()]
    parts: list[ast.expr] = [] if returned is None else (
        list(returned.elts) if isinstance(returned, ast.Tuple) else [returned])
    for at, part in enumerate(parts):
        if isinstance(part, ast.Name) and part.id in arrays.stored:
            continue
        tensor = arrays.value(part)
        said = promised[at] if at < len(promised) else Annotation()
        dtype = said.dtype or tensor.storage()
        taken = set(arrays.values) | {n for n, _ in results}
        name = part.id if isinstance(part, ast.Name) and part.id not in dtypes else "out" if len(parts) == 1 else (
            f"out{at + 1}")
        name = name if name not in taken or isinstance(part, ast.Name) else f"{name}_"
        found = tensor.in_storage(dtype)
        outputs.append(Param(name, dtype, shape(found) if tensor.extents else (), Role.OUT))
        results.append((name, found))
    return outputs, results
