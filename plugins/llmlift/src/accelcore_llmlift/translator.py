"""The translator for Python sources: task, lifting by rules and then by proposers, interpretation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from accelcore.errors import UnsupportedSource
from accelcore.values import (
    Param,
    Phase,
    Proof,
    Request,
    Role,
    Sizes,
    Source,
    Task,
    Tolerance,
    size_names,
    sizes_of,
)
from accelcore_llmlift.frontend import program_of

if TYPE_CHECKING:
    from accelcore.ir.expr import Expr
    from accelcore.session import Session
    from accelcore.values import Summary, Verdict
    from accelcore_llmlift.program import Program

MATRIX, VECTOR = 1024, 1 << 20
"""Default extents: a matrix of 1024 x 1024, a vector of 2^20; larger than caches, a millisecond or so of work."""
ROUNDS = 4
"""Requests to the proposers for one source: the first, and repairs of what was refuted or not proved."""
SMALL_RANK = {3: 64, 4: 32}
"""Default extents of tensors with more axes."""


@dataclass(frozen=True)
class PythonTranslator:
    """Plain Python functions: loops, lists and array indexing."""

    name: ClassVar[str] = "python"
    about: ClassVar[str] = "plain Python loops, by rules; never executes the source"

    def missing(self) -> Sequence[str]:
        """Nothing: it reads Python with the standard library."""
        return ()

    def accepts(self, source: Source) -> bool:
        """Sources in Python."""
        return source.language == "python"

    def task(self, source: Source, sizes: Mapping[str, int]) -> Task:
        """The task with the source as its reference."""
        program = program_of(source)
        task = Task(
            program.name, program.params, source, program.requires, sizes=(), source=source,
            tolerance=Tolerance(_accumulate(program.params)),
        )  # fmt: skip
        return replace(task, sizes=(_first_sizes(task, sizes),))

    def lift(self, task: Task, session: Session) -> None:
        """The rules' summary first; what the rules refuse, or what is not proved, goes to the proposers."""
        from accelcore_llmlift.lifter import lift_program

        assert task.source is not None
        program = program_of(task.source)
        for summary in self.rules(program):
            if session.verify(task, summary).proof is Proof.PROVED:
                return
        if self.proposed(task, session, self.refusal(program)):
            return
        if session.verdict is None:
            lift_program(program)  # nobody had a summary: raises the rules' refusal, which names the place

    def proposed(self, task: Task, session: Session, feedback: str) -> bool:
        """Ask the proposers until a summary is proved; what was wrong with the last one goes into the next request.

        Ends when a round brings no summary, or nothing new to say, or after `ROUNDS`.
        """
        for at in range(ROUNDS):
            said = ""
            for proposal in session.propose([Request(Phase.SUMMARIZE, task, feedback=feedback, step=at)]):
                summary = proposal.summary
                if summary is None:
                    continue
                verdict = session.verify(task, summary)
                if verdict.proof is Proof.PROVED:
                    return True
                said = explained(summary, verdict)
            if said in ("", feedback):
                return False
            feedback = said
        return False

    def rules(self, program: Program) -> Iterable[Any]:
        """The summary that the rules derive, if they do."""
        from accelcore_llmlift.lifter import lift_program

        try:
            lifted = lift_program(program)
        except UnsupportedSource:
            return
        invariants = tuple(
            (label, f"{name} == {value!r}")
            for label, values in lifted.invariants.items()
            for name, value in values.items()
        )
        yield replace(lifted.summary, invariants=invariants)

    def refusal(self, program: Program) -> str:
        """Why the rules gave no summary; "" when they gave one."""
        from accelcore_llmlift.lifter import lift_program

        try:
            lift_program(program)
        except UnsupportedSource as error:
            return str(error)
        return ""

    def interpret(self, source: Source, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        """Run the source by its own semantics: exact integers, Python floats."""
        from accelcore_llmlift.interpret import interpret

        return interpret(program_of(source), inputs)


@dataclass(frozen=True)
class CTranslator(PythonTranslator):
    """C and C++ functions, without a compiler: read by tree-sitter's grammar."""

    name: ClassVar[str] = "c"
    about: ClassVar[str] = "C and C++ loops over pointers, arrays and std::vector, by rules"

    def missing(self) -> Sequence[str]:
        """The grammar."""
        from importlib.util import find_spec

        absent = [m for m in ("tree_sitter", "tree_sitter_cpp") if find_spec(m) is None]
        return [f"{m.replace('_', '-')}: pip install {m.replace('_', '-')}" for m in absent]

    def accepts(self, source: Source) -> bool:
        """Sources in C or C++."""
        return source.language in ("c", "c++")


def explained(summary: Summary, verdict: Verdict) -> str:
    """What is wrong with a summary, for whoever gives the next: an input on which it differs, or the failed step."""
    text = "\n".join(f"{name} = {value!r}" for name, value in summary.post)
    found = verdict.counterexample
    if found is not None:
        given = ", ".join(f"{name} = {value}" for name, value in found.inputs)
        return f"This summary is wrong:\n{text}\nFor {given} the program gives {found.got}, the summary {found.want}."
    return (
        f"This summary was not refuted, but not proved either:\n{text}\n{verdict.reason}\n"
        "Give it with an invariant for every loop, or in another form."
    )


def _accumulate(params: Iterable[Param]) -> str:
    """The dtype in which a kernel accumulates: the widest float that is stored."""
    floats = [p.dtype for p in params if p.dtype in ("f16", "bf16", "f32", "f64")]
    return "f64" if "f64" in floats else "f32" if floats else ""


def _first_sizes(task: Task, given: Mapping[str, int]) -> Sizes:
    """Values for every size: given ones, else what a precondition says, else defaults by the rank of the arrays."""
    found = {name: given.get(name, _default(task.params, name)) for name in size_names(task)}
    for condition in task.requires:
        for name, value in _equated(condition):
            if name not in given and condition.sizes <= found.keys():
                found[name] = extents((value,), found)[0]
    return sizes_of(found)


def _equated(condition: Expr) -> Iterable[tuple[str, Expr]]:
    """Sizes that a precondition gives by others: h == n // 2."""
    if condition.op != "eq" or condition.inputs:
        return
    for name, value in (condition.args, reversed(condition.args)):
        if name.op == "size" and name.name not in value.sizes:
            yield name.name, value
            return


def _default(params: Sequence[Param], name: str) -> int:
    ranks = [len(p.shape) for p in params if p.role is not Role.OUT and any(name in e.sizes for e in p.shape)]
    ranks = ranks or [len(p.shape) for p in params if any(name in e.sizes for e in p.shape)]
    if not ranks:
        return 8
    rank = max(ranks)
    together = any(len(e.sizes) > 1 for p in params for e in p.shape)
    if rank == 1:
        return MATRIX if together else VECTOR
    return MATRIX if rank == 2 else SMALL_RANK.get(rank, 8)


def extents(shape: Iterable[Expr], sizes: Mapping[str, int]) -> tuple[int, ...]:
    """A shape at given sizes."""
    from accelcore_llmlift.interpret import integer

    return tuple(integer(e, sizes) for e in shape)
