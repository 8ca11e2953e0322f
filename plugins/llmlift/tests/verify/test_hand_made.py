"""Programs and claims made by hand: what no front end or lifter writes yet, and claims that are wrong."""

from __future__ import annotations

import pytest

from accelcore.ir.expr import (
    array,
    binary,
    cast,
    comp,
    const,
    filtered,
    fold,
    get,
    index,
    param,
    reduce,
    scatter,
    select,
    size,
)
from accelcore.values import Param, Role, Summary
from accelcore_llmlift.program import Append, Assert, Assign, For, If, New, Position, Program, Store, While
from accelcore_llmlift.verify.arithmetic import Unsupported
from accelcore_llmlift.verify.models import model_for
from accelcore_llmlift.verify.prover import Prover

AT = Position(1, 1)
N = size("n")
HERE, DONE = param("i", "i64"), param("loop1", "i64")
X = array("x", "i32", 1)


def wide(k):
    return cast(get(X, k), "int")


def scalar(name):
    return param(name, "int")


def loop(*body, low=0, high=N, label="loop1", counter="i", step=1):
    low = index(low) if isinstance(low, int) else low
    return For(counter, low, high, step, body, label, AT)


X_ALONE = (Param("x", "i32", (N,)),)


def program(*body, results, params=X_ALONE, requires=()):
    return Program("f", (*params, Param("out", "i32", (), Role.OUT)), requires, body, results, "python")


def prove(made, post, claims):
    results = tuple(name for name, _ in made.results)
    summary = Summary(tuple(zip(results, post, strict=True)), (), "int")
    return Prover(1e18).prove(made, summary, claims, model_for(made, summary))


def test_histogram():
    bins = size("bins")
    made = program(
        New("out", "int", (bins,), const(0), AT),
        loop(Store("out", (wide(HERE),), get(array("out", "int", 1), wide(HERE)) + 1, AT)),
        results=(("out", array("out", "int", 1)),),
        params=(Param("x", "i32", (N,)), Param("bins", "i64", (), Role.SIZE)),
    )
    counted = lambda n: scatter([bins], n, lambda k: [wide(k)], lambda k: const(1), 0, "add")  # noqa: E731  # a formula
    proof = prove(made, [counted(N)], {"loop1": {"out": counted(DONE)}})
    assert proof.complete, proof.failed
    (required,) = proof.requires
    assert required.kind == "all"
    assert required.inputs == {"x"}
    assert required.sizes == {"n", "bins"}
    off = scatter([bins], N - 1, lambda k: [wide(k)], lambda k: const(1), 0, "add")
    assert not prove(made, [off], {"loop1": {"out": counted(DONE)}}).complete
    assert not prove(made, [counted(N)], {"loop1": {"out": counted(DONE + 1)}}).complete


def argmax_program(strict=True):
    best = scalar("best")
    value = wide(HERE)
    better = binary("lt" if strict else "le", scalar("most"), value)
    return program(
        Assign("most", wide(index(0)), AT),
        Assign("best", const(0), AT),
        loop(If(better, (Assign("most", value, AT), Assign("best", cast(HERE, "int"), AT)), (), AT), low=1),
        results=(("out", best),),
        requires=(binary("le", index(1), N),),
    )


def test_argmax_is_the_first_index_of_the_extreme():
    claims = {"loop1": {
        "most": reduce("max", DONE + 1, wide), "best": cast(reduce("argmax", DONE + 1, wide), "int"),
    }}  # fmt: skip
    post = cast(reduce("argmax", N, wide), "int")
    proof = prove(argmax_program(), [post], claims)
    assert proof.complete, proof.failed
    assert not prove(argmax_program(strict=False), [post], claims).complete  # the last index is another function


def test_two_coupled_accumulators():
    """a, b = b, a + x[i]: no reduction, a fold."""
    made = program(
        Assign("a", const(0), AT),
        Assign("b", const(1), AT),
        loop(
            Assign("t", scalar("a") + wide(HERE), AT),
            Assign("a", scalar("b"), AT),
            Assign("b", scalar("t"), AT),
        ),
        results=(("out", scalar("b")),),
    )

    def after(n, which):
        return fold(n, [const(0), const(1)], lambda accs, k: [accs[1], accs[0] + wide(k)], which)

    claims = {"loop1": {"a": after(DONE, 0), "b": after(DONE, 1)}}
    proof = prove(made, [after(N, 1)], claims)
    assert proof.complete, proof.failed
    assert not prove(made, [after(N, 0)], claims).complete
    swapped = {"loop1": {"a": after(DONE, 1), "b": after(DONE, 0)}}
    assert prove(made, [after(N, 1)], swapped).failed.startswith("loop1 entry")


def test_filter():
    made = program(
        New("out", "int", (index(0),), None, AT),
        loop(If(binary("lt", const(0), wide(HERE)), (Append("out", wide(HERE), AT),), (), AT)),
        results=(("out", array("out", "int", 1)),),
    )
    kept = lambda n, limit=0: filtered(n, lambda k: binary("lt", const(limit), wide(k)), wide)  # noqa: E731  # a formula
    claims = {"loop1": {"out": kept(DONE)}}
    proof = prove(made, [kept(N)], claims)
    assert proof.complete, proof.failed
    assert not prove(made, [kept(N, 1)], claims).complete
    assert not prove(made, [comp(N, wide)], claims).complete


