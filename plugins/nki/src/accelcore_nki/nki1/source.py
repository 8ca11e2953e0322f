"""The source that lowering writes, for NKI 1: the same statements with results returned instead of destinations given.

The text is Python of few forms (`lowering` writes nothing else), so its syntax tree is the structured program, and each
statement has one translation: an instruction `nisa.op(dst, ...)` becomes `dst[...] = nisa.op(..., dtype=dst.dtype)`, a
DMA becomes `nl.load` or `nl.store`, an access pattern an index tensor over the flat memory, a product `+=` on zeros in
PSUM, the partition of a new tile `nl.par_dim`.  Tiles have the exact shapes of ragged edges, so no mask is needed;
loops whose variables shape tiles or name them are unrolled (`nl.static_range`), all others `nl.affine_range` when no
repetition writes what another one reads, else `nl.sequential_range`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from accelcore.errors import UnsupportedLowering

_REGION = '''
def region(tensor, pattern, offset=0):
    """Elements offset + i * step + ... of a tensor in HBM: a step and a count for each dimension."""
    size, index = 1, offset
    for extent in tensor.shape:
        size = size * extent
    for axis, (step, count) in enumerate(pattern):
        place = tuple(slice(None) if axis == other else None for other in range(len(pattern)))
        index = index + step * nl.arange(count)[place]
    return tensor.reshape((size,))[index]
'''
_KEYWORDS = {
    "scalar_tensor_tensor": ("data", "op0", "operand0"),
    "tensor_scalar_reduce": ("data", "op0", "operand0", "reduce_op", "reduce_res"),
    "tensor_copy_predicated": ("src", "predicate"),
}
"""Arguments after the destination that NKI 1 takes by keyword only."""
_ALIKE = frozenset((
    "activation", "nc_transpose", "reciprocal", "scalar_tensor_tensor", "tensor_copy", "tensor_reduce", "tensor_scalar",
    "tensor_scalar_reduce", "tensor_tensor", "tensor_tensor_scan",
))  # fmt: skip
"""Instructions that differ in where their result goes only."""
_ENGINES = ("tensor", "vector", "scalar", "gpsimd")
_RANGES = ("range", "static_range", "sequential_range", "affine_range")
_SHAPING = frozenset(("min", "max", "divmod", "on_chip", "ndarray", "region", *_RANGES))
"""Functions whose arguments must be numbers while a kernel is traced, as those of symbolic loop variables are not."""


def first_generation(text: str) -> str:
    """NKI 1 source of a kernel that `lowering` wrote without tiles in turns; UnsupportedLowering for any other form."""
    module = ast.parse(text)
    sums = {_root(call.args[0]) for call in _instructions(module) if _operation(call) == "nc_matmul"}
    changed = _Translation(sums).visit(module)
    _Loops().visit(changed)
    head, helpers = ast.unparse(ast.fix_missing_locations(changed)).split("\n\ndef ", 1)
    return f"{head}\n\n{_REGION}\ndef {helpers}\n"


def _instructions(tree: ast.AST) -> Iterator[ast.Call]:
    return (n for n in ast.walk(tree) if isinstance(n, ast.Call) and _operation(n))


def _operation(call: ast.expr) -> str:
    """The name of the instruction that is called; "" for any other expression."""
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return ""
    return call.func.attr if _name(call.func.value) == "nisa" else ""


def _called(node: ast.AST) -> str:
    """The name of the function or method that is called."""
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else _name(node.func)


def _name(e: ast.expr) -> str:
    return e.id if isinstance(e, ast.Name) else ""


def _base(e: ast.expr) -> ast.expr:
    """The tile that a region is part of: without subscripts of rows and columns."""
    while isinstance(e, ast.Subscript) and isinstance(e.slice, ast.Tuple):
        e = e.value
    return e


def _root(e: ast.expr) -> str:
    """The name that a region of a tile, or of a tile in a dictionary, starts with."""
    while isinstance(e, ast.Subscript | ast.Attribute):
        e = e.value
    return _name(e)


def _shown(template: str, **parts: ast.expr) -> ast.expr:
    """The expression of a template whose names stand for the parts."""

    class Put(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            return parts.get(node.id, node)

    return Put().visit(ast.parse(template, mode="eval").body)  # type: ignore[no-any-return]  # an expression


class _Translation(ast.NodeTransformer):
    """Statement by statement.  sums: names of PSUM tiles that products accumulate in."""

    def __init__(self, sums: set[str]) -> None:
        self.sums = sums
        self.starting: set[str] = set()  # those that have been seen to start at zero

    def visit_Import(self, node: ast.Import) -> ast.Import:
        """`nki` and what is under it have another home."""
        for one in node.names:
            if one.name.partition(".")[0] == "nki":
                one.asname = one.asname or one.name
                one.name = f"neuronxcc.{one.name}"
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        """nisa.engine.tensor is nisa.tensor_engine."""
        self.generic_visit(node)
        if node.attr in _ENGINES and isinstance(node.value, ast.Attribute) and node.value.attr == "engine":
            return _shown(f"nisa.{node.attr}_engine")
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.Assign:
        """Sums of products start at zero."""
        self.generic_visit(node)
        if _called(node.value) == "ndarray" and _name(node.targets[0]) in self.sums:
            assert isinstance(node.value, ast.Call)
            node.value.func = _shown("nl.zeros")
            self.starting.add(_name(node.targets[0]))
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """Tiles name their partition; access patterns become regions."""
        self.generic_visit(node)
        if isinstance(node.func, ast.Attribute) and node.func.attr == "ap":
            return ast.Call(_shown("region"), [node.func.value, *node.args], node.keywords)
        if _called(node) == "ndarray" and isinstance(node.args[0], ast.Tuple):
            buffer = next((k.value for k in node.keywords if k.arg == "buffer"), None)
            if isinstance(buffer, ast.Attribute) and buffer.attr in ("sbuf", "psum"):
                node.args[0].elts[0] = _shown("nl.par_dim(rows)", rows=node.args[0].elts[0])
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        """An instruction with a destination returns its result."""
        self.generic_visit(node)
        op = _operation(node.value)
        if isinstance(node.value, ast.Yield | ast.YieldFrom):
            raise UnsupportedLowering("NKI 1 has no tiles in turns", hint="leave pipeline, turns and steps out")
        if not op:
            return node
        assert isinstance(node.value, ast.Call)
        special: dict[str, Callable[[ast.Call], ast.stmt]] = {
            "dma_copy": _dma, "dma_transpose": _turned, "memset": _filled, "iota": _positions,
            "nc_matmul": _product, "tensor_copy_predicated": _selected,
        }  # fmt: skip
        if op == "nc_matmul" and _root(node.value.args[0]) not in self.starting:
            raise UnsupportedLowering("a product into memory that is used again has no NKI 1 source")
        if op not in special and op not in _ALIKE:
            raise UnsupportedLowering(f"nisa.{op} has no NKI 1 source here")
        return special.get(op, _returned)(node.value)


def _place(target: ast.expr) -> ast.Subscript:
    """target[...], to be assigned to; regions are subscripts already."""
    region = isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Tuple)
    place = target if region else ast.Subscript(target, ast.Constant(...), ast.Store())
    assert isinstance(place, ast.Subscript)
    place.ctx = ast.Store()
    return place


def _stored(target: ast.expr, value: ast.expr) -> ast.stmt:
    return ast.Assign([_place(target)], value)


def _typed(call: ast.Call, target: ast.expr) -> ast.Call:
    """The call with the type of its result: an instruction of NKI 1 returns that of its operand else."""
    call.keywords.append(ast.keyword("dtype", _shown("tile.dtype", tile=_base(target))))
    return call


def _returned(call: ast.Call) -> ast.stmt:
    target, *rest = call.args
    names = _KEYWORDS.get(_operation(call), ())
    call.args = rest[0 : 0 if names else len(rest)]
    call.keywords[:0] = [ast.keyword(n, a) for n, a in zip(names, rest, strict=False)]
    if _operation(call) == "nc_transpose":
        return _stored(target, call)
    return _stored(target, _typed(call, target))


def _selected(call: ast.Call) -> ast.stmt:
    target, source, test = call.args
    parts = {"src": source, "dst": target, "predicate": test}
    return ast.Expr(ast.Call(call.func, [], [ast.keyword(n, e) for n, e in parts.items()]))


def _dma(call: ast.Call) -> ast.stmt:
    ends = {k.arg: k.value for k in call.keywords}
    target, source = ends["dst"], ends["src"]
    if _called(target) == "region":
        return ast.Expr(_shown("nl.store(target, value=source)", target=target, source=source))
    return _stored(target, _shown("nl.load(source)", source=source))


def _turned(call: ast.Call) -> ast.stmt:
    ends = {k.arg: k.value for k in call.keywords}
    return _stored(ends["dst"], _shown("nl.load_transpose2d(source)", source=ends["src"]))


def _filled(call: ast.Call) -> ast.stmt:
    target, value = call.args
    call.args = [_shown("tile.shape", tile=target), value]
    return _stored(target, _typed(call, target))


def _product(call: ast.Call) -> ast.stmt:
    target, stationary, moving = call.args
    if any(k.arg == "accumulate" for k in call.keywords):
        raise UnsupportedLowering("NKI 1 products are added to what is there")
    call.args = [stationary, moving]
    return ast.AugAssign(_place(target), ast.Add(), call)


def _positions(call: ast.Call) -> ast.stmt:
    target, pattern, start, down = call.args
    axes = pattern.elts if isinstance(pattern, ast.List) else []
    if len(axes) != 1 or not isinstance(axes[0], ast.List):
        raise UnsupportedLowering("positions along several axes have no NKI 1 source here")
    step, count = axes[0].elts
    template = "start + down * nl.arange(tile.shape[0])[:, None] + step * nl.arange(count)[None, :]"
    call.args = [_shown(template, start=start, down=down, tile=_base(target), step=step, count=count)]
    return _stored(target, _typed(call, target))


class _Loops(ast.NodeTransformer):
    """Which kind of loop each `range` becomes."""

    def visit_For(self, node: ast.For) -> ast.For:
        """A symbolic loop where nothing needs the variable's value."""
        self.generic_visit(node)
        if _called(node.iter) == "range":
            assert isinstance(node.iter, ast.Call) and isinstance(node.target, ast.Name)
            kind = "static" if _shapes(node) else "sequential" if _carries(node) else "affine"
            node.iter.func = _shown(f"nl.{kind}_range")
        return node


