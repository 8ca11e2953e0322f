"""The adapter for an installed spike, with stand-ins for spike and the compiler."""

from __future__ import annotations

import pytest

from accelcore.errors import MissingTool, UsageError
from accelcore.pipeline.programs import run
from accelcore.values import Limits, Status
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
