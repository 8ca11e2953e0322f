"""Named operators: each definition is built, evaluated, shown as Python that runs, and recognised again."""

from __future__ import annotations

import math

import numpy as np
import pytest

from accelcore.errors import IrError
from accelcore.ir import expr as E
from accelcore.ir.evaluate import evaluate
from accelcore.ir.matching import idealized
from accelcore.ir.operators import OPERATORS, definitions, raise_

M, N, P = E.size("m"), E.size("n"), E.size("p")
X, Y, V, W = (E.array(n, "f32", r) for n, r in (("x", 2), ("y", 2), ("v", 1), ("w", 1)))
SIZES = {"n": 3, "m": 4, "p": 5, "t": 2, "h": 3, "w": 4, "f": 2, "r": 2, "s": 3, "c": 2, "sy": 2, "sx": 1, "step": 2}


def real(e):
    return E.cast(e, "real")


def arrays_of(operator):
    """Operands of sufficient extent, by evaluating the indices at which the definition reads them."""
    rng = np.random.default_rng(1)
    shapes = {name: [1] * rank for name, rank in operator.arrays}

    def visit(e, env):
        if e.op in ("comp", "reduce", "scan"):
            extent = evaluate(e.args[0] if not e.args[0].free else E.index(1), {}, SIZES)
            i = E.fresh()
            visit(E.substitute(e.args[1], {e.number: i}), {**env, i.number: extent - 1})
        elif e.op == "get" and e.args[0].op == "input":
            at = [evaluate(E.substitute(x, {n: E.index(v) for n, v in env.items()}), {}, SIZES) for x in e.args[1:]]
            shapes[e.args[0].name] = [max(a + 1, b) for a, b in zip(at, shapes[e.args[0].name], strict=True)]
        else:
            for a in e.args:
                visit(a, env)

    visit(operator.definition, {})
    return {name: rng.uniform(0.5, 2.0, shape).astype(np.float32) for name, shape in shapes.items()}


def built(operator):
    arrays = {name: E.array(f"in_{name}", "f32", rank) for name, rank in operator.arrays}
    sizes = {name: E.index(SIZES[name]) if name in ("sy", "sx", "step") else E.size(name) for name in operator.sizes}
    return operator.build(arrays, sizes, **dict.fromkeys(operator.scalars, 1e-3))


@pytest.mark.parametrize("name", OPERATORS)
def test_a_built_operator_is_recognised(name):
    reading = raise_(built(OPERATORS[name]))
    assert reading.operator == name or reading.cost == 1
    assert [o.operator for o in reading.operands].count("input") == len(OPERATORS[name].arrays)
    assert reading.expression is idealized(built(OPERATORS[name]))


@pytest.mark.parametrize("name", OPERATORS)
def test_the_python_text_means_the_definition(name):
    operator = OPERATORS[name]
    arrays = arrays_of(operator)
    scope = {"math": math}
    exec(operator.python, scope)
    function = scope[operator.name]
    given = [
        SIZES.get(n, 1e-3) for n in function.__code__.co_varnames[len(operator.arrays) : function.__code__.co_argcount]
    ]
    got = function(*(a.tolist() for a in arrays.values()), *given)
    sizes = dict(SIZES)
    want = evaluate(built(operator), {f"in_{n}": a for n, a in arrays.items()}, sizes)
    np.testing.assert_allclose(np.asarray(got, float), want, rtol=1e-9)


def test_definitions_are_shown_by_name():
    assert definitions(("dot",)).startswith("def dot(x, y):")
    assert definitions().count("def ") == len(OPERATORS)


def softmax_of(score, n):
    return lambda i, k: E.call("exp", score(i, k)) / E.reduce("sum", n, lambda q: E.call("exp", score(i, q)))


def attention():
    def score(i, k):
        return E.reduce("sum", P, lambda t: real(X[i, t]) * real(Y[k, t]))

    weight = softmax_of(score, N)
    z = E.array("z", "f32", 2)
    return E.comp(
        M, lambda i: E.comp(P, lambda d: E.cast(E.reduce("sum", N, lambda k: weight(i, k) * real(z[k, d])), "f32"))
    )


def rms(i, j):
    return real(X[i, j]) * (
        real(V[j])
        * (1.0 / E.call("sqrt", E.reduce("sum", N, lambda k: real(X[i, k]) * real(X[i, k])) / E.cast(N, "real") + 1e-5))
    )


@pytest.mark.parametrize(
    ("e", "shown"),
    [
        (
            E.comp(M, lambda i: E.comp(N, lambda j: E.reduce("sum", P, lambda k: real(X[i, k]) * real(Y[k, j])))),
            "matmul(x, y)",
        ),
        (
            E.comp(M, lambda i: E.comp(N, lambda j: E.reduce("sum", P, lambda k: real(X[i, k]) * real(Y[j, k])))),
            "matmul(x, transpose(y, axes=(1, 0)))",
        ),
        (attention(), "matmul(softmax(matmul(x, transpose(y, axes=(1, 0)))), z)"),
        (E.comp(M, lambda i: E.comp(N, lambda j: rms(i, j))), "rmsnorm(x, v, eps=1e-05)"),
        (E.comp(M, lambda i: E.reduce("sum", N, lambda k: real(X[i, k]))), "reduce_sum(x)"),
        (E.comp(N, lambda j: X[0, j]), "slice(x, at=[0, :])"),
        (E.comp(N - 1, lambda j: V[j + 1]), "slice(v, at=[1:n])"),
        (E.comp(M, lambda i: E.comp(N, lambda j: V[j])), "broadcast(v, new_axes=(0))"),
        (E.comp(N, lambda j: E.comp(M, lambda i: X[i, j])), "transpose(x, axes=(1, 0))"),
        (E.comp(N, lambda i: real(V[i]) * real(W[i]) + 1.0), "map(v, w, element=a0[i0] * a1[i0] + 1.0)"),
        (
            E.comp(M, lambda i: E.reduce("sum", N, lambda k: E.unary("abs", real(X[i, k]) - real(V[k])))),
            "reduce_sum(map(x, v, element=abs(a0[i0, i1] - a1[i1])))",
        ),
        (E.const(2.0), "2.0"),
        (X, "x"),
    ],
)
def test_readings(e, shown):
    assert str(raise_(e)) == shown


def test_nested_sums_match_in_any_order():
    image, kernel = E.array("image", "f32", 2), E.array("kernel", "f32", 2)
    e = E.comp(
        M,
        lambda i: E.comp(
            N,
            lambda j: E.reduce(
                "sum", 3, lambda s: E.reduce("sum", P, lambda r: real(kernel[r, s]) * real(image[i + r, 2 * j + s]))
            ),
        ),
    )
    assert str(raise_(e)) == "conv2d(image, kernel, sx=2)"


def test_building_checks_names_and_ranks():
    with pytest.raises(IrError, match="takes x, y"):
        OPERATORS["dot"].build({"x": V}, {"n": N})
    with pytest.raises(IrError, match="axes"):
        OPERATORS["dot"].build({"x": V, "y": X}, {"n": N})
