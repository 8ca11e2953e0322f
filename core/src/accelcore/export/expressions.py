"""Extents and preconditions as C and as NumPy text, for files that must work without accelcore."""

from __future__ import annotations

from accelcore.errors import UnsupportedLowering
from accelcore.ir.expr import Expr

_C = {"add": "+", "sub": "-", "mul": "*", "tdiv": "/", "trem": "%"}
_INFIX = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "div": "/",
    "fdiv": "//",
    "fmod": "%",
    "pow": "**",
    "lt": "<",
    "le": "<=",
    "eq": "==",
    "ne": "!=",
    "land": "&",
    "lor": "|",
    "and": "&",
    "or": "|",
    "xor": "^",
    "shl": "<<",
    "shr": ">>",
}
_CALLS = {"min": "np.minimum", "max": "np.maximum"}
_PREFIX = {"neg": "-", "not": "~", "lnot": "~", "abs": "np.abs"}
_FUNCTIONS = frozenset(
    [
        "exp",
        "exp2",
        "expm1",
        "log",
        "log2",
        "log10",
        "log1p",
        "sqrt",
        "cbrt",
        "sin",
        "cos",
        "tan",
        "tanh",
        "sinh",
        "cosh",
        "floor",
        "ceil",
        "trunc",
        "sign",
        "isnan",
        "isinf",
    ]
)
_REDUCE = {"all": "np.all", "any": "np.any", "sum": "np.sum", "prod": "np.prod", "max": "np.max", "min": "np.min"}


def c_extent(e: Expr) -> str:
    """An extent as an int64_t expression over size names; divisions are of non-negative numbers.

    Raises UnsupportedLowering for what is no size expression.
    """
    if e.op == "const":
        return str(int(e.value))
    if e.op in ("size", "param"):
        from accelcore.cgen.names import identifier

        return identifier(e.name)
    if e.op == "cast":
        return c_extent(e.args[0])
    operator = {"fdiv": "/", "fmod": "%"}.get(e.op) or _C.get(e.op)
    if operator:
        return f"({c_extent(e.args[0])} {operator} {c_extent(e.args[1])})"
    if e.op in ("min", "max"):
        a, b = map(c_extent, e.args)
        return f"({a} {'<' if e.op == 'min' else '>'} {b} ? {a} : {b})"
    raise UnsupportedLowering(f"{e!r} is no extent that a C harness can compute")


def numpy_condition(e: Expr) -> str | None:
    """A scalar expression as NumPy text over names of sizes, scalars and arrays; None where there is no such text.

    Bound variables become index arrays: one that is bound at depth d (0 is the outermost) has its extent on axis 0 and
    d trailing axes of length 1, so that everything broadcasts and a reduction always reduces axis 0.  The text needs
    `np` and `reduced` (see `data/wrapper.py.in`).
    """
    try:
        return _numpy(e, {})
    except UnsupportedLowering:
        return None


def _numpy(e: Expr, depth: dict[int, int]) -> str:
    if e.op in ("size", "param", "input"):
        return e.name
    if e.op == "const":
        return f"({e.value!r})"
    if e.op == "var":
        return f"v{e.number}"
    if e.op == "reduce":
        return _reduction(e, depth)
    args = [_numpy(a, depth) for a in e.args]
    if e.op == "get":
        return f"{args[0]}[{', '.join(args[1:])}]"
    if e.op in _INFIX:
        return f"({args[0]} {_INFIX[e.op]} {args[1]})"
    if e.op in _CALLS:
        return f"{_CALLS[e.op]}({', '.join(args)})"
    if e.op in _PREFIX:
        return f"{_PREFIX[e.op]}({args[0]})" if e.op != "lnot" else f"np.logical_not({args[0]})"
    if e.op == "select":
        return f"np.where({', '.join(args)})"
    if e.op == "cast" and e.dtype in ("int", "real", "i64"):
        return f"np.asarray({args[0]}, {'np.float64' if e.dtype == 'real' else 'np.int64'})"
    if e.op == "call" and e.name in _FUNCTIONS:
        return f"np.{e.name}({args[0]})"
    raise UnsupportedLowering(f"no NumPy text for {e.op}")


def _reduction(e: Expr, depth: dict[int, int]) -> str:
    """`reduced(np.all, extent, depth, body)`; the extent must not depend on a bound variable."""
    extent, body = e.args[0], e.args[1]
    if len(e.args) > 2 or e.kind not in _REDUCE or extent.free:
        raise UnsupportedLowering(f"no NumPy text for {e.kind} over {extent!r}")
    level = len(depth)
    inside = _numpy(body, {**depth, e.number: level})
    return f"reduced({_REDUCE[e.kind]}, {_numpy(extent, depth)}, {level}, lambda v{e.number}: {inside})"
