"""A kernel engineer's intrinsics handed to `optimize` with the loops as the task: the better of the two ends counts.

The margins are factors of ten and more, so that no noise of a busy machine decides.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from accelcore import check, lift, optimize
from accelcore.cgen.prototypes import bound
from accelcore.errors import UsageError
from accelcore.pipeline.exporting import folder_contents
from accelcore.pipeline.results import CheckResult
from accelcore.registry import registry
from accelcore.values import Grade, Kernel, Proof, Status

OWN = Path(__file__).parent / "own"


@pytest.fixture(autouse=True)
def runs_here() -> None:
    if missing := registry().target("avx").missing():
        pytest.skip("; ".join(missing))


def test_a_better_kernel_is_kept(tmp_path: Path) -> None:
    """The rules re-derive the quadratic loops; the engineer's is linear."""
    found = optimize(
        OWN / "better.c", OWN / "outer_sums.py", "avx",
        sizes={"n": 500}, max_evaluations=3, out=tmp_path / "out", runs=tmp_path / "runs", cache=False,
    )  # fmt: skip
    assert found.verdict is not None and found.verdict.proof is Proof.PROVED
    assert found.best is not None and found.best.evaluation.grade is Grade.TESTED
    assert found.kernel_text == (OWN / "better.c").read_text()


def test_a_worse_kernel_is_replaced(tmp_path: Path) -> None:
    """The kernel that the loops give wins, and what is exported is derived from the proved summary."""
    found = optimize(
        OWN / "worse.c", OWN / "outer_sums.py", "avx",
        sizes={"n": 500}, max_evaluations=3, out=tmp_path / "out", runs=tmp_path / "runs", cache=False,
    )  # fmt: skip
    assert found.verdict is not None and found.verdict.proof is Proof.PROVED
    assert found.kernel_text and "volatile" not in found.kernel_text
    assert found.speedup is not None and found.speedup > 2


STYLES = {
    "norm.c": ("rmsnorm", {"m": 3, "n": 40}, "bound: rms_norm(dst=out, src=x, gain=w, rows=m, cols=n)"),
    "dot.c": ("dot", {"n": 100}, "bound: inner_product(count=n, left=x, right=y, total=return)"),
    "blend.c": ("multiply", {"n": 100}, ""),
}
"""Results first and sizes last, inline helpers, // comments; a returned result, a macro; several public functions."""


@pytest.mark.parametrize("name", STYLES)
def test_a_signature_of_its_own_is_understood(name: str) -> None:
    function, sizes, said = STYLES[name]
    notes: list[str] = []
    found = check(
        OWN / name, f"{OWN / 'tasks.py'}:{function}", "avx",
        sizes=sizes, progress=lambda event: notes.append(getattr(event, "text", "")),
    )  # fmt: skip
    assert isinstance(found, CheckResult) and found.evaluation.status is Status.OK, found.evaluation.log
    assert [text for text in notes if text.startswith("bound")] == ([said] if said else [])


def test_the_export_of_a_bound_kernel_has_the_tasks_interface(tmp_path: Path) -> None:
    (lifted,) = lift(f"{OWN / 'tasks.py'}:dot").functions
    assert lifted.task is not None
    own = bound(lifted.task, Kernel((OWN / "dot.c").read_text(), "c", "inner_product"), {})
    for name, content in folder_contents(lifted.task, own, run=None, machine=None).items():
        (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
    assert "total[0] = inner_product(n, x, y);" in (tmp_path / "kernel.c").read_text()
    done = subprocess.run(["make", "check"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "0 wrong" in done.stdout, done.stderr


BROKEN = (
    "#include <stdint.h>\n// sum\nint ac_dot(const float *x, const float *y, float *s, int64_t n)\n{ BODY return 0; }"
)
ENDS = {
    "unknown;": (Status.COMPILE_ERROR, ":4:"),
    "s[0] = n;": (Status.WRONG, "elements of total are wrong"),
    "*(volatile int *)0 = 1;": (Status.CRASHED, "SIGSEGV"),
}


@pytest.mark.parametrize("body", ENDS)
def test_what_is_wrong_with_a_kernel_is_said(tmp_path: Path, body: str) -> None:
    """The compiler's line, the elements, the signal."""
    status, said = ENDS[body]
    (tmp_path / "own.c").write_text(BROKEN.replace("BODY", body))
    found = check(tmp_path / "own.c", f"{OWN / 'tasks.py'}:dot", "avx", sizes={"n": 100})
    assert isinstance(found, CheckResult)
    assert found.evaluation.status is status and said in found.evaluation.feedback + found.evaluation.log


@pytest.mark.parametrize(
    ("kernel", "bind", "message"),
    [
        ("dot.c:inner", {}, "there is no function 'inner'"), ("dot.c", {"cuont": "n"}, "no parameter 'cuont'"),
        ("dot.c", {"count": "system(1)"}, "is no expression"),
    ],
)  # fmt: skip
def test_misspelled_names_are_refused(kernel: str, bind: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message) as raised:
        check(OWN / kernel, f"{OWN / 'tasks.py'}:dot", "avx", bind=bind, sizes={"n": 100})
    assert "inner_product" in f"{raised.value.what} {raised.value.hint}" or "bind" not in message
