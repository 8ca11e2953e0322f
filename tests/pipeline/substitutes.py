"""A whole set of parts, none of them built in: front end, verifier, target, evaluator, strategy, proposer, model, pool.

`registry()` holds only these, so what runs over it runs without any part of ours.
"""

from __future__ import annotations

import ast
import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, ClassVar

from accelcore.errors import UnsupportedSource
from accelcore.hookspecs import hookimpl
from accelcore.ir.expr import array, cast, comp, const, size
from accelcore.registry import Registry
from accelcore.session import Session
from accelcore.testing import FakeEvaluator, FakeTarget
from accelcore.testing.fakes import FakeRunner
from accelcore.values import (
    Artifact,
    Candidate,
    Counterexample,
    Kernel,
    Limits,
    Param,
    Proof,
    Proposal,
    Request,
    Role,
    Source,
    Summary,
    Task,
    Verdict,
    sizes_of,
)

PROGRAM = """
def double(x: "f32[n]", n: int) -> "f32[n]":
    out = [0.0] * n
    for i in range(n):
        out[i] = 2 * x[i]
    return out

def hard(x):
    while x:
        x = step(x)
    return x

def wrong(x):
    return x

def weak(x):
    return x
"""


class Front:
    """Reads only what is above."""

    name, about = "front", "a substitute front end"

    def missing(self) -> Sequence[str]:
        return ()

    def accepts(self, source: Source) -> bool:
        return source.language == "python"

    def task(self, source: Source, sizes: Mapping[str, int]) -> Task:
        if source.entry == "hard":
            raise UnsupportedSource("a while loop", where=f"{source.path}:9:4", hint="write for")
        n = size("n")
        params = (Param("x", "f32", (n,), Role.IN), Param("y", "f32", (n,), Role.OUT))
        return Task(source.entry, params, source, (n >= 1,), sizes=(sizes_of({"n": 5, **sizes}),), source=source)

    def lift(self, task: Task, session: Session) -> None:
        if os.environ.get("SUBSTITUTE_STUCK"):
            threading.Event().wait(60)
        session.verify(task, self.summary())

    def summary(self) -> Summary:
        x = array("x", "f32", 1)
        twice = comp(size("n"), lambda i: cast(const(2.0) * cast(x[i], "real"), "f32", "nearest", "wrap"))
        return Summary((("y", twice),), (("i", "y[k] == 2 * x[k] for k < i"),), "real")

    def interpret(self, source: Source, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"y": 2 * inputs["x"]}


class Oracle:
    """Believes, by name."""

    name, about, strongest = "oracle", "a substitute verifier", "proved"

    def missing(self) -> Sequence[str]:
        return ()

    def check(self, task: Task, summary: Summary, *, timeout: float) -> Verdict:
        if task.name == "wrong":
            shown = Counterexample((("x", [1.0]), ("n", 1)), [1.0], [2.0], "print(wrong([1.0]))")
            return Verdict(Proof.REFUTED, self.name, "real", counterexample=shown, seconds=0.001)
        if task.name == "weak":
            return Verdict(Proof.BOUNDED, self.name, "real", bound=4, reason="no invariant", seconds=0.001)
        names = ("entry", "step", "exit")
        certificate = '{"verifier": "oracle", "source": "' + task.name + '"}'
        obligations = tuple((name, "unsat", 0.5) for name in names)
        return Verdict(Proof.PROVED, self.name, "real", obligations=obligations, certificate=certificate, seconds=0.002)

    def recheck(self, certificate: str, *, timeout: float) -> Verdict:
        sound = ast.literal_eval(certificate)["source"] == "double"
        return Verdict(
            Proof.PROVED if sound else Proof.UNKNOWN, self.name, "real", reason="" if sound else "no such source"
        )


@dataclass(frozen=True)
class Chip(FakeTarget):
    """A grid, with a baseline and an option."""

    grain: int = field(default=1, metadata={"help": "of what the chip is made"})

    name: ClassVar[str] = "chip"
    about: ClassVar[str] = "a substitute target"

    def baselines(self, task: Task) -> Mapping[str, Kernel]:
        return {"by hand": self.kernel((1, 1), task)}


