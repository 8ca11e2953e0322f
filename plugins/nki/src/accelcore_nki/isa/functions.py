"""nki.isa: statistics, selections, searches, registers."""

from __future__ import annotations

from operator import index as as_int
from typing import Any

from accelcore_nki.dtypes import FLOAT32_MIN, FLOATS
from accelcore_nki.errors import fail
from accelcore_nki.isa.arithmetic import scalar_operand
from accelcore_nki.isa.enums import nc_version
from accelcore_nki.isa.enums import reduce_cmd as commands
from accelcore_nki.operators import COMPARE, operator_name
from accelcore_nki.recorder import Instruction, current
from accelcore_nki.registers import VirtualRegister
from accelcore_nki.rules import SBUF_ONLY, at_least, column, not_both_psum, same_shape, tensor, tile
from accelcore_nki.tensors import NkiTensor

_RANGES = COMPARE - {"not_equal"}
_STATS_MOST, _SEARCH_LEAST, _SEARCH_MOST, _CORE = 512, 8, 16384, 16


def get_nc_version() -> nc_version:
    """The generation that the kernel is traced for."""
    return nc_version(current().generation.version)


def bn_stats(dst: Any, data: Any, name: Any = None) -> Instruction:
    """Count, mean and variance * count of the even and of the odd elements."""
    target, source = tile("dst", dst), tile("data", data)
    if source.free > _STATS_MOST:
        raise fail("tile-size", f"{source.free} elements a partition, at most {_STATS_MOST}", source)
    if (target.shape[0], target.free) != (source.shape[0], 6):
        raise fail("shape", f"the result has {source.shape[0]} partitions of 6", target)
    return current().emit("bn_stats", "vector", (target,), (source,), {})


def bn_aggr(dst: Any, data: Any, name: Any = None) -> Instruction:
    """Mean and variance from groups of (count, mean, variance * count)."""
    target, source = tile("dst", dst), tile("data", data)
    if source.free % 3:
        raise fail("shape", f"{source.free} elements a partition are no groups of three", source)
    if (target.shape[0], target.free) != (source.shape[0], 2):
        raise fail("shape", f"the result has {source.shape[0]} partitions of 2", target)
    return current().emit("bn_aggr", "vector", (target,), (source,), {})


def range_select(
    dst: Any,
    on_true_tile: Any,
    comp_op0: Any,
    comp_op1: Any,
    bound0: Any,
    bound1: Any,
    reduce_cmd: Any = commands.reset_reduce,
    reduce_res: Any = None,
    reduce_op: Any = "maximum",
    range_start: int = 0,
    on_false_value: float = FLOAT32_MIN,
    name: Any = None,
) -> Instruction:
    """Keep elements whose position lies between two bounds; others become the smallest float32."""
    at_least(3, "range_select")
    target, source = tile("dst", dst), tile("on_true_tile", on_true_tile)
    same_shape(("dst", target), ("on_true_tile", source))
    bounds = (column("bound0", bound0, source), column("bound1", bound1, source))
    if any(b.dtype != "float32" for b in bounds) or source.dtype not in FLOATS:
        raise fail("dtype", "bounds are float32, what is selected is a float", source, *bounds)
    if abs(on_false_value / FLOAT32_MIN - 1) > 1e-6:
        raise fail("operand", f"on_false_value is {on_false_value}", hint="it must be the smallest float32")
    operator_name(reduce_op, frozenset(("maximum",)), "reduce_op")
    args = {"op0": operator_name(comp_op0, _RANGES, "comp_op0"), "op1": operator_name(comp_op1, _RANGES, "comp_op1")}
    more = {"start": int(range_start), "value": float(on_false_value), "command": reduce_cmd.name}
    results = (target,) if reduce_res is None else (target, column("reduce_res", reduce_res, source))
    return current().emit("range_select", "vector", results, (source, *bounds), {**args, **more})


