"""Short inner products: matched by their meaning, right at every size and at the ends of their dtypes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from avx_tasks import K, M, N
from test_avx import target

from accelcore.cgen import Dot, operand, short
from accelcore.cgen.toolchain import cpu_features
from accelcore.errors import IrError
from accelcore.ir.expr import Expr, array, cast, comp, get, reduce
from accelcore.loops import schedule
from accelcore.loops.lower import lower
from accelcore.loops.moves import recipe
from accelcore.values import Artifact, Limits, Param, Role, Summary, Task, sizes_of
from accelcore_avx.target import AvxEvaluator, AvxTarget

TILE = "tile(i, 6, j, interleave=2, panel=32, pack=b, depth={})"
PAIRS = {
    "u8s8": ("u8", "i8", "i32", 4, "dpbusd"),
    "s8u8": ("i8", "u8", "i32", 4, "dpbusd"),
    "i16": ("i16", "i16", "i32", 2, "dpwssd"),
}


def product(left: str, right: str, result: str) -> Task:
    """A matrix product of these dtypes."""
    a, b = array("a", left, 2), array("b", right, 2)
    wide = "real" if result == "f32" else "int"
    mode = ("nearest", "wrap")

    def element(i: Expr, j: Expr) -> Expr:
        total = reduce("sum", K, lambda k: cast(get(a, i, k), wide) * cast(get(b, k, j), wide))
        return cast(total, result, *mode)

    params = (Param("a", left, (M, K)), Param("b", right, (K, N)), Param("out", result, (M, N), Role.OUT))
    post = comp(M, lambda i: comp(N, lambda j: element(i, j)))
    return Task("product", params, Summary((("out", post),), (), "real"), sizes=(sizes_of({"m": 4, "n": 4, "k": 4}),))


def extremes(dtype: str, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray[Any, Any]:
    """Random elements, most of them the least or greatest of the dtype: where an instruction that saturates shows."""
    limits = np.iinfo(dtype.replace("u", "uint").replace("i", "int") if dtype[0] == "i" else f"uint{dtype[1:]}")
    anything = rng.integers(limits.min, limits.max, shape, endpoint=True)
    return np.where(rng.random(shape) < 0.7, limits.max, anything).astype(limits.dtype)


def ran(chosen: AvxTarget, task: Task, steps: tuple[str, ...], sizes: dict[str, int], seed: int = 0) -> None:
    """Compare a kernel with exact integer products modulo 2**32."""
    (artifact,) = AvxEvaluator().build(task, [chosen.kernel(task, steps)], limits=Limits(seconds=60))
    assert isinstance(artifact, Artifact), artifact.log
    rng = np.random.default_rng(seed)
    a, b = (extremes(p.dtype, tuple(sizes[e.name] for e in p.shape), rng) for p in task.params[:2])
    arrays = {"a": a, "b": b, "out": np.full((sizes["m"], sizes["n"]), 77, np.int32)}
    with AvxEvaluator().open(artifact, limits=Limits()) as runner:
        runner.call([arrays], sizes)
    want = (a.astype(np.int64) @ b.astype(np.int64)).astype(np.int32)
    np.testing.assert_array_equal(arrays["out"], want)


@pytest.mark.parametrize("isa", ["avx512vnni", "avx512", "avx2"])
@pytest.mark.parametrize("name", PAIRS)
def test_products_of_small_integers_are_exact(name: str, isa: str) -> None:
    left, right, result, depth, instruction = PAIRS[name]
    chosen, task = target(isa), product(left, right, result)
    steps = (TILE.format(depth),)
    assert (instruction in chosen.kernel(task, steps).text) is (isa == "avx512vnni")
    for sizes in ({"m": 7, "n": 33, "k": 4 * 5}, {"m": 13, "n": 70, "k": 23}, {"m": 1, "n": 1, "k": 3}):
        ran(chosen, task, steps, sizes)


def test_the_recipe_takes_the_instruction_where_there_is_one() -> None:
    task = product("u8", "i8", "i32")
    with_it = recipe(lower(task), AvxTarget("avx512vnni").unit(), {"m": 64, "n": 64, "k": 64})
    without = recipe(lower(task), AvxTarget("avx512").unit(), {"m": 64, "n": 64, "k": 64})
    assert "depth=4" in with_it[0] and "depth" not in without[0]


@pytest.mark.parametrize(("left", "right"), [("u8", "u8"), ("i8", "i8"), ("u8", "i16")])
def test_other_dtypes_are_left_to_other_instructions(left: str, right: str) -> None:
    text = AvxTarget("avx512vnni").kernel(product(left, right, "i32"), (TILE.format(4),)).text
    assert "_mm512_dp" not in text


def test_only_elements_side_by_side_are_words() -> None:
    """Without packing, the four elements of a column are a row apart."""
    task = product("u8", "i8", "i32")
    steps = ("split(k2, 4, tail=cut); vectorize(j)",)
    assert "_mm512_dp" not in AvxTarget("avx512vnni").kernel(task, steps).text
    ran(target("avx512vnni"), task, steps, {"m": 2, "n": 18, "k": 9})


def test_bf16_needs_a_number_model_that_frees_sums() -> None:
    from dataclasses import replace

    from accelcore.cgen import emit
    from accelcore_avx.avx512 import AVX512
    from accelcore_avx.dots import with_dots

    isa = with_dots(AVX512, frozenset({"avx512_bf16"}))
    program = schedule.apply(lower(product("bf16", "bf16", "f32")), TILE.format(2))
    assert "_mm512_dpbf16_ps" in emit(program, isa)
    assert "_mm512_dpbf16_ps" not in emit(replace(program, reassociate=False), isa)


def test_products_of_bf16_are_right_within_the_rounding_of_sums() -> None:
    """Built for any machine with the compiler's flag, run where the CPU has the instruction."""
    task = product("bf16", "bf16", "f32")
    kernel = AvxTarget().kernel(task, (TILE.format(2),))
    has_dots = "avx512_bf16" in cpu_features()
    assert ("_mm512_dpbf16_ps" in kernel.text) == has_dots
    (artifact,) = AvxEvaluator().build(task, [kernel], limits=Limits(seconds=60))
    assert isinstance(artifact, Artifact), artifact.log
    rng, sizes = np.random.default_rng(1), {"m": 7, "n": 37, "k": 29}
    a, b = (rng.normal(size=(sizes[r], sizes[c])).astype(np.float32).view(np.uint32) >> 16 for r, c in ("mk", "kn"))
    arrays = {"a": a.astype(np.uint16), "b": b.astype(np.uint16), "out": np.zeros((7, 37), np.float32)}
    with AvxEvaluator().open(artifact, limits=Limits()) as runner:
        runner.call([arrays], sizes)
    wide = [(x << 16).view(np.float32).astype(np.float64) for x in (a, b)]
    np.testing.assert_allclose(arrays["out"], wide[0] @ wide[1], rtol=1e-5, atol=1e-5)


def test_a_dot_says_what_it_adds() -> None:
    acc, a, b = operand("acc", "i32"), short("a", "u8"), short("b", "i8")
    meaning = acc + reduce("sum", 4, lambda t: cast(b[t], "i32") * cast(a[t], "i32"))
    one = Dot("d", 16, meaning, "f({acc}, {a}, {b})")
    assert (one.steps, one.dtype, [o.dtype for o in one.operands]) == (4, "i32", ["u8", "i8"])
    with pytest.raises(IrError, match="no sum"):
        Dot("d", 16, acc + acc, "").operands  # noqa: B018 - the property is what raises
    with pytest.raises(IrError, match="products"):
        Dot("d", 16, acc + reduce("sum", 4, lambda t: cast(a[t], "i32")), "").operands  # noqa: B018 - as above
