"""From a program, a summary and claimed loop states to a proof: needs first, then every obligation.

The order matters: what an access, a division or a store needs is proved or becomes a named precondition; the
obligations may then assume the preconditions.  Each obligation is one script, asked with growing effort; a script
whose assumptions are contradictory proves nothing.  All questions together stay within a deadline; a question
without an answer makes the whole proof unknown.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from accelcore.ir import expr as E
from accelcore.ir.expr import Expr
from accelcore.values import Summary
from accelcore_llmlift.program import Program
from accelcore_llmlift.verify import requires as requirement
from accelcore_llmlift.verify.arithmetic import Unsupported
from accelcore_llmlift.verify.bank import Bank
from accelcore_llmlift.verify.execute import Claims, Execution, Need, Obligation
from accelcore_llmlift.verify.lemmas import Lemma, lemmas
from accelcore_llmlift.verify.meaning import Meaning
from accelcore_llmlift.verify.models import Model
from accelcore_llmlift.verify.programs import admit
from accelcore_llmlift.verify.readback import Readback
from accelcore_llmlift.verify.smt import Script, script
from accelcore_llmlift.verify.solver import Answer, ask_z3, forget
from accelcore_llmlift.verify.terms import Term

EFFORTS = ("lean", "full", "native")
_SHARE = {"lean": 2.0, "full": 2.0, "native": 5.0}
"""Seconds that one question of an effort may take at most."""
_LEMMA_DEPTH = 1
"""Lemmas about reductions inside the bodies of reductions."""

_FEW = 12
"""Lemmas that are assumed before an obligation is tried again."""


@dataclass(frozen=True)
class Step:
    """One question as it was asked.  again: its script at another effort, for comparison with a certificate."""

    label: str
    effort: str
    script: Script
    answer: Answer
    again: Callable[[str], Script] = field(repr=False, compare=False, default=lambda effort: Script(""))


@dataclass
class Proof:
    """What came of an attempt.

    requires: preconditions that it needs; assumed: the needs behind those about elements.  failed: the label and
    answer of the first obligation without a proof.
    """

    steps: list[Step] = field(default_factory=list)
    requires: list[Expr] = field(default_factory=list)
    assumed: list[Need] = field(default_factory=list)
    failed: str = ""
    refuted: bool = False

    @property
    def complete(self) -> bool:
        """Every obligation is proved."""
        return not self.failed


class Prover:
    """One attempt; `ask` answers scripts, so that a test or a re-check can put another solver in its place."""

    def __init__(self, deadline: float, ask: Callable[[Script, float, bool], Answer] = ask_z3) -> None:
        self.deadline = deadline
        self.ask = ask

    def prove(
        self, program: Program, summary: Summary, claims: Claims, model: Model, extra: Sequence[Expr] = ()
    ) -> Proof:
        """extra: preconditions of the task beside those of the program.  Raises Unsupported.

        What was proved before has no influence: every proof begins with a solver that remembers nothing.
        """
        forget()
        admit(program, summary)
        bank = Bank()
        run = Execution(program, Meaning(bank, model.exact), claims, extra)
        proof = Proof()
        run.conclude(run.run(), summary)
        self._state(run, proof)
        facts = self._settle(run, proof)
        if proof.complete:
            self._check_preconditions(run, facts, proof)
        for obligation in run.obligations:
            if not proof.complete:
                break
            self._discharge(run, obligation, facts, proof)
        return proof

    # Needs.

    def _state(self, run: Execution, proof: Proof) -> None:
        """What the source asserts becomes a precondition."""
        read = reader(run)
        for need in run.stated:
            proof.requires.append(requirement.closure(read, need, run.base.assumptions))

    def _settle(self, run: Execution, proof: Proof) -> list[Term]:
        """Prove the needs or turn them into preconditions; returns the preconditions over sizes and scalars."""
        bank = run.bank
        facts: list[Term] = []
        for group in _grouped(run.needs):
            goal = bank.conj(*(bank.implies(bank.conj(*n.assumptions), n.condition) for n in group))
            if goal is bank.true:
                continue
            label = f"{group[0].kind} {group[0].where}"
            step = self._attempt(bank, Obligation(label, run.base.assumptions, goal), facts, EFFORTS)
            if step.answer.proved:
                proof.steps.append(step)
                continue
            for need in group:
                self._settle_one(run, need, facts, proof)
                if not proof.complete:
                    return facts
        return facts

    def _settle_one(self, run: Execution, need: Need, facts: list[Term], proof: Proof) -> None:
        bank = run.bank
        label = f"{need.kind} {need.where}"
        step = self._attempt(bank, _under(bank, run, label, need.assumptions, need.condition), facts, EFFORTS)
        if step.answer.proved:
            proof.steps.append(step)
            return
        if not self._possible(bank, facts, [*proof.assumed, need]):
            proof.failed = f"{label}: no input was found for which it holds"
            return
        try:
            expr, fact = self._precondition(run, need, facts)
        except Unsupported as reason:
            proof.failed = f"{label}: cannot be proved or named as a precondition ({reason})"
            return
        if fact is not None:
            facts.append(fact)
        else:
            proof.assumed.append(need)
            if not need.over:  # about entry values at one place: it may be assumed everywhere
                facts.append(bank.implies(bank.conj(*need.assumptions), need.condition))
        if expr not in proof.requires:
            proof.requires.append(expr)

    def _precondition(self, run: Execution, need: Need, facts: Sequence[Term]) -> tuple[Expr, Term | None]:
        """The named precondition, and the same as an assumption when it is about sizes and scalars only."""
        bank, read = run.bank, reader(run)
        for candidate in (requirement.extremal(bank, need), requirement.guarded(bank, need)):
            if candidate is None or candidate is bank.false:
                continue
            obligation = Obligation("precondition", (*need.assumptions, candidate), need.condition)
            if self._attempt(bank, obligation, facts, ("lean", "native")).answer.proved:
                return requirement.expression(read, candidate), candidate
        for candidate in requirement.simple(run, need):
            obligation = Obligation("precondition", (*need.assumptions, candidate), need.condition)
            if self._attempt(bank, obligation, facts, ("full",)).answer.proved:
                return requirement.expression(read, candidate), candidate
        if not requirement.about_values(bank, need):
            raise Unsupported("it depends on sizes and counters only, and is wrong for some of them")
        return requirement.closure(read, need, run.base.assumptions), None

    def _possible(self, bank: Bank, facts: Sequence[Term], needs: Sequence[Need]) -> bool:
        """Whether the conditions of the needs can hold together, each where it is needed; the last is the new one.

        Needs of branches that exclude the last one's cannot contradict it.
        """
        if self._satisfiable(bank, [*facts, *(t for n in needs for t in (*n.assumptions, n.condition))]):
            return True
        *before, last = needs
        own = [*facts, *last.assumptions]
        beside = [n for n in before if self._satisfiable(bank, [*own, *n.assumptions])]
        if len(beside) == len(before):
            return False
        return self._satisfiable(
            bank, [*own, last.condition, *(t for n in beside for t in (*n.assumptions, n.condition))])  # fmt: skip

    def _satisfiable(self, bank: Bank, given: Sequence[Term]) -> bool:
        text = script(bank, given, bank.false, "full")
        return self.ask(text, self._seconds("full"), False).refutation == "sat"

    def _check_preconditions(self, run: Execution, facts: Sequence[Term], proof: Proof) -> None:
        """All preconditions together must allow an input in which no size is zero."""
        bank = run.bank
        sizes = [bank.le(bank.num(1), run.entry.scalar(n)) for n in run.size_names]
        text = script(bank, (*run.base.assumptions, *facts, *sizes), bank.false, "lean")
        if self.ask(text, self._seconds("lean"), False).refutation != "sat":
            proof.failed = "the preconditions contradict each other or allow empty inputs only"

    # Obligations.

    def _discharge(self, run: Execution, obligation: Obligation, facts: Sequence[Term], proof: Proof) -> None:
        bank = run.bank
        step = self._attempt(bank, obligation, facts, EFFORTS[:2])
        if step.answer.refutation != "unsat":
            step = self._with_lemmas(bank, obligation, facts, proof)
        answer = step.answer
        if answer.refutation == "unsat" and answer.assumptions == "unsat":
            # Either this code is never reached, which proves whatever is claimed of it, or the axioms contradict
            # each other, which would prove anything.  With the path moved into the goal only the latter is left.
            whole = _under(bank, run, obligation.label, obligation.assumptions, obligation.goal)
            step = self._attempt(bank, whole, facts, EFFORTS)
            answer = step.answer
        proof.steps.append(step)
        if answer.proved:
            return
        proof.refuted = answer.refutation == "sat" and step.effort == "native"
        if answer.refutation == "unsat":
            proof.failed = f"{obligation.label}: the assumptions contradict each other ({answer.assumptions})"
        else:
            proof.failed = f"{obligation.label}: {_why(obligation.label, answer)}"

    def _with_lemmas(self, bank: Bank, obligation: Obligation, facts: Sequence[Term], proof: Proof) -> Step:
        """The obligation with the conclusions of its lemmas, few at first: more of them make everything harder, and
        that its assumptions can hold together most of all."""
        found, step, known = lemmas(bank, obligation), None, obligation.assumptions
        while (some := list(itertools.islice(found, _FEW))) or step is None:
            known = self._extended(bank, some, known, facts, proof, 0)
            step = self._attempt(bank, replace(obligation, assumptions=known), facts, EFFORTS)
            if step.answer.refutation == "unsat":
                break
        return step

    def _extended(
        self, bank: Bank, found: Iterable[Lemma], known: tuple[Term, ...], facts: Sequence[Term], proof: Proof,
        depth: int,
    ) -> tuple[Term, ...]:  # fmt: skip
        """What is known with the conclusions of those lemmas that can be proved."""
        for lemma in found:
            step = self._attempt(bank, lemma.obligation, facts, EFFORTS[:1])
            if step.answer.refutation != "unsat" and depth < _LEMMA_DEPTH:  # no deeper where the case cannot occur
                inner = lemmas(bank, lemma.obligation)
                given = self._extended(bank, inner, lemma.obligation.assumptions, facts, proof, depth + 1)
                step = self._attempt(bank, replace(lemma.obligation, assumptions=given), facts, EFFORTS[:2])
            if step.answer.proved:
                proof.steps.append(step)
                known = (*known, lemma.conclusion)
        return known

    def _attempt(self, bank: Bank, obligation: Obligation, facts: Sequence[Term], efforts: Sequence[str]) -> Step:
        """The first effort that proves it, else the last one tried."""
        assumptions = (*facts, *obligation.assumptions)

        def again(effort: str) -> Script:
            return script(bank, assumptions, obligation.goal, effort)

        step: Step | None = None
        for effort in efforts:
            text = again(effort)
            if step is not None and text.text == step.script.text:
                continue
            seconds = self._seconds(effort)
            if seconds <= 0:
                late = Answer("unknown", "unknown", 0.0, "out of time")
                return step or Step(obligation.label, effort, text, late, again)
            step = Step(obligation.label, effort, text, self.ask(text, seconds, True), again)
            if step.answer.refutation == "unsat":
                break
        assert step is not None
        return step

    def _seconds(self, effort: str) -> float:
        return min(_SHARE[effort], self.deadline - time.monotonic())


def reader(run: Execution) -> Readback:
    """Reads terms of an execution back over the names of its parameters."""
    leaves: dict[str, Expr] = {name: E.size(name) for name in run.size_names}
    for p in run.program.params:
        if p.name not in leaves:
            leaves[p.name] = E.array(p.name, p.dtype, len(p.shape)) if p.shape else E.param(p.name, p.dtype)
    return Readback(run.bank, leaves)


def _grouped(needs: Sequence[Need]) -> list[list[Need]]:
    """Needs of one kind at one place, to be asked together."""
    groups: dict[tuple[str, str], dict[Need, None]] = {}
    for need in needs:
        groups.setdefault((need.kind, need.where), {})[need] = None
    return [list(group) for group in groups.values()]


def _under(bank: Bank, run: Execution, label: str, assumptions: Sequence[Term], goal: Term) -> Obligation:
    """The obligation with only the preconditions as assumptions: the path to it becomes part of its goal."""
    return Obligation(label, run.base.assumptions, bank.implies(bank.conj(*assumptions), goal))


def _why(label: str, answer: Answer) -> str:
    """What a failed obligation means, in words that a proposer can act on."""
    if answer.refutation == "unknown":
        return f"no answer in time{f' ({answer.note})' if answer.note else ''}"
    where, _, phase = label.partition(" ")
    if phase == "entry":
        return f"the claimed states do not hold before the first iteration of {where}"
    if phase == "step":
        return f"the claimed states of {where} are not kept by an iteration, or say too little"
    return "the summary does not follow from what the loops compute"
