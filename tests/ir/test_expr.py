"""Expressions: one object per meaning up to renaming, canonical after every rewriting, ill-typed nodes refused."""

from __future__ import annotations

import pickle

import pytest

from accelcore.errors import IrError
from accelcore.ir import expr as E

M, N = E.size("m"), E.size("n")
X = E.array("x", "f32", 2)


def real(e):
    return E.cast(e, "real")


def softmax():
    def shifted(i, k):
        return E.call("exp", real(X[i, k]) - E.reduce("max", N, lambda q: real(X[i, q])))

    return E.comp(M, lambda i: E.comp(N, lambda j: shifted(i, j) / E.reduce("sum", N, lambda k: shifted(i, k))))


def recurrence(start):
    return E.comp(M, lambda i: E.fold(N, [start, real(X[i, 0])], lambda a, k: [a[0] + real(X[i, k]), a[1] * a[0]], 1))


def test_equal_expressions_are_one_object():
    assert softmax() is softmax()
    assert recurrence(E.const(0.0)) is recurrence(E.const(0.0))
    assert recurrence(E.const(0.0)) is not recurrence(E.const(-0.0))


def test_pickling_interns_again_and_does_not_recurse():
    assert pickle.loads(pickle.dumps(softmax())) is softmax()
    e = E.param("a", "int")
    for k in range(5000):
        e = e + E.const(k)
    assert pickle.loads(pickle.dumps(e)) is e
    assert len(repr(e)) > 5000 and e.inputs == {"a"}


def test_binders_have_larger_numbers_than_what_they_bind_inside():
    for e in (softmax(), recurrence(E.const(0.0))):
        for node in E.walk(e):
            if node.op in E.BINDERS:
                inside = E.parts(node)[1]
                assert min(node.bound) > max(a.height for a in inside)


def test_rewriting_that_adds_binders_inside_stays_canonical():
    def repeated(e):
        return E.reduce("sum", 3, lambda q: e * E.cast(q, "real"))

    rewritten = E.transform(softmax(), lambda n: repeated(n) if n.op == "call" else None)

    def shifted(i, k):
        return repeated(E.call("exp", real(X[i, k]) - E.reduce("max", N, lambda q: real(X[i, q]))))

    built = E.comp(M, lambda i: E.comp(N, lambda j: shifted(i, j) / E.reduce("sum", N, lambda k: shifted(i, k))))
    assert rewritten is built


def test_rewriting_inside_a_fold_stays_canonical():
    inner = E.reduce("sum", 3, lambda k: real(X[k, k]))
    rewritten = E.transform(recurrence(E.const(0.0)), lambda n: inner if n is E.const(0.0) else None)
    assert rewritten is recurrence(inner)


def test_substitution_does_not_capture():
    i, j = E.fresh(), E.fresh()
    row = E.comp(N, lambda k: real(X[i, k]) * real(X[j, k]))
    swapped = E.substitute(row, {i.number: j, j.number: i})
    assert swapped is E.comp(N, lambda k: real(X[j, k]) * real(X[i, k]))
    inner = E.comp(N, lambda k: E.cast(k + i, "int"))
    for number in range(4):  # whatever canonical number the replacement has, it stays free
        assert E.substitute(inner, {i.number: E.var(number)}).free == {number}


def test_elements_of_lists_are_reduced():
    row = E.comp(N, lambda k: real(X[0, k]))
    assert row[3] is real(X[0, 3])
    assert E.get(softmax(), 1)[2].rank == 0
    assert X[1][2] is X[1, 2]


def test_casts_of_lists_are_lists_of_casts():
    row = E.comp(N, lambda k: real(X[0, k]))
    assert E.cast(row, "f32") is E.comp(N, lambda k: E.cast(real(X[0, k]), "f32"))


def test_constants_are_rounded_to_their_dtype():
    assert E.const(0.1, "f32").value == 0.10000000149011612
    assert E.const(1e39, "f32").value == float("inf")
    assert E.const(0.1, "bf16").value == 0.10009765625
    assert E.const(0.1).value == 0.1


def test_exact_division_leaves_the_integers():
    assert (E.const(1) / E.param("a", "int")).dtype == "real"


@pytest.mark.parametrize(
    "build",
    [
        lambda: E.binary("add", X[0, 0], E.param("a", "u8")),
        lambda: E.binary("add", X, X),
        lambda: E.binary("add", E.const(True), E.const(True)),
        lambda: E.binary("and", X[0, 0], X[0, 0]),
        lambda: E.binary("plus", 1, 2),
        lambda: E.unary("lnot", E.const(1)),
        lambda: E.unary("not", E.const(1.0)),
        lambda: E.select(E.const(1), 1, 2),
        lambda: E.select(E.const(True), X, X),
        lambda: E.reduce("most", N, lambda k: E.const(1)),
        lambda: E.reduce("any", N, lambda k: E.const(1)),
        lambda: E.reduce("sum", N, lambda k: X[k]),
        lambda: E.reduce("argmax", N, lambda k: X[k, k], 0.0),
        lambda: E.scan("argmax", N, lambda k: X[k, k]),
        lambda: E.fold(N, [0], lambda a, k: [real(X[k, k])]),
        lambda: E.fold(N, [0, 0], lambda a, k: [a[0]]),
        lambda: E.scatter([N], N, lambda k: [k, k], lambda k: E.const(1), 0),
        lambda: E.scatter([N], N, lambda k: [k], lambda k: E.const(1), 0, "minus"),
        lambda: E.filtered(N, lambda k: E.const(1), lambda k: E.const(1)),
        lambda: E.cast(E.const(1), "i7"),
        lambda: E.cast(E.const(1), "i8", "up"),
        lambda: E.const(300, "u8"),
        lambda: E.const(0.5, "i32"),
        lambda: X[0, 0, 0],
        lambda: E.array("x", "f32", 0),
        lambda: E.call("exp"),
        lambda: E.call("exp", X),
        lambda: E.shape(X),
    ],
)
def test_ill_typed_nodes_are_refused(build):
    with pytest.raises(IrError):
        build()


def test_tensors_are_not_iterable():
    with pytest.raises(TypeError):
        iter(X)


def test_digest_is_structural():
    assert softmax().digest != recurrence(E.const(0.0)).digest
    assert E.const(1).digest != E.const(1.0).digest != E.const(True).digest