def _shapes(loop: ast.For) -> bool:
    """Whether the value of the variable decides shapes, branches, or which tile of a dictionary is meant.

    What is computed from the variable counts as the variable, except a tile that is loaded by its index.
    """
    assert isinstance(loop.target, ast.Name)
    known = {loop.target.id}
    for node in (n for statement in loop.body for n in ast.walk(statement)):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and _reads(node.value, known):
            known.add(node.targets[0].id)
        if isinstance(node, ast.If) and _reads(node.test, known):
            return True
        if isinstance(node, ast.Slice) and _reads(node, known):
            return True
        if isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Tuple) and _reads(node.slice, known):
            return True
        if _called(node) in _SHAPING and _decides(node, known):
            return True
    return False


def _decides(node: ast.AST, known: set[str]) -> bool:
    """Whether a call makes numbers or shapes of the names; the offset of a region may be symbolic."""
    assert isinstance(node, ast.Call)
    arguments = node.args[:2] if _called(node) == "region" else node.args
    return any(_reads(a, known) for a in arguments)


def _reads(e: ast.AST, names: set[str]) -> bool:
    return any(isinstance(n, ast.Name) and n.id in names for n in ast.walk(e))


def _carries(loop: ast.For) -> bool:
    """Whether a repetition writes into a tile from outside the loop; results in HBM are written in parts."""
    nodes = [n for statement in loop.body for n in ast.walk(statement)]
    own = {_name(n.targets[0]) for n in nodes if isinstance(n, ast.Assign)}
    written = [t for n in nodes if isinstance(n, ast.Assign) for t in n.targets if isinstance(t, ast.Subscript)]
    written += [n.target for n in nodes if isinstance(n, ast.AugAssign) and isinstance(n.target, ast.Subscript)]
    named = [k.value for n in nodes if isinstance(n, ast.Call) for k in n.keywords if k.arg in ("dst", "reduce_res")]
    return any(_root(target) not in own for target in (*written, *named))
