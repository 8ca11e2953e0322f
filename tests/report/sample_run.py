"""A finished run whose texts are hostile."""

from __future__ import annotations

from accelcore.testing.tasks import row_sum
from accelcore.values import (
    Candidate,
    Cost,
    Evaluation,
    Kernel,
    Machine,
    Memory,
    Move,
    Proof,
    Run,
    Status,
    Verdict,
    sizes_of,
)

NASTY = "</script><img src=x onerror=alert(1)><!-- \u2028 & <b>"
MACHINE = Machine("testbox", (("f32", 1e11),), (Memory("L1", 32 << 10, 2e11), Memory("DRAM", 1 << 34, 1e10)))


def run(**changes: object) -> Run:
    task = row_sum().task
    seed, child, bad = (Kernel(text, "c", "ac_row_sum") for text in ("int a;\n", f"int b; // {NASTY}\n", "int c;\n"))
    sizes = sizes_of({"m": 64, "n": 1000})
    fields = {
        "id": f"20260101-{NASTY}",
        "path": "x",
        "status": "done",
        "config": {"target": "c", "command": "accelcore compile 'row sum.py' --target c", "note": NASTY},
        "task": task,
        "verdict": Verdict(Proof.PROVED, "z3", "real", obligations=(("exit", "unsat", 1.5),), certificate='{"a": 1}'),
        "candidates": (
            Candidate(seed, origin="lower"),
            Candidate(child, seed.digest, NASTY, Move("vectorize(j, 16)", NASTY), "rules", 1, 0),
            Candidate(bad, seed.digest, "plan", None, "rules", 1, 1),
        ),
        "evaluations": (
            Evaluation(
                seed.digest, task.name, sizes, Status.OK, cost=Cost(2e-5), samples=(2e-5,),
                timeline=(("dma", "load", 0.0, 1.2e-5), ("vector", NASTY, 1.2e-5, 2e-5)), feedback="dma is busiest",
            ),
            Evaluation(
                child.digest, task.name, sizes, Status.OK, cost=Cost(1e-5), metrics=(("ratio", 0.5),),
                timeline=(("dma", "load", 0.0, 6e-6), ("vector", "add", 1e-6, 1e-5), (NASTY, "store", 9e-6, 1e-5)),
            ),
            Evaluation(bad.digest, task.name, sizes, Status.COMPILE_ERROR, feedback=NASTY, log=NASTY),
        ),
        "paid": (0.0, 0.25, 0.5),
        "best": child.digest,
        "spent": {"seconds": 1.0, "evaluations": 3},
        "events": ((0.0, "budget", NASTY),),
    }
    return Run(**{**fields, **changes})