def select_reduce(
    dst: Any,
    predicate: Any,
    on_true: Any,
    on_false: Any,
    reduce_res: Any = None,
    reduce_cmd: Any = commands.idle,
    reduce_op: Any = "maximum",
    reverse_pred: bool = False,
    name: Any = None,
) -> Instruction:
    """dst = on_true where the predicate holds, else on_false, and optionally its maximum."""
    target, source, test = tile("dst", dst), tile("on_true", on_true), tile("predicate", predicate)
    same_shape(("dst", target), ("on_true", source), ("predicate", test))
    not_both_psum(("on_true", source), ("predicate", test))
    if test.dtype not in ("int8", "uint8", "int16", "uint16"):
        raise fail("dtype", f"the predicate is {test.dtype}", test, hint="an 8- or 16-bit integer")
    if source.dtype in ("tfloat32", "int32", "uint32"):
        raise fail("dtype", f"{source.dtype} is not selected", source, hint="a float or a narrower integer")
    sources = [source, test]
    operator_name(reduce_op, frozenset(("maximum",)), "reduce_op")
    args: dict[str, Any] = {"false": scalar_operand(on_false, "on_false", source, sources, strict=False)}
    args |= {"command": reduce_cmd.name, "reverse": reverse_pred}
    results = (target,) if reduce_res is None else (target, column("reduce_res", reduce_res, source))
    return current().emit("select_reduce", "vector", results, tuple(sources), args)


def _searched(role: str, value: Any) -> NkiTensor:
    view = tile(role, value)
    if not _SEARCH_LEAST <= view.free <= _SEARCH_MOST:
        limits = f"{_SEARCH_LEAST} to {_SEARCH_MOST} are searched"
        raise fail("tile-size", f"{view.free} elements a partition, {limits}", view)
    return view


def _eight(role: str, value: Any, like: NkiTensor) -> NkiTensor:
    view = tile(role, value)
    if (view.shape[0], view.free) != (like.shape[0], 8):
        raise fail("shape", f"{role} has 8 elements for each of {like.shape[0]} partitions", view)
    return view


def max8(dst: Any, src: Any, name: Any = None) -> Instruction:
    """The 8 largest values of each partition, descending."""
    source = _searched("src", src)
    return current().emit("max8", "vector", (_eight("dst", dst, source),), (source,), {})


def nc_find_index8(dst: Any, data: Any, vals: Any, name: Any = None) -> Instruction:
    """Positions of 8 values in each partition."""
    source = _searched("data", data)
    target = _eight("dst", dst, source)
    if target.dtype not in ("uint16", "uint32"):
        raise fail("dtype", f"positions are {target.dtype}", target, hint="uint16 or uint32")
    return current().emit("nc_find_index8", "vector", (target,), (source, _eight("vals", vals, source)), {})


def nc_match_replace8(dst: Any, data: Any, vals: Any, imm: float, dst_idx: Any = None, name: Any = None) -> Instruction:
    """dst = data with the first occurrence of each of 8 values replaced by `imm`."""
    source, target = _searched("data", data), tile("dst", dst)
    same_shape(("dst", target), ("data", source))
    results = (target,) if dst_idx is None else (target, _eight("dst_idx", dst_idx, source))
    sources = (source, _eight("vals", vals, source))
    return current().emit("nc_match_replace8", "vector", results, sources, {"value": float(imm)})


