"""What the judge costs beyond compiling a kernel and running it: python bench/judge.py

Screens and races the same small C kernels again and again, at inputs from 4 KiB to 1 MiB, and prints for each step the
median and the 90th percentile of milliseconds per candidate.  "kernel" is the time that the kernel itself ran.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from accelcore.ir import expr as E
from accelcore.judge import SCREEN, Judge, Pool, screen
from accelcore.judge.findings import Findings
from accelcore.sandbox import COMPILER, run_child
from accelcore.sandbox.native import abi_text, open_kernel
from accelcore.values import Artifact, Fidelity, Kernel, Limits, Param, Role, Status, Summary, Task, sizes_of

KERNEL = """#include <stdint.h>
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) {
    for (int64_t i = 0; i < n; i++) out[i] = alpha * x[i] + y[i];
    return 0;
}
"""
KIB = (4, 64, 256, 1024)


class Gcc:
    """Opens what was compiled before."""

    name, about, target = "gcc", "for this benchmark", "c"

    def missing(self) -> tuple[str, ...]:
        return ()

    def fingerprint(self) -> str:
        return "bench"

    def build(self, task: Task, kernels: list[Kernel], *, limits: Limits) -> list[Artifact]:
        raise NotImplementedError

    def open(self, artifact: Artifact, *, limits: Limits) -> object:
        return open_kernel(artifact, limits=limits)


def task(kib: int) -> Task:
    """alpha x + y over two inputs of kib / 2 KiB each."""
    n = E.size("n")
    x, y, alpha = E.array("x", "f32", 1), E.array("y", "f32", 1), E.param("alpha", "f32")
    post = E.comp(n, lambda i: E.cast(E.cast(alpha, "real") * E.cast(x[i], "real") + E.cast(y[i], "real"), "f32"))
    params = (
        Param("alpha", "f32", (), Role.SCALAR), Param("x", "f32", (n,)), Param("y", "f32", (n,)),
        Param("out", "f32", (n,), Role.OUT),
    )  # fmt: skip
    return Task("axpy", params, Summary((("out", post),)), sizes=(sizes_of({"n": kib * 128}),))


def compiled(folder: Path, of: Task) -> tuple[Artifact, float]:
    """The kernel as a shared object, and the seconds that compiling took."""
    (folder / "k.c").write_text(KERNEL)
    done = run_child(["gcc", "-O3", "-shared", "-fPIC", "k.c", "-o", "k.so"], COMPILER, Limits(60), cwd=folder)
    if done.status is not Status.OK:
        sys.exit(done.text)
    kernel = Kernel(KERNEL, "c", "ac_axpy")
    return Artifact(kernel, str(folder / "k.so"), "ac_axpy", (("abi", abi_text(of)),)), done.seconds


def sampled(work: object, count: int) -> tuple[float, float]:
    """Median and 90th percentile of milliseconds of `count` runs, after one that is not counted."""
    work()
    found = []
    for _ in range(count):
        began = time.perf_counter()
        work()
        found.append((time.perf_counter() - began) * 1e3)
    return statistics.median(found), statistics.quantiles(found, n=10)[-1]


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    print(f"{'inputs':>9} {'compile':>9} {'kernel':>9} {'screen':>8} {'p90':>8} {'race alone':>11} {'race A/A':>9}  ms")
    with tempfile.TemporaryDirectory() as folder, Judge(Gcc(), limits=Limits(seconds=5)) as judge:
        for kib in KIB:
            row(judge, Path(folder), kib, count)


def row(judge: Judge, folder: Path, kib: int, count: int) -> None:
    """One line of the table."""
    one = task(kib)
    artifact, seconds = compiled(folder, one)
    pool = Pool(one)

    def screened() -> None:
        findings = Findings(one, artifact, one.sizes[0], "bench", Fidelity.HARDWARE)
        screen(findings, lambda: open_kernel(artifact, limits=judge.limits), pool, SCREEN)
        assert findings.ok, findings.feedback

    middle, high = sampled(screened, count)
    alone = judge.judge(one, artifact)
    assert alone.cost is not None, alone.feedback
    whole, _ = sampled(lambda: judge.judge(one, artifact), max(3, count // 6))
    against, _ = sampled(lambda: judge.judge(one, artifact, artifact), max(3, count // 6))
    print(
        f"{kib:>6} KiB {seconds * 1e3:>9.1f} {alone.cost.value * 1e3:>9.4f} {middle:>8.1f} {high:>8.1f}"
        f" {whole - middle:>11.1f} {against - middle:>9.1f}"
    )
    pool.close()


if __name__ == "__main__":
    main()
