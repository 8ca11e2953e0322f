"""What the page shows, as plain JSON data."""

from __future__ import annotations

import difflib
import json
from typing import Any

from accelcore.pipeline.results import cost_json
from accelcore.values import Candidate, Evaluation, Fidelity, Machine, Run, Status, Summary, Task, Verdict

Json = dict[str, Any]

_LONGEST = 200_000
"""Characters of one kernel that a report shows; more would make the page slow."""


def data(run: Run, machine: Machine | None = None) -> Json:
    """Everything that the page needs, from a journal alone."""
    champion = _champion(run)
    return {
        "run": {"id": run.id, "status": run.status, "config": _plain(run.config), "spent": dict(run.spent)},
        "task": _task(run.task) if run.task else None,
        "verdict": _verdict(run.verdict) if run.verdict else None,
        "machine": _machine(machine, run) if machine else None,
        "roofline": _roofline(run, machine),
        "champion": champion,
        "baselines": _baselines(run),
        "candidates": _candidates(run),
        "timelines": _timelines(run, champion["digest"] if champion else ""),
        "best": run.best,
        "events": [[time, kind, text] for time, kind, text in run.events],
        "reproduce": reproduce(run),
    }


def _champion(run: Run) -> Json | None:
    """The kernel that the run ends with, as its confirmation found it where there was one."""
    from accelcore.pipeline.comparing import ending_of

    found = ending_of(run)
    if found.best is None:
        return None
    return {"digest": found.best.kernel, "cost": cost_json(found.best), "speedup": found.speedup}


def _timelines(run: Run, champion: str) -> list[Json]:
    """What the engines did when, of the start and of the kernel that the run ends with, where a simulator told it."""
    first = next((e for e in run.evaluations if e.status is Status.OK), None)
    last = next((e for e in reversed(run.evaluations) if e.kernel == champion), None)
    chosen = {e.kernel: (title, e) for title, e in (("start", first), ("best kernel", last)) if e is not None}
    return [
        {"title": title, "unit": e.cost.unit, "feedback": e.feedback, "spans": [list(span) for span in e.timeline]}
        for title, e in chosen.values()
        if e.timeline and e.cost is not None
    ]


def _baselines(run: Run) -> Json:
    """What users would have otherwise, by label; `ratio` is the cost over the champion's."""
    prefix = "baseline "
    found = {purpose.removeprefix(prefix): e for purpose, e in run.measurements if purpose.startswith(prefix)}
    return {
        label: {"status": str(e.status), "cost": cost_json(e), "ratio": e.metric("ratio")} for label, e in found.items()
    }


def _plain(value: object) -> Any:
    return json.loads(json.dumps(value, default=str))


def _task(task: Task) -> Json:
    from accelcore.ir.printer import mathematics

    lifted = isinstance(task.reference, Summary)
    return {
        "name": task.name,
        "params": [
            {"name": p.name, "dtype": p.dtype, "shape": [repr(e) for e in p.shape], "role": str(p.role)}
            for p in task.params
        ],
        "requires": [repr(e) for e in task.requires],
        "sizes": [dict(s) for s in task.sizes],
        "mathematics": mathematics(task) if lifted else None,
        "source": task.source.text if task.source else getattr(task.reference, "text", None),
    }


def _verdict(verdict: Verdict) -> Json:
    return {
        "proof": str(verdict.proof),
        "verifier": verdict.verifier,
        "number_model": verdict.number_model,
        "requires": [repr(e) for e in verdict.requires],
        "bound": verdict.bound,
        "reason": verdict.reason,
        "seconds": verdict.seconds,
        "obligations": [list(o) for o in verdict.obligations],
        "certificate": verdict.certificate[:_LONGEST],
    }


def _machine(machine: Machine, run: Run) -> Json:
    """The machine, and what judged the kernels: where that is an interpreter, the machine had no part in it."""
    judged = next((e for e in run.evaluations if e.status is Status.OK), None)
    told = [["fidelity", str(judged.fidelity)], ["judged by", judged.fingerprint]] if judged else []
    if judged and judged.fidelity is Fidelity.INTERPRETED:
        return {"name": "none", "peaks": [], "memories": [], "facts": told}
    return {
        "name": machine.name,
        "peaks": [list(p) for p in machine.peaks],
        "memories": [[m.name, m.size, m.bandwidth] for m in machine.memories],
        "facts": [*(list(f) for f in machine.facts), *told],
    }


def _roofline(run: Run, machine: Machine | None) -> Json | None:
    from accelcore.html.roofline import compute_peak
    from accelcore.pipeline.work import work

    best = next((e for e in run.evaluations if e.kernel == run.best and e.status is Status.OK), None)
    if machine is None or best is None or best.cost is None or best.cost.unit != "s" or run.task is None:
        return None
    done = work(run.task, dict(best.sizes))
    peak = compute_peak(run.task, machine)
    if done is None or not peak or not machine.memories or not done.bytes:
        return None
    return {
        "intensity": done.intensity,
        "operations": done.operations,
        "bytes": done.bytes,
        "peak": peak,
        "achieved": done.operations / best.cost.value,
    }


def _candidates(run: Run) -> list[Json]:
    """`relative` is the cost over the first correct kernel's, as each was measured in the search."""
    evaluations = {e.kernel: e for e in run.evaluations}
    paid = dict(zip((e.kernel for e in run.evaluations), run.paid, strict=False))
    kernels = {c.digest: c.kernel for c in run.candidates}
    costs = {e.kernel: e.cost.value for e in run.evaluations if e.cost is not None}
    first = next((costs[c.digest] for c in run.candidates if c.digest in costs), 0.0)
    ratios = {kernel: value / first for kernel, value in costs.items()} if first else {}
    rows, best = [], None
    for number, candidate in enumerate(run.candidates):
        row = _candidate(number, candidate, evaluations.get(candidate.digest), kernels.get(candidate.parent or ""))
        ratio = ratios.get(candidate.digest)
        best = min((r for r in (best, ratio) if r is not None), default=None)
        rows.append({**row, "relative": ratio, "best_so_far": best, "dollars": paid.get(candidate.digest, 0.0)})
    return rows


def _candidate(number: int, candidate: Candidate, e: Evaluation | None, parent: Any) -> Json:
    kernel = candidate.kernel
    return {
        "number": number,
        "digest": candidate.digest,
        "parent": candidate.parent,
        "step": candidate.step,
        "slot": candidate.slot,
        "origin": candidate.origin,
        "plan": candidate.plan,
        "move": candidate.move.name if candidate.move else "",
        "schedule": list(kernel.schedule),
        "code": kernel.text[:_LONGEST],
        "diff": _diff(parent.text, kernel.text) if parent is not None else "",
        "status": str(e.status) if e else "not judged",
        "grade": str(e.grade) if e and e.status is Status.OK else None,
        "cost": cost_json(e) if e else None,
        "samples": list(e.samples[:64]) if e else [],
        "metrics": [list(m) for m in e.metrics] if e else [],
        "feedback": e.feedback if e else "",
        "log": e.log[:20_000] if e else "",
        "sandbox": e.sandbox if e else "",
        "fingerprint": e.fingerprint if e else "",
    }


def _diff(old: str, new: str) -> str:
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), "parent", "candidate", lineterm="", n=2)
    return "\n".join(line for line, _ in zip(lines, range(1500), strict=False))


def reproduce(run: Run) -> str:
    """The command that makes this run again, from its configuration."""
    config = run.config
    if command := config.get("command"):
        return str(command)
    return f"accelcore report {run.id}"