def topk(val_dst: Any, idx_dst: Any, src: Any, n: int, sorted: bool = False, name: Any = None) -> Instruction:
    """The largest of the n elements of each 16 partitions, and their places; elements go partition first (GpSimd)."""
    operands = (("val_dst", val_dst), ("idx_dst", idx_dst), ("src", src))
    values, places, source = (tile(role, value, SBUF_ONLY) for role, value in operands)
    if source.dtype != "bfloat16" or values.dtype != "bfloat16" or places.dtype != "uint32":
        raise fail("dtype", "topk takes bfloat16 values and gives uint32 places", values, places, source)
    if source.shape[0] % _CORE or not _SEARCH_LEAST <= n < 1 << 16 or -(-n // _CORE) > source.free:
        raise fail("shape", f"n={n} of a tile of {source.shape}", source, hint="16 partitions hold 16 * free elements")
    if values.free != places.free or not 1 <= values.free <= n:
        raise fail("shape", "val_dst and idx_dst have k elements a partition, at most n", values, places)
    args = {"n": int(n), "sorted": bool(sorted)}
    return current().emit("topk", "gpsimd", (values, places), (source,), args)


def sequence_bounds(dst: Any, segment_ids: Any, name: Any = None) -> Instruction:
    """First index and last index + 1 of the segment that each element is in; padding (0) gets n and -1 (GpSimd)."""
    target, source = tile("dst", dst, SBUF_ONLY), tile("segment_ids", segment_ids, SBUF_ONLY)
    if source.shape[0] != 1 or target.shape[0] != 1 or target.free != 2 * source.free:
        raise fail("shape", "segment_ids is (1, n), dst (1, 2, n)", target, source)
    if {target.dtype, source.dtype} - {"float32", "int32"}:
        raise fail("dtype", "segment_ids and dst are float32 or int32", target, source)
    return current().emit("sequence_bounds", "gpsimd", (target,), (source,), {})


def nonzero_with_count(
    dst: Any, src: Any, index_offset: int = 0, padding_val: int = -1, name: Any = None
) -> Instruction:
    """In partitions 0, 16, 32, ...: places of the elements that are not 0, padding, and their number at the end."""
    at_least(3, "nonzero_with_count")
    target, source = tile("dst", dst, SBUF_ONLY), tile("src", src, SBUF_ONLY)
    if source.dtype not in ("float32", "int32") or target.dtype != "int32":
        raise fail("dtype", "src is float32 or int32, dst int32", target, source)
    if (target.shape[0], target.free) != (source.shape[0], source.free + 1):
        raise fail("shape", "dst has one element a partition more than src", target, source)
    args = {"offset": as_int(index_offset), "padding": as_int(padding_val)}
    return current().emit("nonzero_with_count", "gpsimd", (target,), (source,), args)


def core_barrier(*_: Any, **__: Any) -> None:
    """Instances of a grid run one after another here: there is nothing to wait for."""


def register_alloc(x: int | None = None) -> VirtualRegister:
    """A register, with a value when one is given."""
    register = current().register()
    if x is not None:
        register_move(register, x)
    return register


def register_move(dst: VirtualRegister, src: Any) -> Instruction:
    """register = number or register."""
    immediate = not isinstance(src, VirtualRegister)
    args = {"register": dst.index, "source": int(src) if immediate else src.index, "immediate": immediate}
    known = current().known
    value = int(src) if immediate else known.get(src.index)
    known.pop(dst.index, None)
    if value is not None:
        known[dst.index] = value
    return current().emit("register_move", "sync", (), (), args)


def register_load(dst: VirtualRegister, src: Any) -> Instruction:
    """register = the only element of a tensor."""
    source = _single("src", src)
    current().known.pop(dst.index, None)
    return current().emit("register_load", "sync", (), (source,), {"register": dst.index})


def register_store(dst: Any, src: VirtualRegister) -> Instruction:
    """The only element of a tensor = register."""
    return current().emit("register_store", "sync", (_single("dst", dst),), (), {"register": src.index})


def scalar_load(src: Any) -> VirtualRegister:
    """The only element of a tensor of int32 as a scalar; arithmetic on it gives numbers (see VirtualRegister)."""
    source = _single("src", src)
    if source.dtype != "int32":
        raise fail("dtype", f"a scalar of {source.dtype}", source, hint="scalars are loaded from int32")
    register = register_alloc()
    register_load(register, source)
    return register


def scalar_store(dst: Any, value: VirtualRegister | int) -> None:
    """The only element of a tensor of int32 = a scalar, or what arithmetic made of one, which wraps at 32 bits."""
    target = _single("dst", dst)
    if target.dtype != "int32":
        raise fail("dtype", f"a scalar to {target.dtype}", target, hint="scalars are stored to int32")
    if not isinstance(value, VirtualRegister):
        value = register_alloc((int(value) + _HALF) % (2 * _HALF) - _HALF)
    register_store(target, value)


_HALF = 1 << 31  # of the range of int32


def _single(role: str, value: Any) -> NkiTensor:
    view = tensor(role, value)
    if view.size != 1:
        raise fail("shape", f"{role} has {view.size} elements, a register holds one", view)
    return view
