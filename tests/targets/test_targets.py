"""The built-in targets under the conformance kit."""

from __future__ import annotations

import pytest

from accelcore.cgen import toolchain
from accelcore.cgen.scheduled import ScheduledTarget
from accelcore.errors import UsageError
from accelcore.ir.expr import array, call, cast, comp, get, reduce, size
from accelcore.platforms.c import CEvaluator, CTarget
from accelcore.platforms.numpy import NumpyEvaluator, NumpyTarget
from accelcore.testing import EvaluatorSuite, RedTeamSuite, TargetSuite
from accelcore.values import Artifact, Evaluation, Kernel, Limits, Move, Param, Role, Source, Status, Summary, Task


class TestPortableC(TargetSuite):
    target = "c"


class TestRedTeamOfPortableC(RedTeamSuite):
    target = "c"


class TestRedTeamOfNumpy(RedTeamSuite):
    target = "numpy"


class TestNumpy(TargetSuite):
    target = "numpy"


class TestCEvaluator(EvaluatorSuite):
    evaluator = "c-native"


class TestNumpyEvaluator(EvaluatorSuite):
    evaluator = "numpy-python"


M, N = size("m"), size("n")


def softmax() -> Task:
    """Softmax over the rows of x."""
    x = array("x", "f32", 2)

    def at(i: object, j: object) -> object:
        return cast(get(x, i, j), "real")  # type: ignore[arg-type]  # indices of comp

    def row(i):
        top = reduce("max", N, lambda k: at(i, k))
        total = reduce("sum", N, lambda k: call("exp", at(i, k) - top))
        return comp(N, lambda j: cast(call("exp", at(i, j) - top) / total, "f32", "nearest", "wrap"))

    params = (Param("x", "f32", (M, N)), Param("out", "f32", (M, N), Role.OUT))
    return Task("softmax", params, Summary((("out", comp(M, row)),)), sizes=((("m", 4), ("n", 33)),))


def test_moves_are_deterministic_and_replay() -> None:
    target, task = CTarget(bits=256), softmax()
    seed = target.lower(task)
    moves = target.moves(task, seed)
    assert moves == target.moves(task, seed)
    for move in moves[:3]:
        (child,) = target.rewrite(move, task, seed)
        assert child.schedule == (move.name,)
        assert target.kernel(task, child.schedule) == child
        assert child.digest != seed.digest


def test_an_illegal_move_gives_nothing() -> None:
    target, task = CTarget(), softmax()
    seed = target.lower(task)
    assert list(target.rewrite(Move("split(no_such_loop, 4)"), task, seed)) == []
    assert list(target.rewrite(Move("think hard"), task, seed)) == []


def test_a_build_choice_replaces_an_earlier_one() -> None:
    target, task = CTarget(), softmax()
    (first,) = target.rewrite(Move("build(flags, -O3 -march=native)"), task, target.lower(task))
    (second,) = target.rewrite(Move("build(flags, -O2 -march=native)"), task, first)
    assert second.schedule == ("build(flags, -O2 -march=native)",)
    assert dict(second.build)["flags"] == "-O2 -march=native"


def test_foreign_text_has_no_moves() -> None:
    target, task = CTarget(), softmax()
    kernel = Kernel("int ac_softmax() { return 0; }", "c", "ac_softmax")
    assert target.moves(task, kernel) == ()


def test_baselines_are_plain_loops_by_every_compiler_and_numpy() -> None:
    found = CTarget().baselines(softmax())
    assert {f"{c.name} -O3 -ffast-math" for c in toolchain.compilers()} <= set(found)
    plain = found[f"{toolchain.compilers()[0].name} -O3"].text
    assert "expf(" in plain and "vector_size" not in plain and "#pragma" not in plain
    assert found["numpy"].language == "python"


def test_an_unlifted_task_has_neither_code_nor_moves_nor_baselines() -> None:
    target = CTarget()
    task = Task("f", (), Source("", "python", "f"))
    assert target.moves(task, Kernel("", "c", "f")) == ()
    assert target.baselines(task) == {}
    assert list(target.rewrite(Move("simd()"), task, Kernel("", "c", "f"))) == []


def test_a_width_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="width 100"):
        CTarget(bits=100)


def test_one_bad_kernel_of_a_batch_is_found() -> None:
    target, task = CTarget(bits=256), softmax()
    seed = target.lower(task)
    kernels = [next(iter(target.rewrite(m, task, seed))) for m in target.moves(task, seed)[:5]]
    broken = Kernel(kernels[2].text.replace("return 0;", "return 0"), "c", "ac_softmax", ("x",), kernels[2].build)
    made = CEvaluator().build(task, [*kernels[:2], broken, *kernels[3:]], limits=Limits(seconds=60))
    assert [isinstance(m, Artifact) for m in made] == [True, True, False, True, True]
    assert isinstance(made[2], Evaluation) and made[2].status is Status.COMPILE_ERROR and "error" in made[2].feedback
    assert made[2].kernel == broken.digest


def test_forbidden_flags_and_unknown_compilers_are_refused() -> None:
    task, seed = softmax(), CTarget().lower(softmax())
    evaluator = CEvaluator()
    plugin = Kernel(seed.text, "c", seed.entry, (), (("flags", "-fplugin=evil.so"),))
    (refused,) = evaluator.build(task, [plugin], limits=Limits())
    assert isinstance(refused, Evaluation) and refused.status is Status.COMPILE_ERROR and "-fplugin" in refused.log
    other = Kernel(seed.text, "c", seed.entry, (), (("cc", "no-such-cc"),))
    (absent,) = evaluator.build(task, [other], limits=Limits())
    assert isinstance(absent, Evaluation) and absent.status is Status.UNSUPPORTED and "no-such-cc" in absent.log


def test_numpy_refuses_c_and_broken_python() -> None:
    task, evaluator = softmax(), NumpyEvaluator()
    c, bad = evaluator.build(task, [Kernel("", "c", "f"), Kernel("def f(:", "python", "f")], limits=Limits())
    assert isinstance(c, Evaluation) and c.status is Status.UNSUPPORTED
    assert isinstance(bad, Evaluation) and bad.status is Status.COMPILE_ERROR
    assert NumpyTarget().moves(task, NumpyTarget().lower(task)) == ()


def test_a_target_of_the_base_class_needs_an_instruction_set() -> None:
    with pytest.raises(TypeError, match="vectors"):
        ScheduledTarget()  # type: ignore[abstract]  # that it is abstract is the point
