"""Summaries by enumeration: bottom-up over expressions, one for each behaviour on examples.

For what the rules refuse but the interpreter can run.  The examples are small inputs with the program's results on
them; an element of a result, at its indices, is one *point*.  Expressions grow by size from atoms: constants of the
source, scalars, sizes, indices, elements of the inputs at the indices (exchanged, reversed, shifted by constants of
the source) and reductions of an element or a product of two; operators are those of the source and the arithmetic
ones.  Of expressions with equal values at all points only the first is kept (observational equivalence).

Invariant: `found` holds at most one expression for each vector of values, the smallest that was reached, and every
candidate agrees with the program on all examples.  A candidate is tried on further inputs; one on which it differs
becomes an example, and the search starts again.  It stops: at most `ROUNDS` restarts, each of at most `LEVELS` sizes
and `KEPT` expressions.  What it proposes is believed by nobody: the verifiers decide.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from accelcore.errors import AccelcoreError
from accelcore.ir import expr as E
from accelcore.ir.dtypes import DTYPES
from accelcore.ir.expr import Expr, walk
from accelcore.values import Param, Phase, Proposal, Request, Role, Summary
from accelcore_llmlift.evaluation import Evaluation, EvaluationError
from accelcore_llmlift.program import Program

ROUNDS, LEVELS, KEPT, SECONDS = 6, 3, 4000, 5.0
EXAMPLES = 6
BASIC = ("add", "sub", "mul")


@dataclass(frozen=True)
class Example:
    """Inputs and sizes, and the results of the program on them."""

    values: dict[str, Any]
    sizes: dict[str, int]
    results: dict[str, Any]


@dataclass(frozen=True)
class Enumerator:
    """A proposer of summaries for programs that the rules refuse."""

    name: ClassVar[str] = "enumerate"
    about: ClassVar[str] = "summaries by bottom-up enumeration on examples; needs no model"
    inline: ClassVar[bool] = True

    def missing(self) -> Sequence[str]:
        """Nothing."""
        return ()

    def propose(self, request: Request, *, n: int, seed: int) -> Iterator[Proposal]:
        """At most one summary, for SUMMARIZE requests of a source that a front end of this plugin reads."""
        from accelcore_llmlift.frontend import LANGUAGES, program_of

        source = request.task.source
        if request.phase is not Phase.SUMMARIZE or request.step or source is None or source.language not in LANGUAGES:
            return
        try:
            summary = enumerated(program_of(source), seed)
        except AccelcoreError:
            return
        if summary is not None and n > 0:
            text = "\n".join(f"{name} = {value!r}" for name, value in summary.post)
            yield Proposal(text, "", self.name, summary=summary)


def enumerated(program: Program, seed: int = 0) -> Summary | None:
    """A summary that agrees with the program on every input that was tried; None when there is none in reach."""
    from accelcore_llmlift.verify.refute import counterexample

    deadline = time.monotonic() + SECONDS
    outputs = [p for p in program.params if p.role in (Role.OUT, Role.INOUT)]
    floats = any(DTYPES[p.dtype].is_float for p in program.params)
    examples = _examples(program, seed)
    for _ in range(ROUNDS):
        post = []
        for p in outputs:
            value = _Search(program, p, examples, deadline).run() if examples else None
            if value is None:
                return None
            post.append((p.name, value))
        summary = Summary(tuple(post), number_model="real" if floats else "int")
        wrong = counterexample(program, summary, (), thorough=True, deadline=deadline, seed=seed)
        if wrong is None:
            return summary
        more = _example(program, dict(wrong.inputs))
        if more is None:
            return None
        examples = [*examples, more]
    return None


def _examples(program: Program, seed: int) -> list[Example]:
    from accelcore_llmlift.verify.inputs import draws

    found = []
    for one in draws(program, Summary(()), program.requires, 8 * EXAMPLES, seed):
        example = _example(program, {**one.values, **one.sizes})
        if example is not None:
            found.append(example)
        if len(found) == EXAMPLES:
            break
    return found


def _example(program: Program, given: dict[str, Any]) -> Example | None:
    """The program's results on one input; None when it has none."""
    from accelcore_llmlift.interpret import interpret, plain

    sizes = {n: v for n, v in given.items() if type(v) is int and n not in _data(program)}
    values = {n: plain(v) for n, v in given.items() if n in _data(program)}
    named = {p.name for p in program.params}
    try:
        results = interpret(program, {n: v for n, v in given.items() if n in named}, sizes=sizes)
    except (AccelcoreError, ArithmeticError, LookupError, ValueError, TypeError):
        return None
    return Example(values, sizes, dict(results))


