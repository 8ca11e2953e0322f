"""The main job on real parts: loops in, a proved summary and a judged kernel out, usable and checkable alone."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import accelcore
from accelcore.errors import MissingTool
from accelcore.pipeline.results import OptimizeResult
from accelcore.values import Grade, Proof, Status

np = pytest.importorskip("numpy")

pytestmark = pytest.mark.skipif(
    not any(shutil.which(cc) for cc in ("gcc", "clang", "zig")), reason="no C compiler on the path"
)

PROGRAM = """
def rescale(x: "f32[m, n]", low: "f32[n]") -> "f32[m, n]":
    m, n = len(x), len(low)
    out = [[0.0] * n for _ in range(m)]
    for i in range(m):
        total = 0.0
        for j in range(n):
            total += (x[i][j] - low[j]) * (x[i][j] - low[j])
        for j in range(n):
            out[i][j] = (x[i][j] - low[j]) * total
    return out


def brighten(image: "u8[h, w]", gain: "u8") -> "u8[h, w]":
    h, w = len(image), len(image[0])
    out = [[0] * w for _ in range(h)]
    for i in range(h):
        for j in range(w):
            out[i][j] = min(255, image[i][j] * gain // 64)
    return out


def unliftable(x: "f32[n]") -> "f32":
    total = 0.0
    while total < 10:
        total += x[int(total)]
    return total
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A working folder with the program and a cache of its own."""
    path = tmp_path_factory.mktemp("e2e")
    (path / "program.py").write_text(PROGRAM)
    before, cache = Path.cwd(), os.environ.get("ACCELCORE_CACHE")
    os.chdir(path)
    os.environ["ACCELCORE_CACHE"] = str(path / "cache")
    yield path
    os.chdir(before)
    if cache is None:
        del os.environ["ACCELCORE_CACHE"]
    else:
        os.environ["ACCELCORE_CACHE"] = cache


@pytest.fixture(scope="module")
def compiled(folder: Path) -> OptimizeResult:
    """One compile that the tests look at from all sides."""
    return accelcore.compile("program.py:rescale", "c", sizes={"m": 64, "n": 200}, max_evaluations=6, seed=3)


def test_it_is_proved_and_derived(compiled: OptimizeResult) -> None:
    assert compiled.exit_code == 0
    assert compiled.verdict is not None and compiled.verdict.proof is Proof.PROVED
    assert compiled.verdict.number_model == "real"
    assert compiled.grade is Grade.DERIVED
    assert compiled.speedup is not None and compiled.best is not None
    assert set(compiled.by_status) <= {str(s) for s in Status}
    assert compiled.spent["evaluations"] <= 6


def test_the_kernel_computes_what_the_loops_compute(compiled: OptimizeResult) -> None:
    kernel = accelcore.load(compiled.out)
    draw = np.random.default_rng(1)
    for m, n in ((1, 1), (3, 17), (64, 200), (5, 1000)):
        x, low = draw.standard_normal((m, n)).astype(np.float32), draw.standard_normal(n).astype(np.float32)
        shifted = x.astype(float) - low
        np.testing.assert_allclose(kernel(x, low), shifted * (shifted**2).sum(1, keepdims=True), rtol=2e-4, atol=1e-3)
    with pytest.raises(TypeError, match="float32"):
        kernel(x.astype(np.float64), low)
    with pytest.raises(ValueError, match="size n is"):
        kernel(x, low[:-1])


def test_make_check_needs_only_a_compiler(compiled: OptimizeResult, tmp_path: Path) -> None:
    away = shutil.copytree(compiled.out, tmp_path / "away")
    done = subprocess.run(["make", "check"], cwd=away, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert ", 0 wrong" in done.stdout
    kernel = away / "kernel.c"
    spoilt = kernel.read_text().replace(" - ", " + ")
    assert spoilt != kernel.read_text()
    kernel.write_text(spoilt)
    assert subprocess.run(["make", "check"], cwd=away, capture_output=True, check=False).returncode != 0


def test_the_certificate_is_proved_again_and_a_changed_one_is_not(compiled: OptimizeResult, tmp_path: Path) -> None:
    path = compiled.out / "certificate.json"
    assert accelcore.check(path).exit_code == 0
    forged = tmp_path / "forged.json"
    text = path.read_text()
    for old, new in (("total += ", "total -= "), ("* total", "+ total")):
        assert old in text
        forged.write_text(text.replace(old, new))
        assert accelcore.check(forged).exit_code == 1, f"{old} became {new}"


def test_the_exported_kernel_passes_check_against_loops_and_task_file(compiled: OptimizeResult) -> None:
    for task in ("program.py:rescale", compiled.out / "task.json"):
        result = accelcore.check(compiled.out / "kernel.c", task, "c", sizes={"m": 8, "n": 50})
        assert result.exit_code == 0, result.json()
        assert result.evaluation.grade is Grade.TESTED


def test_a_wrong_kernel_of_the_user_is_refused(compiled: OptimizeResult, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.c"
    wrong.write_text((compiled.out / "kernel.c").read_text().replace(" - ", " + "))
    result = accelcore.check(wrong, compiled.out / "task.json", "c", sizes={"m": 8, "n": 50})
    assert result.exit_code == 1
    assert result.evaluation.status is Status.WRONG
    assert "out" in result.evaluation.feedback


def test_optimize_starts_from_the_users_kernel(compiled: OptimizeResult, tmp_path: Path) -> None:
    mine = tmp_path / "mine.c"
    mine.write_text(
        "#include <stdint.h>\n"
        "int ac_rescale(const float *x, const float *low, float *out, int64_t m, int64_t n) {\n"
        "    for (int64_t i = 0; i < m; i++) {\n"
        "        volatile double total = 0;\n"
        "        for (int64_t j = 0; j < n; j++) total += ((double)x[i*n+j] - low[j]) * ((double)x[i*n+j] - low[j]);\n"
        "        for (int64_t j = 0; j < n; j++) out[i*n+j] = (float)(((double)x[i*n+j] - low[j]) * total);\n"
        "    }\n    return 0;\n}\n"
    )
    result = accelcore.optimize(mine, "program.py:rescale", "c", sizes={"m": 64, "n": 200}, max_evaluations=4)
    assert result.exit_code == 0
    assert result.candidates[0][0].kernel.text == mine.read_text()
    assert result.best.evaluation.cost.value <= result.candidates[0][1].cost.value * 1.2


def test_the_report_tells_of_this_run(compiled: OptimizeResult) -> None:
    found = accelcore.report(compiled.run)
    page = found.report.read_text()
    assert "rescale" in page and compiled.run in page
    assert found.run.status == "done" and found.run.verdict.proof is Proof.PROVED


def test_resuming_a_finished_run_changes_nothing(compiled: OptimizeResult) -> None:
    again = accelcore.resume(compiled.run)
    assert [c.digest for c, _ in again.candidates] == [c.digest for c, _ in compiled.candidates]


def test_integers_are_proved_over_the_integers(folder: Path) -> None:
    result = accelcore.compile("program.py:brighten", "c", sizes={"h": 8, "w": 99}, max_evaluations=2)
    assert result.exit_code == 0
    assert result.verdict.number_model == "int"
    image = np.arange(60, dtype=np.uint8).reshape(5, 12)
    got = accelcore.load(result.out)(image, 200)
    np.testing.assert_array_equal(got, np.minimum(255, image.astype(int) * 200 // 64))


def test_what_does_not_lift_says_where(folder: Path) -> None:
    result = accelcore.lift("program.py:unliftable")
    (row,) = result.json()["functions"]
    assert row["verdict"] == "unsupported" and "program.py:2" in row["reason"]
    assert result.exit_code == 1


def test_numpy_is_a_target_too(folder: Path) -> None:
    result = accelcore.compile("program.py:rescale", "numpy", sizes={"m": 8, "n": 30}, max_evaluations=2)
    assert result.exit_code == 0 and (result.out / "kernel.py").exists()
    done = subprocess.run([sys.executable, "wrapper.py"], cwd=result.out, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and ", 0 wrong" in done.stdout


def test_without_a_compiler_the_hint_has_the_command(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    if importlib.util.find_spec("ziglang"):
        pytest.skip("the ziglang wheel is a compiler")
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(MissingTool) as caught:
        accelcore.compile("program.py:rescale", "c")
    assert "install" in caught.value.hint


def descendants(session: int) -> list[str]:
    """Commands of the processes in a session; needs ps."""
    listed = subprocess.run(["ps", "-eo", "sess=,pid=,args="], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if line.split()[0] == str(session)]


def test_ctrl_c_to_the_whole_terminal_leaves_nothing_behind(folder: Path) -> None:
    """The signal reaches compilers and kernels as well, as it does in a terminal; none of them is misjudged for it."""
    arguments = [
        "compile",
        "program.py:rescale",
        "-t",
        "c",
        "--size",
        "m=256",
        "--no-cache",
        "--json",
        "--out",
        "stopped",
    ]
    child = subprocess.Popen(
        [sys.executable, "-u", "-m", "accelcore.cli", *arguments],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    for line in child.stderr:
        if line.startswith(("[2]", "[3]")):
            break
    os.killpg(child.pid, signal.SIGINT)
    out, err = child.communicate(timeout=120)
    assert child.returncode == 130, err
    found = json.loads(out)
    assert found["interrupted"] and found["best"] is not None
    assert set(found["candidates"]["by_status"]) == {"ok"}
    assert (folder / "stopped" / "kernel.c").exists()
    assert "Traceback" not in err
    if shutil.which("ps"):
        assert descendants(child.pid) == []


def test_the_library_needs_no_command_line(folder: Path) -> None:
    """In a fresh process: no typer, no rich, one call."""
    script = (
        "import sys, accelcore\n"
        "result = accelcore.lift('program.py:brighten')\n"
        "print(result.functions[0].verdict.proof, [m for m in ('typer', 'rich', 'openai') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "proved []", done.stderr
