"""Every instruction means what it says: compiled, run on the emulator, and compared with its meaning."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from accelcore.cgen import Instruction, emit
from accelcore.ir.expr import Expr, array, binary, const, get, index, param, select, size, transform
from accelcore.loops.interpret import interpret
from accelcore.loops.nodes import Buffer, For, Kind, Memory, Program, Store
from accelcore.values import Artifact, Kernel, Limits, Param, Role, Source, Task
from accelcore_rvv.evaluator import RvvEvaluator
from accelcore_rvv.tables import RVV
from accelcore_rvv.tables.registers import BITS

N = size("n")
LANES = 4
COUNT = 41
LIMITS = Limits(seconds=120)
KINDS = {"i": "int", "u": "uint", "f": "float"}


def instructions() -> list[Instruction]:
    """Each once, at lanes for which all dtypes have registers; the interpreter cannot see bits otherwise."""
    return [one for one in RVV.instructions if one.lanes == LANES and one.name != "vreinterpret"]


def parts(size_of: int) -> list[list[Instruction]]:
    found = instructions()
    return [found[at : at + size_of] for at in range(0, len(found), size_of)]


def element(name: str, dtype: str) -> Expr:
    return get(array(f"{name}_{dtype}", dtype, 1), param("i", "i64"))


def applied(meaning: Expr, scalar: str) -> Expr:
    """The meaning over elements of arrays; `scalar` is the operand that is the same in all lanes."""

    def leaf(e: Expr) -> Expr | None:
        if e.op != "param":
            return None
        if e.dtype == "bool":
            return binary("lt", element("a", "i32"), element("b", "i32"))
        if e.name.startswith("imm"):
            return const(3, e.dtype)
        name = "amount" if e.name == "b" and meaning.op in ("shl", "shr") else e.name
        if e.name == scalar:
            return get(array(f"{name}_{e.dtype}", e.dtype, 1), index(0))
        return element(name, e.dtype)

    return transform(meaning, leaf)


def stored(meaning: Expr) -> tuple[str, Expr]:
    """(dtype in memory, value)."""
    if meaning.dtype == "bool":
        return "u8", select(meaning, const(1, "u8"), const(0, "u8"))
    return meaning.dtype, meaning


def program(chosen: list[tuple[Instruction, str]]) -> Program:
    """One loop that applies each instruction to elements and stores what it gives."""
    arguments = [Buffer("n", "i64", (), Memory.ARGUMENT, Role.SIZE)]
    body: list[Store] = []
    for at, (one, scalar) in enumerate(chosen):
        dtype, value = stored(applied(one.meaning, scalar))
        arguments.append(Buffer(f"out{at}", dtype, (N,), Memory.ARGUMENT, Role.OUT))
        body.append(Store(f"out{at}", (param("i", "i64"),), value))
    names = sorted({name for s in body for name in s.value.inputs} - {"i"})
    arguments[1:1] = [Buffer(name, name.partition("_")[2], (N,), Memory.ARGUMENT, Role.IN) for name in names]
    loops = [For("i" if at == 0 else f"i{at}", N, (s,), Kind.VECTOR) for at, s in enumerate(body)]
    renamed = [loop if at == 0 else _with_iterator(loop, f"i{at}") for at, loop in enumerate(loops)]
    return Program("each", tuple(arguments), tuple(renamed))


def _with_iterator(loop: For, name: str) -> For:
    from accelcore.cgen.rewriting import substituted

    return For(name, loop.extent, substituted(loop.body, {"i": param(name, "i64")}), loop.kind)


def values(rng: np.random.Generator, name: str, dtype: str) -> np.ndarray[Any, Any]:
    """Integers over their whole range; floats that fit every integer dtype when they are converted."""
    if dtype[0] == "f":
        return (rng.random(COUNT) * 100 + 1).astype(KINDS["f"] + dtype[1:])
    info = np.iinfo(KINDS[dtype[0]] + dtype[1:])
    found = rng.integers(info.min, info.max, COUNT, dtype=info.dtype, endpoint=True)
    return rng.integers(0, BITS[dtype] + 3, COUNT).astype(info.dtype) if name == "amount" else found


@pytest.mark.usefixtures("emulator")
@pytest.mark.parametrize("scalar", ["", "a", "b"])
@pytest.mark.parametrize("part", range(len(parts(150))))
def test_every_instruction_gives_what_it_means(part: int, scalar: str) -> None:
    chosen = [(one, scalar) for one in parts(150)[part] if not scalar or scalar in one.scalars]
    for at in range(0, len(chosen), 30):
        _compare(chosen[at : at + 30])


def _compare(chosen: list[tuple[Instruction, str]]) -> None:
    made = program(chosen)
    text = emit(made, RVV)
    assert "one by one" not in text, "an instruction is not found by its own meaning"
    params = tuple(Param(b.name, b.dtype, b.shape, b.role or Role.IN) for b in made.arguments)
    task = Task("each", params, Source("", "c", "ac_each"))
    kernel = Kernel(text, "c", "ac_each", (), (("flags", "-O1"),))
    (built,) = RvvEvaluator().build(task, [kernel], limits=LIMITS)
    assert isinstance(built, Artifact), built.log[:2000]
    rng = np.random.default_rng(len(chosen))
    arrays = {b.name: values(rng, b.name.partition("_")[0], b.dtype) for b in made.arguments if b.role is Role.IN}
    for b in made.arguments:
        if b.role is Role.OUT:
            arrays[b.name] = np.zeros(COUNT, KINDS[b.dtype[0]] + b.dtype[1:])
    expected = {name: a.copy() for name, a in arrays.items()}
    interpret(made, expected, {"n": COUNT})
    with RvvEvaluator().open(built, limits=LIMITS) as runner:
        runner.run_at(256, arrays, {"n": COUNT})
    for at, (one, _) in enumerate(chosen):
        got, want = arrays[f"out{at}"], expected[f"out{at}"]
        right = np.isclose(got, want, rtol=1e-5, atol=1e-5) if got.dtype.kind == "f" else got == want
        assert np.all(right), f"{one.name}: {one.meaning!r} gives {got[~right][:3]} for {want[~right][:3]}"