def _data(program: Program) -> set[str]:
    return {p.name for p in program.params if p.role is not Role.SIZE}


@dataclass
class _Search:
    """The search for one result.

    points: (example, indices of an element).  found: the first expression of each vector of values at the points.
    """

    program: Program
    result: Param
    examples: Sequence[Example]
    deadline: float
    indices: tuple[Expr, ...] = ()
    points: Sequence[tuple[Example, tuple[int, ...]]] = ()
    found: dict[tuple[Any, ...], Expr] = field(default_factory=dict)

    def run(self) -> Expr | None:
        """The smallest expression that gives the result at every point, in its storage and shape."""
        self.indices = tuple(E.fresh() for _ in self.result.shape)
        self.points = [(e, w) for e in self.examples for w in _places(e.results[self.result.name], len(self.indices))]
        real = DTYPES[self.result.dtype].is_float
        target = tuple(_element(e.results[self.result.name], w) for e, w in self.points)
        levels: list[list[Expr]] = [self.fresh(self.atoms(real))]
        for _ in range(LEVELS):
            hit = self.hit(target)
            if hit is not None:
                return self.stored(hit)
            levels.append(self.fresh(self.larger(levels)))
        hit = self.hit(target)
        return None if hit is None else self.stored(hit)

    def hit(self, target: tuple[Any, ...]) -> Expr | None:
        """An expression with the target's values, up to the rounding of its storage."""
        if not DTYPES[self.result.dtype].is_float:
            return self.found.get(target)
        close = (e for values, e in self.found.items() if all(_near(a, b) for a, b in zip(values, target, strict=True)))
        return next(close, None)

    def stored(self, value: Expr) -> Expr:
        """The element in its storage dtype, under comprehensions over the result's extents."""
        dtype = self.result.dtype
        if DTYPES[dtype].is_float:
            body = E.cast(value, dtype, "nearest", "wrap")
        else:
            body = value if dtype == value.dtype else E.cast(value, dtype, "trunc", "exact")
        for extent, index in zip(reversed(self.result.shape), reversed(self.indices), strict=True):
            body = E.bind("comp", index, (extent,), (body,))
        return body

    def fresh(self, candidates: Iterator[Expr]) -> list[Expr]:
        """The candidates that behave like none before."""
        new = []
        for e in candidates:
            if len(self.found) >= KEPT or time.monotonic() > self.deadline:
                break
            values = self.values(e)
            if values is not None and values not in self.found:
                self.found[values] = e
                new.append(e)
        return new

    def values(self, e: Expr) -> tuple[Any, ...] | None:
        """The values at all points; None where there is none at some point."""
        found = []
        for example, where in self.points:
            bound = {v.number: i for v, i in zip(self.indices, where, strict=True)}
            try:
                found.append(Evaluation(example.values, example.sizes, bound).value(e))
            except (EvaluationError, ArithmeticError, LookupError, TypeError):
                return None
        return tuple(found)

    # Candidates.

    def atoms(self, real: bool) -> Iterator[Expr]:
        """Constants, scalars, sizes, indices, elements, and reductions over elements."""
        kind = "real" if real else "int"
        elements = list(self.elements(self.indices, kind))
        for value in sorted({0, 1, 2, *self.constants()}):
            if real or isinstance(value, int):
                yield E.const(float(value) if real else int(value), kind)
        for p in self.program.params:
            if p.role is Role.SCALAR and (real or not DTYPES[p.dtype].is_float):
                yield E.cast(E.param(p.name, p.dtype), kind)
        for size in sorted({n for p in self.program.params for x in p.shape for n in x.sizes} | self.size_names()):
            yield E.cast(E.size(size), kind)
        yield from (E.cast(i, kind) for i in self.indices)
        yield from elements
        yield from self.reductions(kind)

    def size_names(self) -> set[str]:
        return {p.name for p in self.program.params if p.role is Role.SIZE}

    def constants(self) -> list[Any]:
        from accelcore_llmlift.verify.models import expressions

        found = {n.value for e in expressions(self.program) for n in walk(e)
                 if n.op == "const" and not isinstance(n.value, bool | str) and n.value is not None}  # fmt: skip
        return sorted(found, key=abs)[:6]

    def elements(self, where: Sequence[Expr], kind: str) -> Iterator[Expr]:
        """Elements of input arrays at the given indices: exchanged, reversed, shifted by one."""
        for p in self.program.params:
            if not p.shape or p.role is Role.OUT or (kind == "int" and DTYPES[p.dtype].is_float):
                continue
            array = E.array(p.name, p.dtype, len(p.shape))
            for axes in itertools.product(*(self.positions(where, x) for x in p.shape)):
                yield E.cast(E.get(array, *axes), kind)

    def positions(self, where: Sequence[Expr], extent: Expr) -> list[Expr]:
        one = E.index(1)
        found = [*where, *(extent - one - i for i in where), *(i + one for i in where), *(i - one for i in where)]
        return [*found, E.index(0), extent - one]

    def reductions(self, kind: str) -> Iterator[Expr]:
        """sum, max, min and prod of an element, and sums of products of two."""
        for extent in dict.fromkeys(x for p in self.program.params if p.role is not Role.OUT for x in p.shape):
            terms = self.terms(extent, kind)
            for term, reduction in itertools.product(terms, ("sum", "max", "min", "prod")):
                yield E.reduce(reduction, extent, term)
            for a, b in itertools.combinations_with_replacement(terms, 2):
                yield E.reduce("sum", extent, _product(a, b))

    def terms(self, extent: Expr, kind: str) -> list[Callable[[Expr], Expr]]:
        """Elements with the reduction's index along an axis of that extent, others at the result's indices."""
        found: list[Callable[[Expr], Expr]] = []
        for p in self.program.params:
            if not p.shape or p.role is Role.OUT or (kind == "int" and DTYPES[p.dtype].is_float):
                continue
            array = E.array(p.name, p.dtype, len(p.shape))
            for axis, own in enumerate(p.shape):
                if own is not extent:
                    continue
                others = itertools.product(self.indices, repeat=len(p.shape) - 1)
                found += [_along(array, axis, o, kind) for o in others]
        return found

    def larger(self, levels: Sequence[Sequence[Expr]]) -> Iterator[Expr]:
        """Operators over what was found, the newest with everything."""
        operators = self.operators()
        before = [e for level in levels for e in level]
        for a, b in itertools.chain(itertools.product(levels[-1], before), itertools.product(before, levels[-1])):
            if a.dtype != b.dtype:
                continue
            for op in operators:
                if op != "div" or a.dtype == "real":
                    yield E.binary(op, a, b)
            yield E.select(E.binary("lt", a, b), a, b)

    def operators(self) -> list[str]:
        """Arithmetic, and what the source uses."""
        from accelcore_llmlift.verify.models import expressions

        used = {n.op for e in expressions(self.program) for n in walk(e)}
        whole = [] if DTYPES[self.result.dtype].is_float else ["tdiv", "trem", "fdiv", "fmod"]
        return [*BASIC, *(o for o in ("div", "min", "max", "and", "or", "xor") if o in used), *whole]


def _product(a: Callable[[Expr], Expr], b: Callable[[Expr], Expr]) -> Callable[[Expr], Expr]:
    return lambda k: a(k) * b(k)


def _along(array: Expr, axis: int, others: Sequence[Expr], kind: str) -> Callable[[Expr], Expr]:
    """The element of an array as a function of its index on one axis."""
    return lambda k: E.cast(E.get(array, *others[:axis], k, *others[axis:]), kind)


def _places(value: Any, rank: int) -> list[tuple[int, ...]]:
    """Indices of all elements of nested lists."""
    if not rank:
        return [()]
    return [(at, *rest) for at, inner in enumerate(value) for rest in _places(inner, rank - 1)]


def _element(value: Any, where: tuple[int, ...]) -> Any:
    for at in where:
        value = value[at]
    return value


def _near(a: Any, b: Any) -> bool:
    return bool(abs(a - b) <= 1e-5 * max(1.0, abs(b)))

