"""The adapters for an installed spike and FireSim, with stand-ins for them and the compiler."""

from __future__ import annotations

import pytest

from accelcore.errors import MissingTool, UsageError
from accelcore.pipeline.programs import run
from accelcore.values import Limits, Status
from accelcore_gemmini.firesim import FireSimEvaluator
from accelcore_gemmini.installed import SpikeEvaluator

SPIKE = """#!/bin/sh
[ "$1" = "--extension=gemmini" ] || { echo "bad extension $1" >&2; exit 9; }
shift
[ "$1" = pk ] && { echo "under pk"; shift; }
echo "ran $(tail -c 4 "$1") with $2"
exit ${2:-0}
"""
COMPILER = """#!/bin/sh
for word in "$@"; do
    [ "$out" = next ] && out="$word"
    [ "$word" = -o ] && out=next
    case "$word" in *.c) source="$word" ;; -mcmodel=medany) model=1 ;; esac
done
[ "$model" ] || exit 3
grep -q broken "$source" && { echo "$source:1: error: broken" >&2; exit 1; }
printf '\\177ELF text' > "$out"
"""


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """spike and the compiler on the path, and a checkout with headers."""
    folder, home = tmp_path / "bin", tmp_path / "tests"
    folder.mkdir()
    (home / "include").mkdir(parents=True)
    for name, text in {"spike": SPIKE, "riscv64-unknown-elf-gcc": COMPILER}.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("GEMMINI_ROCC_TESTS", str(home))
    return folder


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "prog.c"
    path.write_text("int main() { return 0; }\n")
    return path


def test_a_program_is_compiled_and_run(tools, program):
    result = run(program, ("4",), target="gemmini:evaluator=gemmini-spike").json()
    assert (result["status"], result["exit"], result["cost"]) == ("ok", 4, None)
    assert result["stdout"] == "ran text with 4\n"
    assert "no model of time" in result["feedback"]


def test_an_executable_is_run_as_it_is(tools, tmp_path):
    made = tmp_path / "made"
    made.write_bytes(b"\x7fELF done")
    assert SpikeEvaluator(pk=True).run(made, ("0",), limits=Limits())["stdout"] == "under pk\nran done with 0\n"


def test_what_the_compiler_says_is_told(tools, program):
    program.write_text("broken\n")
    result = SpikeEvaluator().run(program, (), limits=Limits())
    assert result["status"] == "compile_error"
    assert "error: broken" in result["log"]


def test_missing_tools(tools, program, monkeypatch):
    monkeypatch.delenv("GEMMINI_ROCC_TESTS")
    with pytest.raises(MissingTool, match="GEMMINI_ROCC_TESTS"):
        SpikeEvaluator().run(program, (), limits=Limits())
    monkeypatch.setenv("GEMMINI_ROCC_TESTS", str(tools.parent / "tests"))
    (tools / "riscv64-unknown-elf-gcc").unlink()
    with pytest.raises(MissingTool, match="riscv64"):
        SpikeEvaluator().run(program, (), limits=Limits())
    (tools / "spike").unlink()
    assert "spike" in SpikeEvaluator().missing()[0]
    with pytest.raises(MissingTool, match="cannot run"):
        run(program, target="gemmini:evaluator=gemmini-spike")


def test_a_failing_spike_keeps_its_message(tools, program):
    (tools / "spike").write_text("#!/bin/sh\necho 'unknown extension' >&2\nexit 255\n")
    result = SpikeEvaluator().run(program, (), limits=Limits())
    assert (result["exit"], result["log"]) == (255, "unknown extension\n")


def test_kernels_are_left_to_the_simulator(tools):
    kernel, task = type("K", (), {"digest": "d"})(), type("T", (), {"name": "t"})()
    assert [e.status for e in SpikeEvaluator().build(task, [kernel], limits=Limits())] == [Status.UNSUPPORTED]
    with pytest.raises(UsageError):
        SpikeEvaluator().open(None, limits=Limits())


FIRESIM = """#!/bin/sh
echo "$1 in $(basename "$PWD")" >> calls
[ $# = 1 ] && [ "$(cat fail 2>/dev/null)" != "$1" ] || { echo "no run farm" >&2; exit 7; }
[ "$1" = runworkload ] || exit 0
[ -f silent ] && exit 0
job="results-workload/$(wc -l < calls)-accelcore-gemmini/accelcore-gemmini0"
mkdir -p "$job"
grep -q '"common_bootbinary": "program"' workloads/accelcore-gemmini.json || exit 8
echo "booted $(tail -c 4 workloads/accelcore-gemmini/program)" > "$job/uartlog"
"""


@pytest.fixture
def deploy(tools, monkeypatch):
    """A manager on the path, and its folder with a configuration that names the workload."""
    (tools / "firesim").write_text(FIRESIM)
    (tools / "firesim").chmod(0o755)
    folder = tools.parent / "deploy"
    (folder / "workloads").mkdir(parents=True)
    (folder / "config_runtime.yaml").write_text("workload:\n    workload_name: accelcore-gemmini.json\n")
    monkeypatch.setenv("FIRESIM_DEPLOY", str(folder))
    return folder


def test_a_program_on_firesim(deploy, program):
    result = run(program, target="gemmini:evaluator=gemmini-firesim").json()
    assert (result["status"], result["exit"], result["cost"]) == ("ok", None, None)
    assert result["stdout"] == "booted text\n"
    assert (deploy / "calls").read_text() == "infrasetup in deploy\nrunworkload in deploy\n"
    program.write_bytes(b"\x7fELF done")
    assert FireSimEvaluator().run(program, (), limits=Limits())["stdout"] == "booted done\n"


@pytest.mark.parametrize("task", ["infrasetup", "runworkload"])
def test_what_the_manager_says_is_told(deploy, program, task):
    (deploy / "fail").write_text(task)
    result = FireSimEvaluator().run(program, (), limits=Limits())
    assert result["status"] == "harness_error"
    assert result["log"] == f"firesim {task} ended with 7\nno run farm\n"


def test_a_run_without_a_console_or_an_end(deploy, tools, program):
    (deploy / "silent").touch()
    assert "left no uartlog" in FireSimEvaluator().run(program, (), limits=Limits())["log"]
    (tools / "firesim").write_text("#!/bin/sh\nexec sleep 60\n")
    program.write_bytes(b"\x7fELF done")
    result = FireSimEvaluator().run(program, (), limits=Limits(seconds=0.2))
    assert result["status"] == "timeout" and "firesim kill" in result["log"]


def test_what_firesim_needs(deploy, tools, program, monkeypatch):
    program.write_text("broken\n")
    assert FireSimEvaluator().run(program, (), limits=Limits())["status"] == "compile_error"
    with pytest.raises(UsageError, match="no arguments"):
        FireSimEvaluator().run(program, ("1",), limits=Limits())
    (deploy / "config_runtime.yaml").write_text("workload_name: linux-uniform.json\n")
    with pytest.raises(UsageError, match="workload"):
        FireSimEvaluator().run(program, (), limits=Limits())
    monkeypatch.delenv("FIRESIM_DEPLOY")
    assert "FIRESIM_DEPLOY" in FireSimEvaluator().missing()[0]
    with pytest.raises(MissingTool, match="FIRESIM_DEPLOY"):
        FireSimEvaluator().run(program, (), limits=Limits())
    (tools / "firesim").unlink()
    assert "not on the path" in FireSimEvaluator().missing()[0]
