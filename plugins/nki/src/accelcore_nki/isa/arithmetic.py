"""nki.isa: element-wise arithmetic, reductions and scans."""

from __future__ import annotations

from numbers import Real
from typing import Any

from accelcore_nki.errors import fail
from accelcore_nki.isa.enums import engine as engines
from accelcore_nki.isa.enums import reduce_cmd as commands
from accelcore_nki.operators import ARITHMETIC, BITS, UNARY, operator_name
from accelcore_nki.recorder import Instruction, current
from accelcore_nki.rules import (
    SBUF_ONLY,
    choose,
    column,
    integers,
    not_both_psum,
    same_shape,
    tile,
)
from accelcore_nki.tensors import PSUM, NkiTensor

_ALL = ARITHMETIC | BITS
_REDUCERS = frozenset(
    (
        "add",
        "subtract",
        "multiply",
        "maximum",
        "minimum",
        "abs_max",
        "abs_min",
        "bitwise_and",
        "bitwise_or",
        "bitwise_xor",
        "logical_and",
        "logical_or",
    )
)
_SCALAR_FORMS = {("multiply", "add"), ("multiply", None), ("add", None)}


def tensor_tensor(
    dst: Any, data1: Any, data2: Any, op: Any, engine: Any = engines.unknown, name: Any = None
) -> Instruction:
    """dst = data1 op data2."""
    target, a, b = tile("dst", dst), tile("data1", data1), tile("data2", data2)
    same_shape(("dst", target), ("data1", a), ("data2", b))
    not_both_psum(("data1", a), ("data2", b))
    kind = operator_name(op, _ALL)
    if kind in BITS:
        integers("an operand", target, a, b)
    words = all(v.dtype in ("int32", "uint32") for v in (target, a, b))
    in_psum = any(v.storage.buffer == PSUM for v in (target, a, b))
    default = "gpsimd" if kind == "power" or (words and not in_psum and kind not in BITS) else "vector"
    chosen = choose(engine, default, ("vector", "gpsimd"), target, a, b)
    args = {"op": kind, "exact": words and chosen == "gpsimd"}
    return current().emit("tensor_tensor", chosen, (target,), (a, b), args)


def scalar_operand(value: Any, role: str, data: NkiTensor, sources: list[NkiTensor], *, strict: bool = True) -> Any:
    """A number, or ("src", position) of a per-partition vector that joins the sources.

    strict: the vector is float32, as tensor_scalar wants for arithmetic.
    """
    if not isinstance(value, NkiTensor):
        if value is not None and not isinstance(value, Real):
            raise fail("operand", f"{role} is a {type(value).__name__}", hint="a Python number or a [P, 1] tensor")
        return value if value is None or isinstance(value, int) else float(value)
    view = column(role, value, data)
    if strict and view.dtype != "float32":
        raise fail("dtype", f"{role} is {view.dtype}", view, hint="vector operands of arithmetic are float32")
    sources.append(view)
    return ("src", len(sources) - 1)


def tensor_scalar(
    dst: Any,
    data: Any,
    op0: Any,
    operand0: Any,
    reverse0: bool = False,
    op1: Any = None,
    operand1: Any = None,
    reverse1: bool = False,
    engine: Any = engines.unknown,
    name: Any = None,
) -> Instruction:
    """dst = (data op0 operand0) op1 operand1, operands scalars or one element a partition."""
    target, source = tile("dst", dst), tile("data", data)
    same_shape(("dst", target), ("data", source))
    first = operator_name(op0, _ALL, "op0")
    second = None if op1 is None else operator_name(op1, _ALL, "op1")
    bit = first in BITS
    if second is not None and (second in BITS) != bit:
        raise fail("operator", f"{first} and {second} are not of one kind", hint="both on bits, or both arithmetic")
    if bit:
        integers("an operand", target, source)
    sources = [source]
    args = {"op0": first, "op1": second, "reverse0": reverse0, "reverse1": reverse1}
    args["operand0"] = scalar_operand(operand0, "operand0", source, sources, strict=not bit)
    args["operand1"] = scalar_operand(operand1, "operand1", source, sources, strict=not bit)
    _given(first, args["operand0"], "operand0")
    if second is not None:
        _given(second, args["operand1"], "operand1")
    chosen = choose(engine, "vector", ("vector",) if bit else ("vector", "scalar", "gpsimd"), target, *sources)
    if chosen == "scalar" and (first, second) not in _SCALAR_FORMS:
        raise fail("engine", f"the scalar engine has no {first}, {second}", hint="multiply then add, or one of them")
    return current().emit("tensor_scalar", chosen, (target,), tuple(sources), args)


def _given(op: str, operand: Any, role: str) -> None:
    if operand is None and op not in UNARY:
        raise fail("operand", f"{op} needs {role}")


def scalar_tensor_tensor(
    dst: Any,
    data: Any,
    op0: Any,
    operand0: Any,
    op1: Any,
    operand1: Any,
    reverse0: bool = False,
    reverse1: bool = False,
    name: Any = None,
) -> Instruction:
    """dst = (data op0 scalar) op1 tensor."""
    target, source, other = tile("dst", dst), tile("data", data), tile("operand1", operand1)
    same_shape(("dst", target), ("data", source), ("operand1", other))
    not_both_psum(("data", source), ("operand1", other))
    sources = [source, other]
    args: dict[str, Any] = {"op0": operator_name(op0, ARITHMETIC, "op0"), "op1": operator_name(op1, ARITHMETIC, "op1")}
    args["operand0"] = scalar_operand(operand0, "operand0", source, sources, strict=False)
    _given(args["op0"], args["operand0"], "operand0")
    args |= {"reverse0": reverse0, "reverse1": reverse1}
    return current().emit("scalar_tensor_tensor", "vector", (target,), tuple(sources), args)


