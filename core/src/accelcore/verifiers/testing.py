"""The weakest verifier: run the source and evaluate the summary on random inputs, and compare.

Both sides are independent of each other: the source runs under its translator's interpreter, the summary under
`accelcore.ir.evaluate` with a running forward-error bound.  Agreement is TESTED, never more; a difference is REFUTED
with the input.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

from accelcore.errors import AccelcoreError, IrError
from accelcore.values import Counterexample, Proof, Role, Source, Summary, Task, Verdict, size_names

if TYPE_CHECKING:
    from accelcore.protocols import Translator

    Buffers = Mapping[str, Any]

_SIZES = ((2, 3, 4, 5, 3, 2), (1, 1, 1, 1, 1, 1), (3, 3, 3, 3, 3, 3), (7, 5, 3, 2, 4, 6), (0, 2, 1, 3, 0, 2))
"""Values for the sizes in order of their names: unequal, one, equal, larger, with zeros."""
_FAMILIES = ("bits", "normal", "full", "one_hot", "shifted", "special", "mixed")
_FACTOR = 8.0
"""Multiple of the forward-error bound that still counts as rounding."""


@dataclass(frozen=True)
class TestingVerifier:
    """TESTED after `inputs` comparisons without a difference, REFUTED at the first difference."""

    __test__: ClassVar[bool] = False  # its name would make pytest collect it

    name: ClassVar[str] = "testing"
    about: ClassVar[str] = "differential tests of the source against the summary"
    strongest: ClassVar[str] = "tested"

    inputs: int = field(default=60, metadata={"help": "random inputs to compare on"})
    seed: int = field(default=0, metadata={"help": "seed of the inputs"})

    def missing(self) -> Sequence[str]:
        """NumPy, which evaluates summaries."""
        from importlib.util import find_spec

        return () if find_spec("numpy") else ("numpy: pip install numpy",)

    def check(self, task: Task, summary: Summary, *, timeout: float) -> Verdict:
        """Compare until the inputs or the time are used up; UNKNOWN when no input could be compared."""
        start = time.monotonic()
        verdict = self._compare(task, summary, start + timeout)
        return replace(verdict, seconds=time.monotonic() - start, number_model=summary.number_model)

    def _compare(self, task: Task, summary: Summary, deadline: float) -> Verdict:
        source = task.source or (task.reference if isinstance(task.reference, Source) else None)
        translator = _translator(source)
        if source is None or translator is None:
            why = "the task has no source" if source is None else f"nothing interprets {source.language}"
            return Verdict(Proof.UNSUPPORTED, self.name, reason=why)
        done, reason = 0, "no input satisfies the requirements"
        for buffers, sizes in self._inputs(task):
            if time.monotonic() > deadline:
                reason = "out of time"
                break
            try:
                found = _difference(translator, source, task, summary, buffers, sizes)
            except IrError as error:
                return Verdict(Proof.UNKNOWN, self.name, reason=f"the summary has no value on an input: {error.what}")
            except (AccelcoreError, ArithmeticError, LookupError, ValueError) as error:
                reason = f"the source fails on the inputs that were drawn: {error}"
                continue
            if found is not None:
                return Verdict(Proof.REFUTED, self.name, counterexample=found, reason="differs on an input")
            done += 1
        if not done:
            return Verdict(Proof.UNKNOWN, self.name, reason=reason)
        return Verdict(Proof.TESTED, self.name, requires=task.requires, reason=f"equal on {done} random inputs")

    def _inputs(self, task: Task) -> Iterator[tuple[Buffers, Mapping[str, int]]]:
        """Random inputs over several sizes and families of values; those that break a requirement are left out."""
        import numpy as np

        from accelcore.judge.extents import depends_on_sizes_only, number
        from accelcore.judge.inputs import draw

        rng = np.random.default_rng(self.seed)
        names = size_names(task)
        fixed = [r for r in task.requires if depends_on_sizes_only(r)]
        plan = itertools.islice(itertools.cycle(itertools.product(_FAMILIES, _SIZES)), self.inputs)
        for family, extents in plan:
            sizes = {name: extents[at % len(extents)] for at, name in enumerate(names)}
            try:
                if all(number(r, sizes) for r in fixed):
                    yield draw(task, sizes, family, rng), sizes
            except AccelcoreError:
                continue  # no values of this family, or no shape at these sizes


def _translator(source: Source | None) -> Translator | None:
    from accelcore.registry import registry

    if source is None:
        return None
    return next((t for t in registry().translators() if t.accepts(source) and not t.missing()), None)


def _difference(
    translator: Translator, source: Source, task: Task, summary: Summary, buffers: Buffers, sizes: Mapping[str, int]
) -> Counterexample | None:
    """The first result that differs; None when all agree."""
    import numpy as np

    from accelcore.ir.evaluate import evaluate_summary

    inputs = _arguments(task, buffers, sizes)
    results = translator.interpret(source, inputs)
    known = {name: value for name, value in buffers.items() if task.param(name).role is not Role.OUT}
    wanted = evaluate_summary(summary, known, sizes, with_bound=True, factor=_FACTOR)
    if set(wanted) != set(results):
        raise IrError(f"the summary gives {sorted(wanted)}, the source {sorted(results)}")
    for name, got in results.items():
        value, want = np.asarray(got), wanted[name]
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            continue  # what leaves the finite numbers is not compared: the number model has no infinities
        same_shape = value.shape == want.value.shape or value.size == 0 == want.value.size
        if not same_shape or not np.all(want.covers(value.reshape(want.value.shape))):
            shown = tuple((key, item.tolist() if hasattr(item, "tolist") else item) for key, item in inputs.items())
            return Counterexample(shown, value.tolist(), np.asarray(want.value).tolist(), _script(source, shown, name))
    return None


def _arguments(task: Task, buffers: Buffers, sizes: Mapping[str, int]) -> dict[str, Any]:
    """What the interpreter takes: copies of the inputs, scalars, and sizes that are parameters."""
    found: dict[str, Any] = {}
    for param in task.params:
        if param.role is Role.SIZE:
            found[param.name] = int(sizes[param.name])
        elif param.role is not Role.OUT:
            found[param.name] = buffers[param.name].copy() if param.shape else buffers[param.name].item()
    return found


def _script(source: Source, inputs: tuple[tuple[str, object], ...], result: str) -> str:
    """Python text that interprets the source on the input."""
    return "\n".join((
        "from accelcore.registry import registry",
        "from accelcore.values import Source",
        "",
        f"source = Source({source.text!r}, {source.language!r}, {source.entry!r})",
        "translator = next(t for t in registry().translators() if t.accepts(source))",
        f"print(translator.interpret(source, {dict(inputs)!r})[{result!r}])",
        "",
    ))  # fmt: skip
