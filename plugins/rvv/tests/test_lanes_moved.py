"""Scans and slides of every dtype: run on the emulator and on the host, and compared with what the loops mean."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_tables import KINDS, LIMITS

from accelcore.cgen import emit
from accelcore.ir.expr import Expr, array, binary, const, get, index, param, size
from accelcore.loops.interpret import interpret
from accelcore.loops.nodes import Accumulate, Allocate, Buffer, For, Kind, Memory, Program, Statement, Store
from accelcore.values import Artifact, Kernel, Param, Role, Source, Task
from accelcore_rvv.cpus import VLENS
from accelcore_rvv.evaluator import RvvEvaluator
from accelcore_rvv.host import RvvHostEvaluator
from accelcore_rvv.tables import RVV
from accelcore_rvv.tables.registers import BITS

N = size("n")
OPERATORS = ("add", "mul", "min", "max")


def numbered(name: str) -> Expr:
    return param(name, "i64")


def scanned(dtype: str, op: str, group: int) -> tuple[Statement, ...]:
    """out[i] = 1 op x[0] op ... op x[i]."""
    name, at = f"{op}_{dtype}", numbered(f"i_{op}_{dtype}")
    running = Buffer(f"s_{name}", dtype, (), Memory.REGISTER)
    update = Accumulate(running.name, (), op, get(array(f"x_{dtype}", dtype, 1), at))
    body = (update, Store(f"out_{name}", (at,), param(running.name, dtype)))
    start = Store(running.name, (), const(1, dtype))
    return Allocate(running), start, For(at.name, N, body, Kind.SCAN, interleave=group)


def slid(dtype: str, group: int) -> For:
    """out[i] = (x[i] max x[i + 1]) min x[i + 2]."""
    at = numbered(f"i_slid_{dtype}")
    a, b, c = (get(array(f"x_{dtype}", dtype, 1), at + index(k)) for k in range(3))
    store = Store(f"out_slid_{dtype}", (at,), binary("min", binary("max", a, b), c))
    return For(at.name, N, (store,), Kind.VECTOR, interleave=group, slides=2)


def program(group: int) -> Program:
    arguments = [Buffer("n", "i64", (), Memory.ARGUMENT, Role.SIZE)]
    arguments += [Buffer(f"x_{d}", d, (N + index(2),), Memory.ARGUMENT, Role.IN) for d in BITS]
    results = [(f"{op}_{d}", d) for d in BITS for op in (*OPERATORS, "slid")]
    arguments += [Buffer(f"out_{name}", d, (N,), Memory.ARGUMENT, Role.OUT) for name, d in results]
    body = [s for d in BITS for op in OPERATORS for s in scanned(d, op, group)]
    return Program("moved", tuple(arguments), (*body, *(slid(d, group) for d in BITS)))


def arrays(made: Program, n: int) -> dict[str, Any]:
    """Small numbers, so that floats are exact but for products, and integers wrap soon enough."""
    rng = np.random.default_rng(n)
    found: dict[str, Any] = {}
    for b in made.arguments:
        if b.role is Role.IN:
            values = rng.integers(1, 9, n + 2)
            plain = 2.0 ** (values % 2) if b.dtype[0] == "f" else values
            found[b.name] = plain.astype(KINDS[b.dtype[0]] + b.dtype[1:])
        elif b.role is Role.OUT:
            found[b.name] = np.zeros(n, KINDS[b.dtype[0]] + b.dtype[1:])
    return found


def built(made: Program, evaluator: RvvEvaluator | RvvHostEvaluator) -> Artifact:
    text = emit(made, RVV)
    assert "one by one" not in text and "vslide1down" in text and text.count("vrgather") == 2 * 4 * len(BITS)
    params = tuple(Param(b.name, b.dtype, b.shape, b.role or Role.IN) for b in made.arguments)
    (artifact,) = evaluator.build(
        Task("moved", params, Source("", "c", "ac_moved")), [Kernel(text, "c", "ac_moved")], limits=LIMITS
    )
    assert isinstance(artifact, Artifact), artifact.log[:2000]
    return artifact


def compare(got: dict[str, Any], made: Program, n: int) -> None:
    expected = arrays(made, n)
    with np.errstate(all="ignore"):
        interpret(made, expected, {"n": n})
    for name, want in expected.items():
        assert np.array_equal(got[name], want), f"{name}, n={n}: {got[name]} should be {want}"


@pytest.mark.usefixtures("emulator")
@pytest.mark.parametrize("group", [1, 4, 8])
def test_on_the_emulator(group: int) -> None:
    made = program(group)
    with RvvEvaluator().open(built(made, RvvEvaluator()), limits=LIMITS) as runner:
        for at, n in enumerate((0, 1, 7, 33, 64, 101, 260)):
            given = arrays(made, n)
            runner.run_at(VLENS[at % 4], given, {"n": n})
            compare(given, made, n)


def test_on_the_host() -> None:
    made = program(2)
    with RvvHostEvaluator().open(built(made, RvvHostEvaluator()), limits=LIMITS) as runner:
        for n in (0, 1, 33, 101):
            given = arrays(made, n)
            assert runner.call([given], {"n": n}) is None
            compare(given, made, n)
