"""The suite of a target with its evaluator."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import ClassVar

from accelcore.errors import IllegalRewrite
from accelcore.ir.expr import Expr, binary, cast, comp, const, get, shape
from accelcore.registry import registry
from accelcore.testing.judging import REPORT, Judging
from accelcore.testing.light import heavy_imports
from accelcore.testing.tasks import SmallTask
from accelcore.values import Grade, Kernel, Status


class TargetSuite(Judging):
    """Subclass it, set `target`, and pytest runs the tests.

    module: the plugin's module, for the import test; "" takes the one that offered the target.
    moves_tried: how many moves of each task are built and judged.  must_lower: how many small tasks it must lower at
    least.  strictly: small tasks whose seeds are judged as champions.
    crashing, endless, wrong, garbage: override where the target's language is neither C nor Python.
    """

    module: ClassVar[str] = ""
    moves_tried: ClassVar[int] = 6
    must_lower: ClassVar[int] = 5
    strictly: ClassVar[frozenset[str]] = frozenset({"row_sum", "matmul"})

    # What may be overridden.

    def wrong(self, small: SmallTask, kernel: Kernel) -> Kernel | None:
        """A kernel of the same interface that computes something else: by default, that of a negated summary."""
        from accelcore.values import Summary

        reference = small.task.reference
        assert isinstance(reference, Summary)
        other = replace(reference, post=tuple((name, _perturbed(e)) for name, e in reference.post))
        return self.chosen().lower(replace(small.task, reference=other))

    def garbage(self, kernel: Kernel) -> Kernel:
        """A kernel that does not build."""
        return replace(kernel, text="this is { no program ((\n", schedule=())

    def crashing(self, kernel: Kernel) -> Kernel | None:
        """A kernel that dies when it is called; None where the language has no way to."""
        if kernel.language == "c":
            return replace(kernel, text=f"int {kernel.entry}() {{ *(volatile int *)0 = 1; return 0; }}\n", schedule=())
        if kernel.language == "python":
            return replace(kernel, text=f"def {kernel.entry}(*given):\n    import os\n    os.abort()\n", schedule=())
        return None

    def endless(self, kernel: Kernel) -> Kernel | None:
        """A kernel that never comes back; None where the language has no way to."""
        if kernel.language == "c":
            body = "volatile int go = 1; while (go) { } return 0;"
            return replace(kernel, text=f"int {kernel.entry}() {{ {body} }}\n", schedule=())
        if kernel.language == "python":
            return replace(kernel, text=f"def {kernel.entry}(*given):\n    while True:\n        pass\n", schedule=())
        return None

    # The tests.

    def test_import_is_light(self) -> None:
        """Neither importing the plugin nor calling its hooks imports anything heavy."""
        name = self.target.partition(":")[0]
        offer = next(o for o in registry().offers("targets") if o.item.name == name)
        module = self.module or type(offer.item).__module__.partition(".")[0]
        assert heavy_imports(module) == ()

    def test_missing_gives_lines_for_people(self) -> None:
        """`missing()` is quick and names tools in words."""
        from accelcore.pipeline.catalog import choose_target

        assert all(isinstance(line, str) and line for line in choose_target(self.target).missing())

    def test_it_describes_itself(self) -> None:
        """Name, one line about it, a language, and a machine with a name."""
        target = self.chosen()
        assert target.name and target.about and "\n" not in target.about and target.language
        assert target.machine().name
        assert target.knowledge is None or target.knowledge.is_dir()

    def test_lowers_enough_small_tasks(self) -> None:
        """At least five small tasks, a reduction and a matmul among them."""
        traits = [small.traits for small, _ in self.lowered()]
        assert len(traits) >= self.must_lower, f"only {len(traits)} small tasks are lowered"
        assert any("reduction" in t and "matmul" not in t for t in traits), "no reduction is lowered"
        assert any("matmul" in t for t in traits), "matmul is not lowered"

    def test_lowering_is_deterministic(self) -> None:
        """The same task gives the same code."""
        for small, kernel in self.lowered():
            assert self.chosen().lower(small.task) == kernel, small.name

    def test_fingerprint_is_stable(self) -> None:
        """Asked twice, the evaluator names the same machine and tools."""
        evaluator = self.evaluator()
        assert evaluator.fingerprint() == evaluator.fingerprint() != ""

    def test_seed_kernels_are_correct(self) -> None:
        """Every seed passes the judge at odd sizes."""
        for small, kernel in self.lowered():
            judged = self.judge(small.task, kernel, strict=small.name in self.strictly)
            assert judged.status is Status.OK, f"{small.name}: {judged.status}: {judged.feedback} {judged.log}"
            assert judged.cost is not None and judged.cost.value > 0
            assert judged.grade is Grade.TESTED, "a kernel that is judged alone has no derivation"

    def test_a_wrong_kernel_is_rejected(self) -> None:
        """A kernel that computes something else is WRONG, whatever it looks like."""
        tried = 0
        for small, kernel in self.lowered():
            other = self.wrong(small, kernel)
            if other is not None and other.text != kernel.text and tried < 3:
                judged = self.judge(small.task, other)
                assert judged.status is Status.WRONG, f"{small.name}: {judged.status}"
                tried += 1
        assert tried, "no wrong kernel could be made; override wrong()"

    def test_garbage_does_not_build(self) -> None:
        """Text that is no program is COMPILE_ERROR, and the log says something."""
        small, kernel = next(self.lowered())
        judged = self.judge(small.task, self.garbage(kernel))
        assert judged.status is Status.COMPILE_ERROR, judged.status
        assert judged.log or judged.feedback

    def test_a_crash_is_reported(self) -> None:
        """A kernel that dies is CRASHED, and the judge lives."""
        small, kernel = next(self.lowered())
        crashing = self.crashing(kernel)
        if crashing is None:
            self.note("a crash: override crashing()")
            return
        assert self.judge(small.task, crashing).status is Status.CRASHED

    def test_an_endless_kernel_times_out(self) -> None:
        """A kernel that never comes back is TIMEOUT."""
        small, kernel = next(self.lowered())
        endless = self.endless(kernel)
        if endless is None:
            self.note("a timeout: override endless()")
            return
        assert self.judge(small.task, endless, seconds=1.0).status is Status.TIMEOUT

    def test_every_move_is_correct_or_refused(self) -> None:
        """A rewrite gives a kernel that the judge accepts, or none, or refuses with a reason."""
        target, tried = self.chosen(), 0
        for small, seed in self.lowered():
            for move in islice(target.moves(small.task, seed), self.moves_tried):
                try:
                    kernels = list(islice(target.rewrite(move, small.task, seed), 2))
                except IllegalRewrite:
                    continue
                for kernel in kernels:
                    judged = self.judge(small.task, kernel)
                    assert judged.status in (Status.OK, Status.UNSUPPORTED), (
                        f"{small.name}, {move.name}: {judged.feedback}"
                    )
                    assert kernel.schedule, f"{move.name} does not say in the schedule what it did"
                    tried += 1
        if not tried:
            self.note("moves: none has a rewrite")

    def test_moves_are_deterministic(self) -> None:
        """The same kernel gives the same moves in the same order."""
        for small, seed in islice(self.lowered(), 3):
            assert list(self.chosen().moves(small.task, seed)) == list(self.chosen().moves(small.task, seed))

    def test_zz_what_was_not_exercised(self) -> None:
        """Prints what the other tests could not try, so that a green suite is not misread."""
        for line in REPORT.get(self.target, []):
            print(f"{self.target}: {line}")  # noqa: T201  # that is its purpose


def _perturbed(e: Expr) -> Expr:
    """The same expression with 1 added to every element (wrapped in the dtype)."""
    if e.rank == 0:
        if e.dtype in ("f32", "f64", "f16", "bf16"):
            return cast(binary("add", cast(e, "real"), const(1.0)), e.dtype)
        return binary("add", e, const(1, e.dtype)) if e.dtype != "i64" else e + 1
    return comp(shape(e)[0], lambda i: _perturbed(get(e, i)))