def tensor_reduce(
    dst: Any, op: Any, data: Any, axis: Any, negate: bool = False, keepdims: bool = False, name: Any = None
) -> Instruction:
    """dst = data reduced over its trailing free axes."""
    target, source = tile("dst", dst), tile("data", data)
    kind = operator_name(op, _REDUCERS)
    if kind in BITS:
        integers("an operand", target, source)
    axes = sorted(a % source.ndim for a in (axis if isinstance(axis, tuple | list) else (axis,)))
    if axes != list(range(source.ndim - len(axes), source.ndim)) or axes[0] == 0:
        raise fail(
            "axes",
            f"axis={axis} of {source.ndim} dimensions",
            source,
            hint="the last free axes are reduced; partitions by a transpose or a product with ones",
        )
    left = 1
    for extent in source.shape[1 : axes[0]]:
        left *= extent
    if (target.shape[0], target.free) != (source.shape[0], left):
        raise fail("shape", f"the result has {source.shape[0]} partitions of {left}", target)
    return current().emit("tensor_reduce", "vector", (target,), (source,), {"op": kind, "negate": negate})


def tensor_partition_reduce(dst: Any, op: Any, data: Any, name: Any = None) -> Instruction:
    """dst[0, :] = data reduced over partitions, on GpSimd."""
    target, source = tile("dst", dst, SBUF_ONLY), tile("data", data, SBUF_ONLY)
    kind = operator_name(op, frozenset(("add", "maximum", "bitwise_or", "bitwise_and")))
    if (target.shape[0], target.free) != (1, source.free):
        raise fail("shape", f"the result has 1 partition of {source.free}", target)
    return current().emit("tensor_partition_reduce", "gpsimd", (target,), (source,), {"op": kind})


def tensor_scalar_reduce(
    dst: Any,
    data: Any,
    op0: Any,
    operand0: Any,
    reduce_op: Any,
    reduce_res: Any,
    reverse0: bool = False,
    reduce_cmd: Any = commands.reset_reduce,
    reduce_init: Any = None,
    name: Any = None,
) -> Instruction:
    """dst = data op0 operand0, and reduce_res its reduction over the free axes."""
    target, source = tile("dst", dst), tile("data", data)
    same_shape(("dst", target), ("data", source))
    sources = [source]
    args: dict[str, Any] = {"op0": operator_name(op0, ARITHMETIC, "op0"), "reverse0": reverse0}
    args["operand0"] = scalar_operand(operand0, "operand0", source, sources, strict=False)
    _given(args["op0"], args["operand0"], "operand0")
    reducers = frozenset(("add", "multiply", "maximum", "minimum"))
    args |= {"reduce": operator_name(reduce_op, reducers, "reduce_op"), "command": reduce_cmd.name}
    args["initial"] = scalar_operand(reduce_init, "reduce_init", source, sources)
    result = column("reduce_res", reduce_res, source)
    return current().emit("tensor_scalar_reduce", "vector", (target, result), tuple(sources), args)


def tensor_scalar_cumulative(
    dst: Any,
    src: Any,
    op0: Any,
    op1: Any,
    imm0: Any,
    imm1: Any = None,
    reduce_cmd: Any = commands.reset_reduce,
    name: Any = None,
) -> Instruction:
    """dst[j] = (src[j] op0 imm0) op1 dst[j-1]."""
    target, source = tile("dst", dst), tile("src", src)
    same_shape(("dst", target), ("src", source))
    sources = [source]
    for view in (target, source):
        if view.dtype in ("int32", "uint32"):
            raise fail("dtype", f"running operations do not take {view.dtype}", view, hint="float32 or 16-bit integers")
    steps = frozenset(("add", "subtract", "multiply", "maximum", "minimum"))
    args: dict[str, Any] = {"op0": operator_name(op0, ARITHMETIC, "op0"), "op1": operator_name(op1, steps, "op1")}
    args["operand0"] = scalar_operand(imm0, "imm0", source, sources)
    args["initial"] = scalar_operand(imm1, "imm1", source, sources)
    args["command"] = reduce_cmd.name
    return current().emit("tensor_scalar_cumulative", "vector", (target,), tuple(sources), args)


def tensor_tensor_scan(
    dst: Any,
    data0: Any,
    data1: Any,
    initial: Any,
    op0: Any,
    op1: Any,
    reverse0: bool = False,
    reverse1: bool = False,
    name: Any = None,
) -> Instruction:
    """dst[j] = (data0[j] op0 dst[j-1]) op1 data1[j], from `initial`."""
    target, a, b = tile("dst", dst), tile("data0", data0), tile("data1", data1)
    same_shape(("dst", target), ("data0", a), ("data1", b))
    not_both_psum(("data0", a), ("data1", b))
    sources = [a, b]
    args: dict[str, Any] = {"initial": scalar_operand(initial, "initial", a, sources, strict=False)}
    args |= {"op0": operator_name(op0, ARITHMETIC, "op0"), "op1": operator_name(op1, ARITHMETIC, "op1")}
    args |= {"reverse0": reverse0, "reverse1": reverse1}
    return current().emit("tensor_tensor_scan", "vector", (target,), tuple(sources), args)


def reciprocal(dst: Any, data: Any, name: Any = None) -> Instruction:
    """dst = 1 / data."""
    target, source = tile("dst", dst), tile("data", data)
    same_shape(("dst", target), ("data", source))
    return current().emit("reciprocal", "vector", (target,), (source,), {})
