"""What the public functions return: small frozen values with `json()` and the `exit_code` of their command.

The keys are those that other programs build on (docs/cli.md): more may come, none is renamed.  Exit codes: 0 accepted,
1 an honest no, 2 wrong usage or a missing tool (the last one is always an exception, see `accelcore.errors`).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accelcore.values import Evaluation, Grade, Proof, Status, Summary, Task, Verdict

if TYPE_CHECKING:
    from accelcore.options import Option
    from accelcore.values import Candidate, Counterexample, Run

Json = dict[str, Any]

_GOOD = {Proof.PROVED: 0, Proof.TESTED: 1, Proof.BOUNDED: 1}


@dataclass(frozen=True)
class LiftedFunction:
    """What lifting one function gave.  `task` and `summary` are None where the front end or the search gave up.

    proposer: who guessed the summary that the verdict is about.  seconds: wall time from source to verdict.
    """

    function: str
    verdict: Verdict
    task: Task | None = None
    summary: Summary | None = None
    proposer: str = ""
    seconds: float = 0.0

    def json(self) -> Json:
        """The keys of one function of `lift --json`."""
        return {
            "function": self.function,
            "verdict": str(self.verdict.proof),
            "number_model": self.verdict.number_model,
            "verifier": self.verdict.verifier,
            "proposer": self.proposer,
            "seconds": round(self.seconds, 3),
            "summary": self.text,
            "numpy": self.emitted("numpy"),
            "requires": [repr(e) for e in self.requires],
            "counterexample": counterexample_json(self.verdict.counterexample),
            "reason": self.verdict.reason,
            "mathematics": self.mathematics,
            "operators": self.operators,
            "bound": self.verdict.bound,
            "obligations": [list(o) for o in self.verdict.obligations],
            "invariants": [list(i) for i in self.summary.invariants] if self.summary else [],
            "certificate": json.loads(self.verdict.certificate) if self.verdict.certificate else None,
        }

    @property
    def requires(self) -> tuple[Any, ...]:
        """Preconditions: the verdict's, and the task's where the verdict names none."""
        return self.verdict.requires or (self.task.requires if self.task else ())

    @property
    def text(self) -> str | None:
        """The summary in the tensor language, one line a result; it parses again."""
        return "\n".join(f"{name} = {e!r}" for name, e in self.summary.post) if self.summary else None

    @property
    def mathematics(self) -> str | None:
        """The post-condition as people write it."""
        if self.summary is None or self.task is None:
            return None
        from accelcore.ir.printer import mathematics

        return mathematics(self.task)

    @property
    def operators(self) -> str | None:
        """The post-condition by named operators, a line for each result that has any: `out = matmul(softmax(x), v)`.

        None where there is none.  The index functions of `text` are what the names mean.
        """
        if self.summary is None:
            return None
        from accelcore.ir.operators import OPERATORS, raise_

        lines = []
        for name, value in self.summary.post:
            reading = raise_(value)
            if OPERATORS.keys() & set(reading.names) and "expression" not in reading.names:
                lines.append(f"{name} = {reading}")
        return "\n".join(lines) or None

    def emitted(self, language: str) -> str | None:
        """The summary as code of a language (numpy, torch, jax, taco, c); None where it has none there.

        Raises UsageError for a language that does not exist.
        """
        return self.emission(language)[0]

    def emission(self, language: str) -> tuple[str | None, str]:
        """The code, or None and the reason why there is none."""
        from accelcore.errors import IrError, UnsupportedLowering
        from accelcore.pipeline.emitting import emit

        if self.summary is None or self.task is None:
            return None, "there is no summary"
        try:
            return emit(self.task, language), ""
        except (IrError, UnsupportedLowering) as error:
            return None, error.what


@dataclass(frozen=True)
class LiftResult:
    """The functions of one `lift`, in the order given; the worst decides the exit code."""

    functions: tuple[LiftedFunction, ...]

    @property
    def exit_code(self) -> int:
        """0 when every function is proved, else 1."""
        return max((_GOOD.get(f.verdict.proof, 1) for f in self.functions), default=1)

    def json(self) -> Json:
        """The object of `lift --json`."""
        return {"functions": [f.json() for f in self.functions]}


@dataclass(frozen=True)
class CheckResult:
    """The judge's answer about one kernel.  stdout and exit stay empty: nothing a kernel prints is read."""

    evaluation: Evaluation
    exit: int | None = None
    stdout: str = ""

    @property
    def exit_code(self) -> int:
        """0 for status ok, else 1."""
        return 0 if self.evaluation.status is Status.OK else 1

    def json(self) -> Json:
        """The object of `check --json`."""
        e = self.evaluation
        return {
            "status": str(e.status),
            "grade": str(e.grade) if e.status is Status.OK else None,
            "exit": self.exit,
            "cost": cost_json(e),
            "metrics": dict(e.metrics),
            "feedback": e.feedback,
            "stdout": self.stdout,
            "log": e.log,
            "sandbox": e.sandbox,
            "fingerprint": e.fingerprint,
            "fidelity": str(e.fidelity),
        }


