"""nki.isa: activation functions, with what the same pass of the engine does before and after them."""

from __future__ import annotations

from typing import Any

from accelcore_nki.errors import UnsupportedCall, fail, source_line
from accelcore_nki.isa.arithmetic import scalar_operand
from accelcore_nki.isa.enums import engine as engines
from accelcore_nki.isa.enums import reduce_cmd as commands
from accelcore_nki.operators import ACTIVATIONS, operator_name
from accelcore_nki.recorder import Instruction, current
from accelcore_nki.rules import at_least, choose, column, same_shape, tile
from accelcore_nki.tensors import NkiTensor

_STEPS = frozenset(("multiply", "add", "subtract", "bypass"))
_PAIRS = frozenset((
    ("multiply", "add"), ("multiply", "subtract"), ("multiply", "bypass"), ("add", "bypass"), ("subtract", "bypass"),
    ("bypass", "bypass"),
))  # fmt: skip
_REDUCTIONS = frozenset(("add", "maximum", "minimum", "abs_max", "abs_min"))


def activation(
    dst: Any,
    op: Any,
    data: Any,
    bias: Any = None,
    scale: Any = 1.0,
    reduce_op: Any = None,
    reduce_res: Any = None,
    reduce_cmd: Any = commands.idle,
    engine: Any = engines.scalar,
    name: Any = None,
) -> Instruction:
    """dst = op(data * scale + bias) on the scalar engine, and optionally the sum of it.

    engine: scalar, or GpSimd from NeuronCore-v4 on, which has no sum.
    """
    target, source = tile("dst", dst), tile("data", data)
    same_shape(("dst", target), ("data", source))
    if bias is not None and not isinstance(bias, NkiTensor) and bias != 0:
        at_least(3, "a scalar bias")
    sources = [source]
    args: dict[str, Any] = {"op": operator_name(op, ACTIVATIONS)}
    args["scale"] = scalar_operand(scale, "scale", source, sources)
    args["bias"] = scalar_operand(bias, "bias", source, sources, strict=False)
    if reduce_op is not None:
        operator_name(reduce_op, frozenset(("add",)), "reduce_op")
    args["command"] = reduce_cmd.name
    results = (target,) if reduce_res is None else (target, column("reduce_res", reduce_res, source))
    chosen = choose(engine, "scalar", ("scalar", "gpsimd"), target, *sources)
    if chosen == "gpsimd":
        at_least(4, "an activation on GpSimd")
        if reduce_res is not None or args["command"] != "idle":
            raise fail("engine", "GpSimd sums nothing", target, hint="the scalar engine has the accumulators")
    return current().emit("activation", chosen, results, tuple(sources), args)


def activate2(
    dst: Any,
    op: Any,
    data: Any,
    imm0: Any,
    imm1: Any,
    op0: Any,
    op1: Any,
    relu_param: Any = 0.0,
    reverse0: bool = False,
    reverse1: bool = False,
    reduce_op: Any = None,
    reduce_res: Any = None,
    reduce_cmd: Any = commands.idle,
    name: Any = None,
) -> Instruction:
    """dst = op((data op0 imm0) op1 imm1) on the scalar engine (NeuronCore-v4), and optionally a reduction of it."""
    at_least(4, "activate2")
    target, source = tile("dst", dst), tile("data", data)
    same_shape(("dst", target), ("data", source))
    if not isinstance(relu_param, int | float) or relu_param != 0:
        what = "activations with a parameter are not simulated"
        raise UnsupportedCall(what, rule="unsupported", where=source_line(), hint="nearest: op=nl.relu, relu_param=0.0")
    args: dict[str, Any] = {"op": operator_name(op, ACTIVATIONS), "reverse0": reverse0, "reverse1": reverse1}
    sources = [source]
    for key, given, immediate in (("0", op0, imm0), ("1", op1, imm1)):
        args[f"op{key}"] = operator_name("bypass" if given is None else given, _STEPS, f"op{key}")
        args[f"operand{key}"] = scalar_operand(immediate, f"imm{key}", source, sources, strict=False)
    if (args["op0"], args["op1"]) not in _PAIRS:
        raise fail("operator", f"{args['op0']} and {args['op1']} are no pair of steps", hint=f"one of {sorted(_PAIRS)}")
    if len({view.dtype for view in sources[1:]}) > 1:
        raise fail("dtype", "imm0 and imm1 have one type when both are tensors", *sources[1:])
    args |= {"reduce": operator_name(reduce_op or "add", _REDUCTIONS, "reduce_op"), "command": reduce_cmd.name}
    results = (target,) if reduce_res is None else (target, column("reduce_res", reduce_res, source))
    return current().emit("activate2", "scalar", results, tuple(sources), args)


def activation_reduce(
    dst: Any, op: Any, data: Any, reduce_op: Any, reduce_res: Any, bias: Any = None, scale: Any = 1.0, name: Any = None
) -> Instruction:
    """`activation` that also sums its result over the free axes."""
    return activation(dst, op, data, bias, scale, reduce_op, reduce_res, commands.reset_reduce)


def exponential(
    dst: Any,
    src: Any,
    max_value: Any = 0.0,
    reduce_res: Any = None,
    reduce_cmd: Any = commands.idle,
    reduce_init: Any = 0.0,
    name: Any = None,
) -> Instruction:
    """dst = exp(src - max_value) on the vector engine (NeuronCore-v4)."""
    at_least(4, "exponential")
    target, source = tile("dst", dst), tile("src", src)
    same_shape(("dst", target), ("src", source))
    sources = [source]
    args: dict[str, Any] = {"maximum": scalar_operand(max_value, "max_value", source, sources)}
    args["initial"] = scalar_operand(reduce_init, "reduce_init", source, sources)
    args["command"] = reduce_cmd.name
    results = (target,) if reduce_res is None else (target, column("reduce_res", reduce_res, source))
    return current().emit("exponential", "vector", results, tuple(sources), args)
