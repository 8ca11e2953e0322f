"""What users name: files, functions, tasks, kernels."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from accelcore import codec
from accelcore.errors import UsageError
from accelcore.pipeline.inputs import functions, kernel_from, one_source, place, sources, task_from, with_sizes
from accelcore.testing.tasks import elementwise

PROGRAM = "def _helper(x):\n    return x\n\ndef f(x):\n    return x\n\ndef g(x):\n    return x\n"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    return path


def test_a_file_gives_its_public_functions(program: Path) -> None:
    assert [s.entry for s in sources(place(program))] == ["f", "g"]
    assert [s.entry for s in sources(place(f"{program}:_helper"))] == ["_helper"]


def test_one_function_must_be_clear(program: Path) -> None:
    assert one_source(place(f"{program}:g")).entry == "g"
    with pytest.raises(UsageError, match=r"several functions \(f, g\)") as caught:
        one_source(place(program))
    assert f"{program}:f" in caught.value.hint


def test_a_missing_function_names_those_that_exist(program: Path) -> None:
    with pytest.raises(UsageError, match=r"no function 'h'; it has: _helper, f, g"):
        sources(place(f"{program}:h"))


def test_a_syntax_error_has_its_place(tmp_path: Path) -> None:
    path = tmp_path / "broken.py"
    path.write_text("def f(x):\n    return x +\n")
    with pytest.raises(UsageError, match="syntax error") as caught:
        sources(place(path))
    assert caught.value.where == f"{path}:2:15"
    assert "return x +" in caught.value.hint


@pytest.mark.parametrize("text", ["nowhere.py", "nowhere.py:f"])
def test_a_missing_file(text: str) -> None:
    with pytest.raises(UsageError, match="no such file") as caught:
        place(text)
    assert caught.value.where == "nowhere.py"


def test_folders_binaries_and_unknown_endings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="folder"):
        place(tmp_path)
    binary = tmp_path / "x.py"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="UTF-8"):
        sources(place(binary))
    strange = tmp_path / "x.f90"
    strange.write_text("end")
    with pytest.raises(UsageError, match=r"\.f90"):
        sources(place(strange))
    empty = tmp_path / "empty.py"
    empty.write_text("x = 1\n")
    with pytest.raises(UsageError, match="no function"):
        sources(place(empty))


C = """
#include <math.h>
static float helper(float x) { if (x > 0) { return x; } return -x; }
/* void comment(int n) { } */
struct point { int x; };
extern "C" {
void scale(float *x,
           int n) { for (int i = 0; i < n; i++) { x[i] *= 2; } }
}
int declared(int);
namespace a { int inside() { return '{'; } }
const char *text = "void string(void) {";
double last(const double *x) { return x[0]; }
"""


def test_functions_of_c() -> None:
    assert functions(C, "c") == ("helper", "scale", "inside", "last")


def test_a_task_file_round_trips(tmp_path: Path) -> None:
    task = elementwise().task
    path = tmp_path / "task.json"
    path.write_text(json.dumps(codec.encode(task)))
    assert task_from(path, {}) == task
    assert dict(task_from(path, {"n": 9}).sizes[0]) == {"n": 9}


@pytest.mark.parametrize("content", ["{", "[]", "3", '{"type": "Task", "fields": {}}', '{"a": 1}'])
def test_what_is_no_task_file_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "task.json"
    path.write_text(content)
    with pytest.raises(UsageError, match=r"no task\.json"):
        task_from(path, {})


def test_an_unknown_size_is_refused() -> None:
    with pytest.raises(UsageError, match="no size 'q'; it has: n"):
        with_sizes(elementwise().task, {"q": 3})


def test_the_entry_of_a_kernel(tmp_path: Path) -> None:
    task = elementwise().task
    path = tmp_path / "kernel.c"
    path.write_text("void other(void) {}\nint ac_elementwise(void) { return 0; }\n")
    assert kernel_from(path, task, "c").entry == "ac_elementwise"
    path.write_text("int mine(void) { return 0; }\n")
    assert kernel_from(path, task, "c").entry == "mine"
    path.write_text("int a(void) { return 0; }\nint b(void) { return 0; }\n")
    assert kernel_from(f"{path}:b", task, "c").entry == "b"
    with pytest.raises(UsageError, match="a, b"):
        kernel_from(path, task, "c")
