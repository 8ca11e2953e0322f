"""Inputs from a solver: at small concrete sizes all loops are unrolled, and a model of "the results differ" is read.

At fixed sizes there is nothing to claim: the program is executed symbolically step by step, the summary's reductions
are written out, and the two results are scalars over the elements of the inputs.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from accelcore.ir.dtypes import DTYPES
from accelcore.ir.expr import Expr
from accelcore.values import Role, Summary
from accelcore_llmlift.program import Program
from accelcore_llmlift.verify.arithmetic import Unsupported
from accelcore_llmlift.verify.bank import Bank
from accelcore_llmlift.verify.execute import Execution, Obligation
from accelcore_llmlift.verify.inputs import Input, extents, filled, size_names, storable
from accelcore_llmlift.verify.meaning import Meaning
from accelcore_llmlift.verify.smt import script
from accelcore_llmlift.verify.solver import model_z3
from accelcore_llmlift.verify.terms import Term, walk

_MOST = 24
"""Combinations of sizes that are tried."""


def size_sets(program: Program, largest: int) -> Iterator[dict[str, int]]:
    """Assignments of 0..largest to the sizes: equal ones first, then all combinations while there are few."""
    names = size_names(program)
    equal = [dict.fromkeys(names, n) for n in range(largest, -1, -1)]
    yield from equal[:-1] if names else equal[:1]
    if names:
        yield equal[-1]
    combinations = itertools.product(range(largest + 1), repeat=len(names))
    mixed = (dict(zip(names, c, strict=True)) for c in combinations if len(set(c)) > 1)
    yield from itertools.islice(mixed, _MOST)


def at_sizes(
    program: Program, summary: Summary, given: Sequence[Expr], sizes: Mapping[str, int], exact: bool
) -> tuple[Execution, Obligation]:
    """The program unrolled at these sizes, and the obligation that its results equal the summary."""
    run = Execution(program, Meaning(Bank(), exact), {}, given, sizes)
    run.conclude(run.run(), summary)
    bank = run.bank
    needs = [bank.implies(bank.conj(*n.assumptions), n.condition) for n in run.needs if n.where != "summary"]
    goals = bank.conj(*(o.goal for o in run.obligations))
    assumptions = (*run.base_after.assumptions, *(n for n in needs if n is not bank.true))
    return run, Obligation(f"sizes {dict(sizes)}", assumptions, goals)


def solved(program: Program, summary: Summary, given: Sequence[Expr], deadline: float) -> Iterator[Input]:
    """Inputs of a solver's models; they are ideas until they are replayed."""
    for sizes in size_sets(program, 3):
        left = deadline - time.monotonic()
        if left <= 0:
            return
        try:
            run, obligation = at_sizes(program, summary, given, sizes, summary.number_model.endswith("-exact"))
        except (Unsupported, RecursionError):  # the latter of hundreds of stores, each a choice inside the next
            continue
        if obligation.goal is run.bank.true:
            continue
        text = script(run.bank, obligation.assumptions, obligation.goal, "native")
        model = model_z3(text, min(2.0, left))
        if model is not None:
            yield _read(program, run, obligation, sizes, model)


def _read(
    program: Program, run: Execution, obligation: Obligation, sizes: Mapping[str, int],
    model: Callable[[str, tuple[int, ...]], Fraction | bool | None],
) -> Input:  # fmt: skip
    """The input of a model; what the model leaves open is 1."""
    known = {t: None for t in walk(*obligation.assumptions, obligation.goal) if t.op in ("read", "var")}
    values: dict[str, Any] = {}
    for p in program.params:
        if p.role in (Role.OUT, Role.SIZE) or p.name in sizes:
            continue
        if not p.shape:
            values[p.name] = _number(model(p.name, ()), p.dtype)
            continue
        shape = extents(p, sizes)
        values[p.name] = filled(shape, lambda: None)
        for where in itertools.product(*(range(n) for n in shape)):
            element = _element(run, p.name, where, known, model)
            _put(values[p.name], where, _number(element, p.dtype))
    return Input(values, dict(sizes))


def _element(
    run: Execution, name: str, where: tuple[int, ...], known: Mapping[Term, None],
    model: Callable[[str, tuple[int, ...]], Fraction | bool | None],
) -> Fraction | bool | None:  # fmt: skip
    term = run.entry.tensor(name).element(tuple(run.bank.num(i) for i in where))
    return model(f"{name}[]", where) if term in known else None


def _put(nested: list[Any], where: tuple[int, ...], value: Any) -> None:
    for at in where[:-1]:
        nested = nested[at]
    nested[where[-1]] = value


def _number(value: Fraction | bool | None, dtype: str) -> Any:
    facts = DTYPES[dtype]
    if facts.kind == "bool":
        return bool(value)
    exact = Fraction(1) if value is None else Fraction(value)
    return storable(float(exact), dtype) if facts.is_float else int(exact)