@dataclass(frozen=True)
class ChipEvaluator(FakeEvaluator):
    """Runs the chip's points."""

    name: ClassVar[str] = "chip-model"
    target: ClassVar[str] = "chip"
    fidelity: ClassVar[str] = "modelled"

    def open(self, artifact: Artifact, *, limits: Limits) -> FakeRunner:
        if os.environ.get("SUBSTITUTE_SLOW"):
            threading.Event().wait(0.02)
        if os.environ.get("SUBSTITUTE_HANGS") and sum(map(int, artifact.kernel.text.split())) > 1:
            threading.Event().wait()
        return super().open(artifact, limits=limits)


@dataclass(frozen=True)
class Drawing(FakeTarget):
    """A target that nothing runs."""

    name: ClassVar[str] = "drawing"
    about: ClassVar[str] = "a target without an evaluator"


@dataclass(frozen=True)
class Absent(FakeTarget):
    """A target whose evaluator lacks a tool."""

    name: ClassVar[str] = "absent"
    about: ClassVar[str] = "a target that is not usable here"


@dataclass(frozen=True)
class AbsentEvaluator(FakeEvaluator):
    name: ClassVar[str] = "absent-board"
    target: ClassVar[str] = "absent"

    def missing(self) -> Sequence[str]:
        return ("the board: apt install board",)


class Steps:
    """Proposes the target's moves."""

    name, about, legal = "steps", "a substitute proposer", True

    def missing(self) -> Sequence[str]:
        return ()

    def bind(self, session: Session) -> Steps:
        bound = Steps()
        bound.session = session
        return bound

    def propose(self, request: Request, *, n: int, seed: int) -> Iterator[Proposal]:
        assert request.parent is not None and self.session.target is not None
        target, kernel = self.session.target, request.parent.kernel
        found: Iterable[Proposal] = (
            Proposal("", move.text, "steps", kernel=child, move=move)
            for move in target.moves(request.task, kernel)
            for child in target.rewrite(move, request.task, kernel)
        )
        for _, proposal in zip(range(n), found, strict=False):
            yield proposal


@dataclass(frozen=True)
class Climb:
    """Goes uphill until nothing is better."""

    tries: int = field(default=8, metadata={"help": "children of each kernel"})

    name: ClassVar[str] = "climb"
    about: ClassVar[str] = "a substitute strategy"

    def missing(self) -> Sequence[str]:
        return ()

    def search(self, session: Session, start: Candidate) -> None:
        at = start
        while True:
            children = [j.candidate for j in session.expand([at], n=self.tries)]
            best = session.fastest([at, *children], 1)[0]
            if best == at:
                return
            at = best


class Parrot:
    """A model that is never asked."""

    name = prefix = "parrot"
    about = "a substitute model"

    def missing(self) -> Sequence[str]:
        return ()

    def complete(self, messages: object, *, schema: object, limits: object) -> object:
        raise AssertionError("no model was chosen")


class Threads:
    name, about = "threads", "a substitute pool"

    def missing(self) -> Sequence[str]:
        return ()

    def open(self) -> Executor:
        return ThreadPoolExecutor(1)

    def serves(self, fingerprint: str) -> bool:
        return True


class Plugin:
    accelcore_translators = staticmethod(hookimpl(lambda: [Front()], specname="accelcore_translators"))
    accelcore_verifiers = staticmethod(hookimpl(lambda: [Oracle()], specname="accelcore_verifiers"))
    accelcore_targets = staticmethod(hookimpl(lambda: [Chip(), Drawing(), Absent()], specname="accelcore_targets"))
    accelcore_evaluators = staticmethod(
        hookimpl(lambda: [ChipEvaluator(), AbsentEvaluator()], specname="accelcore_evaluators")
    )
    accelcore_strategies = staticmethod(hookimpl(lambda: [Climb()], specname="accelcore_strategies"))
    accelcore_proposers = staticmethod(hookimpl(lambda: [Steps()], specname="accelcore_proposers"))
    accelcore_models = staticmethod(hookimpl(lambda: [Parrot()], specname="accelcore_models"))
    accelcore_pools = staticmethod(hookimpl(lambda: [Threads()], specname="accelcore_pools"))


def substitutes() -> Registry:
    found = Registry()
    found.add(Plugin, "substitutes", "tests")
    assert found.problems() == ()
    return found
