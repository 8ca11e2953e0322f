"""A compile that says through a pipe which phase it is in, for a parent that kills it there.

Usage: killable_compile.py DESCRIPTOR LOG compile|resume FOLDER.  Phases are told as they are entered and left
("+building", "-building"); LOG gets a line for each kernel that the judge begins to judge, and none for a second
sitting that decides a narrow win: both belong to one evaluation.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

LOOPS = '''
def scaled(x: "f32[m, n]", s: "f32") -> "f32[m, n]":
    out = [[0.0] * len(x[0]) for _ in range(len(x))]
    for i in range(len(x)):
        for j in range(len(x[0])):
            out[i][j] = x[i][j] * s + 1.0
    return out
'''


def told(descriptor: int, phase: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        os.write(descriptor, f"+{phase}\n".encode())
        try:
            return function(*args, **kwargs)
        finally:
            os.write(descriptor, f"-{phase}\n".encode())

    return wrapped


def main(descriptor: int, log: Path, verb: str, folder: Path) -> int:
    import accelcore
    import accelcore.pipeline.exporting as exporting
    import accelcore.pipeline.searching as searching
    from accelcore.journal import Journal
    from accelcore.judge import Judge
    from accelcore.values import Artifact

    searching.lift_source = told(descriptor, "lifting", searching.lift_source)
    exporting.export_result = told(descriptor, "export", exporting.export_result)
    Judge.build = told(descriptor, "building", Judge.build)
    Journal.put_evaluation = told(descriptor, "journalling", Journal.put_evaluation)
    judge = told(descriptor, "timing", Judge.judge)

    begun: list[str] = []

    def logged(self: Judge, task: Any, artifact: Artifact, incumbent: Artifact | None = None) -> Any:
        if begun[-1:] != [artifact.kernel.digest]:
            begun.append(artifact.kernel.digest)
            with log.open("a") as out:
                out.write(begun[-1] + "\n")
        return judge(self, task, artifact, incumbent)

    Judge.judge = logged
    runs = folder / "runs"
    if verb == "resume":
        result = accelcore.resume("last", runs=runs)
    else:
        source = folder / "scaled.py"
        source.write_text(LOOPS)
        sizes = {"m": 40, "n": 100}
        result = accelcore.compile(
            source, "c", out=folder / "out", runs=runs, seed=3, sizes=sizes, max_evaluations=8, cache=False
        )
    return result.exit_code


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], Path(sys.argv[4])))
