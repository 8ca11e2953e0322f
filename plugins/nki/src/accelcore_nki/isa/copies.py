"""nki.isa: DMA, copies and fills."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from numbers import Real
from typing import Any

from accelcore_nki.dtypes import FLOATS
from accelcore_nki.errors import fail
from accelcore_nki.isa.enums import dge_mode as dge
from accelcore_nki.isa.enums import engine as engines
from accelcore_nki.isa.enums import oob_mode as oob
from accelcore_nki.operators import operator_name
from accelcore_nki.recorder import Instruction, current
from accelcore_nki.rules import SBUF_ONLY, at_least, choose, same_dtype, same_shape, tensor, tile
from accelcore_nki.tensors import PSUM, Indirect, NkiTensor

_AXES = {2: (1, 0), 3: (2, 1, 0), 4: (3, 1, 2, 0)}
_COPY_ENGINES = ("vector", "scalar", "gpsimd")
_MOST_SOURCES = 16  # of dma_compute


def _memory(role: str, value: Any) -> NkiTensor:
    view = tensor(role, value)
    if view.storage.buffer == PSUM:
        raise fail(
            "buffer",
            f"{role} is in PSUM, which DMA does not reach (NKI 0.3)",
            view,
            hint="nisa.tensor_copy it to SBUF first",
        )
    return view


def _skipping(view: NkiTensor, mode: Any) -> NkiTensor:
    """The view, with rows left out whose run-time index does not exist when the mode says skip."""
    found = view.indirection
    if mode is not oob.skip or not isinstance(found, Indirect):
        return view
    return NkiTensor(view.storage, view.dtype, view.offset, view.shape, view.strides, replace(found, skip=True))


def dma_copy(
    dst: Any,
    src: Any,
    priority: Any = None,
    oob_mode: Any = oob.error,
    dge_mode: Any = dge.unknown,
    engine: Any = engines.unknown,
    name: Any = None,
    dst_rmw_op: Any = None,
    unique_indices: bool = True,
) -> Instruction:
    """dst = src between HBM and SBUF; casts through float32.

    dst_rmw_op (until NKI 0.2): dst = dst op src, element after element, whether indices are unique or not.
    """
    target, source = _memory("dst", dst), _memory("src", src)
    if oob_mode is oob.skip:
        target, source = _skipping(target, oob_mode), _skipping(source, oob_mode)
    if target.size != source.size:
        raise fail("shape", f"dst has {target.size} elements, src {source.size}", target, source)
    if dge_mode is dge.hwdge:
        at_least(3, "hardware descriptor generation")
        same_dtype("dst of a hwdge copy", target, source)
        if any(isinstance(v.indirection, Indirect) and v.indirection.vector for v in (target, source)):
            raise fail("dge", "hardware makes no descriptors from a vector of indices", target, source,
                       hint="dge_mode.swdge or unknown")  # fmt: skip
    plain = source.indirection is None and target.indirection is None
    sources = (source,) if plain else (*_with_index(source), *_with_index(target)[1:])
    args = _dma(dge_mode, engine)
    if dst_rmw_op is not None:
        args = {**args, "rmw": operator_name(dst_rmw_op, frozenset(("add", "maximum")), "dst_rmw_op")}
    return current().emit("dma_copy", "dma", (target,), sources, args)


def _with_index(view: NkiTensor) -> tuple[NkiTensor, ...]:
    """The view, and the tensor that holds its indices, which the instruction reads too."""
    index = view.indirection.source if isinstance(view.indirection, Indirect) else None
    return (view, index) if isinstance(index, NkiTensor) else (view,)


_UNASKED = {"dge": "unknown", "queue": "unknown"}


def _dma(mode: Any, engine: Any) -> dict[str, Any]:
    if mode is dge.unknown and engine is engines.unknown:  # the usual case, kept fast
        return _UNASKED
    return {"dge": getattr(mode, "name", "unknown"), "queue": getattr(engine, "name", "unknown")}


def dma_transpose(
    dst: Any,
    src: Any,
    axes: Any = None,
    priority: Any = None,
    dge_mode: Any = dge.unknown,
    oob_mode: Any = oob.error,
    name: Any = None,
) -> Instruction:
    """dst = src with the axes reversed in the supported way: (1, 0), (2, 1, 0) or (3, 1, 2, 0)."""
    target, source = tile("dst", dst, SBUF_ONLY), _skipping(_memory("src", src), oob_mode)
    order = _AXES.get(source.ndim)
    if order is None or (axes is not None and tuple(axes) != order):
        raise fail("axes", f"axes={axes} for {source.ndim} dimensions", source, hint=f"one of {list(_AXES.values())}")
    if tuple(source.shape[a] for a in order) != target.shape:
        raise fail("shape", f"dst is {target.shape}, the transposed src {[source.shape[a] for a in order]}", target)
    same_dtype("dst", target, source)
    if source.itemsize not in (2, 4):
        raise fail("dtype", f"{source.dtype} is not transposed by DMA", source, hint="2- and 4-byte types are")
    _transposes(source, dge_mode)
    args = {"axes": order, **_dma(dge_mode, None)}
    return current().emit("dma_transpose", "dma", (target,), _with_index(source), args)


def _transposes(source: NkiTensor, mode: Any) -> None:
    """What transpositions with descriptors of hardware, and of gathered rows, ask for besides."""
    gathers = isinstance(source.indirection, Indirect) and source.indirection.vector
    if mode is dge.hwdge:
        at_least(3, "hardware descriptor generation")
        if source.shape[0] != 16 or source.shape[-1] % 128 or source.itemsize != 2 or gathers:
            raise fail("dge", "hardware transposes 16 rows of multiples of 128 2-byte elements", source)
    if gathers:
        at_least(3, "a transposition of gathered rows")
        if source.shape[0] % 16 or source.shape[-1] > 128 or source.itemsize != 2:
            what = "gathered rows are transposed by multiples of 16, of at most 128 2-byte elements"
            raise fail("shape", what, source, hint="gather with nisa.dma_copy, then transpose")


def dma_compute(
    dst: Any,
    srcs: Sequence[Any],
    reduce_op: Any,
    scales: Any = None,
    unique_indices: bool = True,
    oob_mode: Any = oob.error,
    name: Any = None,
) -> Instruction:
    """dst = the sum or maximum of the sources, in float32, on the DMA engines."""
    target, *sources = (_skipping(_memory(r, v), oob_mode) for r, v in (("dst", dst), *(("srcs", s) for s in srcs)))
    op = operator_name(reduce_op, frozenset(("add", "maximum")), "reduce_op")
    if not 0 < len(sources) <= _MOST_SOURCES or any(s.size != target.size for s in sources):
        raise fail("shape", f"1 to {_MOST_SOURCES} sources of {target.size} elements", target, *sources)
    args = {"op": op, "scales": tuple(scales or (1.0,) * len(sources)), **_dma(None, None)}
    return current().emit("dma_compute", "dma", (target,), tuple(sources), args)


def tensor_copy(dst: Any, src: Any, engine: Any = engines.unknown, name: Any = None) -> Instruction:
    """dst = src on chip."""
    target, source = tile("dst", dst), tile("src", src)
    same_shape(("dst", target), ("src", source))
    chosen = choose(engine, "vector", _COPY_ENGINES, target, source)
    if chosen == "scalar":
        at_least(3, "tensor_copy on the scalar engine")
    return current().emit("tensor_copy", chosen, (target,), (source,), {})


def memset(dst: Any, value: Any, engine: Any = engines.unknown, name: Any = None) -> Instruction:
    """dst = a constant."""
    target = tile("dst", dst)
    if not isinstance(value, Real):
        raise fail("operand", f"the value of a memset is a Python number, not {type(value).__name__}", target)
    if target.dtype not in FLOATS and not float(value).is_integer():
        raise fail("dtype", f"{value} is no {target.dtype}", target, hint="give a value of the tensor's type")
    chosen = choose(engine, "vector", ("vector", "gpsimd"), target)
    return current().emit("memset", chosen, (target,), (), {"value": value if isinstance(value, int) else float(value)})


def tensor_copy_predicated(
    dst: Any, src: Any, predicate: Any, reverse_pred: bool = False, name: Any = None
) -> Instruction:
    """dst = src where the predicate holds; other elements stay."""
    target, test = tile("dst", dst), tile("predicate", predicate)
    same_shape(("dst", target), ("predicate", test))
    if test.dtype not in ("uint8", "uint16", "uint32"):
        raise fail("dtype", f"the predicate is {test.dtype}", test, hint="uint8, uint16 or uint32")
    args: dict[str, Any] = {"reverse": reverse_pred}
    if not isinstance(src, NkiTensor):
        args["value"] = float(src)
        return current().emit("tensor_copy_predicated", "vector", (target,), (test,), args)
    source = tile("src", src)
    same_shape(("dst", target), ("src", source))
    same_dtype("src", source, target)
    if source.storage.buffer == test.storage.buffer == PSUM:
        raise fail("psum-ports", "src and predicate are both in PSUM", source, test, hint="copy one to SBUF")
    return current().emit("tensor_copy_predicated", "vector", (target,), (test, source), args)


def nc_stream_shuffle(dst: Any, src: Any, shuffle_mask: Sequence[int], name: Any = None) -> Instruction:
    """Move partitions inside each quadrant of 32; 255 leaves one as it is."""
    target, source = tile("dst", dst), tile("src", src)
    same_shape(("dst", target), ("src", source))
    same_dtype("src", source, target)
    mask = tuple(int(m) for m in shuffle_mask)
    if len(mask) != 32 or any(m != 255 and not 0 <= m < 32 for m in mask):
        raise fail("operand", "shuffle_mask has 32 entries, each 0 to 31 or 255")
    return current().emit("nc_stream_shuffle", "vector", (target,), (source,), {"mask": mask})


def nc_n_gather(dst: Any, data: Any, indices: Any, name: Any = None) -> Instruction:
    """dst[p, j] = data[p, indices[p, j]] on GpSimd."""
    target, source, index = (tile(r, v, SBUF_ONLY) for r, v in (("dst", dst), ("data", data), ("indices", indices)))
    same_shape(("dst", target), ("indices", index))
    same_dtype("dst", target, source)
    if index.dtype != "uint32":
        raise fail("dtype", f"indices are {index.dtype}, not uint32", index)
    return current().emit("nc_n_gather", "gpsimd", (target,), (source, index), {})


def local_gather(
    dst: Any, src_buffer: Any, index: Any, num_elem_per_idx: int = 1, num_valid_indices: Any = None, name: Any = None
) -> Instruction:
    """Each GpSimd core gathers from its 16 partitions by their own indices."""
    target, source, picks = (tile(r, v, SBUF_ONLY) for r, v in (("dst", dst), ("src", src_buffer), ("index", index)))
    if source.shape[0] != picks.shape[0] or source.shape[0] % 16:
        raise fail("shape", "src_buffer and index have one multiple of 16 partitions", source, picks)
    if picks.dtype != "uint16" or num_elem_per_idx not in (1, 2, 4, 8, 16, 32):
        raise fail("dtype", "indices are uint16, num_elem_per_idx one of 1, 2, 4, 8, 16, 32", picks)
    same_dtype("dst", target, source)
    valid = num_valid_indices if num_valid_indices is not None else picks.free * 16
    if target.free != valid * num_elem_per_idx:
        raise fail("shape", f"dst has {target.free} elements a partition, not {valid * num_elem_per_idx}", target)
    args = {"run": num_elem_per_idx, "valid": valid}
    return current().emit("local_gather", "gpsimd", (target,), (source, picks), args)


def iota(
    dst: Any, pattern: Sequence[Sequence[int]], offset: int = 0, channel_multiplier: int = 0, name: Any = None
) -> Instruction:
    """dst[p, ...] = offset + p * channel_multiplier + the pattern, on GpSimd."""
    target = tile("dst", dst, SBUF_ONLY)
    args = _affine(target, pattern, offset, channel_multiplier)
    return current().emit("iota", "gpsimd", (target,), (), args)


def _affine(target: NkiTensor, pattern: Any, offset: Any, multiplier: Any) -> dict[str, Any]:
    steps = tuple((int(s), int(c)) for s, c in pattern)
    count = 1
    for _, c in steps:
        count *= c
    if count != target.free or len(steps) > 4:
        raise fail("shape", f"the pattern counts {count} elements, dst has {target.free}", target)
    return {"pattern": steps, "offset": int(offset), "channel_multiplier": int(multiplier)}


def affine_select(
    dst: Any,
    pattern: Any,
    channel_multiplier: int,
    on_true_tile: Any,
    on_false_value: float,
    cmp_op: Any = "equal",
    offset: int = 0,
    name: Any = None,
) -> Instruction:
    """dst = on_true_tile where the affine value compares true with 0, else on_false_value; on GpSimd."""
    target, source = tile("dst", dst, SBUF_ONLY), tile("on_true_tile", on_true_tile, SBUF_ONLY)
    same_shape(("dst", target), ("on_true_tile", source))
    compare = frozenset(("equal", "not_equal", "greater", "greater_equal", "less", "less_equal"))
    args = _affine(target, pattern, offset, channel_multiplier)
    args |= {"cmp": operator_name(cmp_op, compare, "cmp_op"), "value": float(on_false_value)}
    return current().emit("affine_select", "gpsimd", (target,), (source,), args)