@pytest.mark.parametrize("claim", [
    lambda: reduce("sum", DONE + 1, wide), lambda: reduce("sum", N, wide), lambda: const(0),
    lambda: reduce("sum", DONE, wide) + 1, lambda: reduce("max", DONE, wide, const(0)),
])  # fmt: skip
def test_a_wrong_claim_proves_nothing(claim):
    made = program(
        Assign("s", const(0), AT), loop(Assign("s", scalar("s") + wide(HERE), AT)), results=(("out", scalar("s")),)
    )
    total = reduce("sum", N, wide)
    assert prove(made, [total], {"loop1": {"s": reduce("sum", DONE, wide)}}).complete
    proof = prove(made, [total], {"loop1": {"s": claim()}})
    assert not proof.complete
    assert proof.failed.startswith("loop1")


def test_a_loop_that_never_runs_is_no_contradiction():
    """Its step is proved of nothing; what is proved of the rest is right, and what is wrong is not proved."""
    made = program(
        Assign("s", const(7), AT),
        loop(Assign("s", scalar("s") + wide(HERE), AT), low=index(5), high=index(3)),
        results=(("out", scalar("s")),),
    )
    assert prove(made, [const(7)], {"loop1": {"s": const(7)}}).complete
    assert not prove(made, [const(8)], {"loop1": {"s": const(8)}}).complete


def test_an_unreachable_branch_is_no_contradiction():
    inner = If(binary("lt", HERE, index(0)), (Assign("s", wide(HERE - 1), AT),), (), AT)
    made = program(
        Assign("s", const(0), AT), loop(inner, Assign("s", scalar("s") + 1, AT)), results=(("out", scalar("s")),)
    )
    count = lambda n: cast(n, "int")  # noqa: E731  # a formula
    proof = prove(made, [count(N)], {"loop1": {"s": count(DONE)}})
    assert proof.complete, proof.failed
    assert not proof.requires
    assert not prove(made, [count(N) + 1], {"loop1": {"s": count(DONE)}}).complete


def test_what_is_asserted_becomes_a_precondition():
    made = program(
        Assign("s", const(0), AT),
        loop(Assert(binary("ne", wide(HERE), const(0)), AT), Assign("s", scalar("s") + wide(HERE), AT)),
        results=(("out", scalar("s")),),
    )
    proof = prove(made, [reduce("sum", N, wide)], {"loop1": {"s": reduce("sum", DONE, wide)}})
    assert proof.complete, proof.failed
    assert [str(e) for e in proof.requires] == ["all(i < n: int(x[i]) != 0)"]


def test_an_index_out_of_bounds_becomes_a_precondition_about_sizes():
    made = program(
        Assign("s", const(0), AT),
        loop(Assign("s", scalar("s") + wide(HERE), AT), high=size("m")),
        results=(("out", scalar("s")),),
        params=(Param("x", "i32", (N,)), Param("m", "i64", (), Role.SIZE)),
    )
    total = lambda n: reduce("sum", n, wide)  # noqa: E731  # a formula
    proof = prove(made, [total(size("m"))], {"loop1": {"s": total(DONE)}})
    assert proof.complete, proof.failed
    assert [str(e) for e in proof.requires] == ["m <= n"]


def test_nothing_is_known_of_a_variable_without_a_claim():
    made = program(Assign("s", const(0), AT), loop(Assign("s", const(0), AT)), results=(("out", scalar("s")),))
    assert prove(made, [const(0)], {"loop1": {"s": const(0)}}).complete
    assert not prove(made, [const(0)], {}).complete


def test_a_value_from_one_branch_only_is_no_value():
    made = program(If(binary("lt", index(0), N), (Assign("s", const(1), AT),), (), AT), results=(("out", scalar("s")),))
    with pytest.raises(Unsupported, match="no value"):
        prove(made, [const(1)], {})


def test_a_while_loop_is_refused_by_name():
    made = program(
        Assign("s", const(0), AT),
        While(binary("lt", scalar("s"), const(3)), (Assign("s", scalar("s") + 1, AT),), "loop1", AT),
        results=(("out", scalar("s")),),
    )
    with pytest.raises(Unsupported, match="loop1 at line 1 is a while loop"):
        prove(made, [const(3)], {})


def test_a_downward_loop():
    made = program(
        New("out", "int", (N,), const(0), AT),
        loop(Store("out", (HERE,), wide(HERE), AT), low=N - 1, high=index(-1), step=-1),
        results=(("out", array("out", "int", 1)),),
    )
    claim = comp(N, lambda k: select(binary("le", N - DONE, k), wide(k), const(0)))
    assert prove(made, [comp(N, wide)], {"loop1": {"out": claim}}).complete
    assert not prove(made, [comp(N, lambda k: wide(N - 1 - k))], {"loop1": {"out": claim}}).complete


def test_rows_of_a_triangle_are_no_array():
    made = program(
        New("out", "int", (index(0), index(0)), None, AT),
        loop(Append("out", comp(HERE + 1, lambda k: wide(k)), AT)),
        results=(("out", array("out", "int", 2)),),
    )
    claim = comp(DONE, lambda i: comp(N, lambda k: wide(k)))
    proof = prove(made, [comp(N, lambda i: comp(N, wide))], {"loop1": {"out": claim}})
    assert proof.failed.startswith("extent line 1")