@dataclass(frozen=True)
class RecheckResult:
    """The answer about a certificate: the verdict that its proof, derived again from its source, deserves."""

    verdict: Verdict
    path: Path

    @property
    def exit_code(self) -> int:
        """0 when it is proved again, else 1."""
        return _GOOD.get(self.verdict.proof, 1)

    def json(self) -> Json:
        """The object of `check CERTIFICATE --json`: the keys of `check`, and the verdict's."""
        accepted = self.verdict.proof is Proof.PROVED
        return {
            **dict.fromkeys(("grade", "exit", "cost")),
            "status": "ok" if accepted else "wrong",
            "metrics": {"obligations": float(len(self.verdict.obligations)), "seconds": self.verdict.seconds},
            "feedback": self.verdict.reason,
            "stdout": "",
            "log": "",
            "sandbox": "",
            "verdict": str(self.verdict.proof),
            "verifier": self.verdict.verifier,
            "number_model": self.verdict.number_model,
            "reason": self.verdict.reason,
        }


@dataclass(frozen=True)
class ProgramResult:
    """How somebody's program ended on a machine, emulator or simulator; `facts` are the evaluator's own keys."""

    facts: Mapping[str, Any]

    @property
    def exit_code(self) -> int:
        """0 when the program ended by itself within its limits, whatever it returned."""
        return 0 if self.facts.get("status") == "ok" else 1

    def json(self) -> Json:
        """The object of `run --json`; an absent key is null or empty."""
        empty: Json = {
            "status": "harness_error",
            "grade": None,
            "exit": None,
            "cost": None,
            "metrics": {},
            "feedback": "",
            "stdout": "",
            "log": "",
            "sandbox": "",
        }
        return {**empty, **self.facts}


@dataclass(frozen=True)
class Measured:
    """A kernel with its judged evaluation; `label` is how the summary calls it ("seed", "-O3 gcc")."""

    label: str
    evaluation: Evaluation
    ratio: float | None = None
    """Cost of this over the cost of the best kernel, measured in one sitting where that was possible."""

    def json(self) -> Json:
        """Cost, status and ratio."""
        found = cost_json(self.evaluation) or {"value": None, "unit": None, "fidelity": None}
        return {**found, "status": str(self.evaluation.status), "ratio": self.ratio}


@dataclass(frozen=True)
class OptimizeResult:
    """What `compile`, `optimize` and `resume` end with.

    verdict is None where the task was never lifted.  best is the incumbent at the end, also after an interruption.
    target: the target's name.  machine: what its roofline was drawn from.  kernel_text: the best kernel's.
    """

    verdict: Verdict | None
    task: Task
    target: str
    seed: Measured | None
    best: Measured | None
    candidates: tuple[tuple[Candidate, Evaluation], ...]
    baselines: tuple[Measured, ...] = ()
    speedup: float | None = None
    spent: Mapping[str, float] = field(default_factory=dict)
    run: str = ""
    out: Path | None = None
    interrupted: bool = False
    reason: str = ""
    machine: Any = None
    inputs_judged: int | None = None
    lifted: LiftedFunction | None = None
    kernel_text: str = ""

    @property
    def exit_code(self) -> int:
        """0 with a correct kernel, 130 when the run was interrupted, else 1."""
        if self.interrupted:
            return 130
        return 0 if self.best is not None and self.best.evaluation.status is Status.OK else 1

    @property
    def grade(self) -> Grade | None:
        """The grade of the best kernel."""
        return self.best.evaluation.grade if self.best and self.best.evaluation.status is Status.OK else None

    @property
    def by_status(self) -> dict[str, int]:
        """How many candidates ended how, most frequent first."""
        return dict(Counter(str(e.status) for _, e in self.candidates).most_common())

    def json(self) -> Json:
        """The object of `optimize --json` and `compile --json`."""
        return {
            "verdict": str(self.verdict.proof) if self.verdict else None,
            "grade": str(self.grade) if self.grade else None,
            "seed": cost_json(self.seed.evaluation) if self.seed else None,
            "best": cost_json(self.best.evaluation) if self.best else None,
            "fidelity": str(self.best.evaluation.fidelity) if self.best else None,
            "speedup": self.speedup,
            "baselines": {b.label: b.json() for b in self.baselines},
            "candidates": {"total": len(self.candidates), "by_status": self.by_status},
            "spent": dict(self.spent),
            "run": self.run,
            "out": str(self.out) if self.out else None,
            "task": self.task.name,
            "target": self.target,
            "number_model": self.verdict.number_model if self.verdict else None,
            "interrupted": self.interrupted,
            "reason": self.reason,
        }


@dataclass(frozen=True)
class TargetInfo:
    """One target as `targets` lists it; evaluators and strategies only in the long form."""

    name: str
    about: str
    language: str
    owner: str
    missing: tuple[str, ...]
    options: tuple[Option, ...] = ()
    evaluators: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    machine: Any = None
    knowledge: str | None = None

    def json(self) -> Json:
        """Name, owner, what is missing, options, evaluators."""
        return {
            "name": self.name,
            "about": self.about,
            "language": self.language,
            "owner": self.owner,
            "usable": not self.missing,
            "missing": list(self.missing),
            "options": [o.json() for o in self.options],
            "evaluators": [{"name": n, "about": a, "missing": list(m)} for n, a, m in self.evaluators],
            "knowledge": self.knowledge,
        }


@dataclass(frozen=True)
class TargetsResult:
    """What is installed; `others` holds other kinds of plugins by kind, `problems` the broken ones."""

    targets: tuple[TargetInfo, ...]
    others: tuple[tuple[str, tuple[tuple[str, str, str, tuple[str, ...], tuple[Option, ...]], ...]], ...] = ()
    problems: tuple[str, ...] = ()

    exit_code = 0

    def json(self) -> Json:
        """The object of `targets --json`."""
        others = {
            kind: [
                {"name": n, "about": a, "owner": w, "missing": list(m), "options": [o.json() for o in opts]}
                for n, a, w, m, opts in rows
            ]
            for kind, rows in self.others
        }
        return {"targets": [t.json() for t in self.targets], **others, "problems": list(self.problems)}


@dataclass(frozen=True)
class ReportResult:
    """Where the report of a run was written, and where its export."""

    run: Run
    report: Path
    export: Path | None = None

    exit_code = 0

    def json(self) -> Json:
        """The object of `report --json`."""
        return {
            "run": self.run.id,
            "status": self.run.status,
            "report": str(self.report),
            "out": str(self.export) if self.export else None,
        }


def cost_json(evaluation: Evaluation) -> Json | None:
    """`{"value", "unit", "fidelity"}` of an evaluation that has a cost."""
    if evaluation.cost is None:
        return None
    return {
        "value": evaluation.cost.value,
        "unit": evaluation.cost.unit,
        "fidelity": str(evaluation.fidelity),
    }


def counterexample_json(counterexample: Counterexample | None) -> Json | None:
    """Inputs by name, got, want, and the script that shows it."""
    if counterexample is None:
        return None
    return {
        "inputs": dict(counterexample.inputs),
        "got": counterexample.got,
        "want": counterexample.want,
        "script": counterexample.script,
    }
