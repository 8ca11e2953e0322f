"""Programs that are forked from a process with their modules imported: as confined as others, and as alone."""

from __future__ import annotations

import sys
import textwrap
from dataclasses import replace

import pytest

from accelcore.sandbox import PYTHON, Level, Warm, run_child
from accelcore.values import Limits, Status

MODULE = """
import os, subprocess, sys

SEEN = []

def main(arguments):
    what, *rest = arguments
    return globals()[what](*rest)

def echo(*words):
    print(*words, os.environ.get("WORD", "unset"))
    sys.stderr.write("said\\n")

def code(number):
    return int(number)

def leave(number):
    raise SystemExit(int(number))

def fail():
    raise ValueError("no good")

def remember():
    SEEN.append(1)
    print(len(SEEN), os.getpid() == 1)

def endless():
    while True:
        pass

def fork():
    os.fork()

def start():
    subprocess.run(["/bin/true"])

def become():
    os.execv("/bin/true", ["true"])

def read(path):
    print(open(path).read())

def write(name):
    open(name, "w").write("done")
"""


@pytest.fixture
def warm(tmp_path, monkeypatch):
    modules = tmp_path / "modules"
    modules.mkdir()
    (modules / "warm_program.py").write_text(textwrap.dedent(MODULE))
    monkeypatch.syspath_prepend(str(modules))
    found = Warm("warm_program:main")
    yield lambda *words, seconds=20.0, policy=PYTHON, **more: found.run(words, policy, Limits(seconds=seconds), **more)
    found.close()


def test_it_gets_arguments_and_environment_and_its_outputs_come_back(warm):
    found = warm("echo", "a", "b", env={"WORD": "given"})
    assert (found.status, found.stdout, found.stderr) == (Status.OK, b"a b given\n", b"said\n")


@pytest.mark.parametrize(("words", "returncode"), [(("code", "3"), 3), (("leave", "5"), 5), (("code", "0"), 0)])
def test_its_exit_code(warm, words, returncode):
    found = warm(*words)
    assert found.returncode == returncode
    assert (found.status is Status.OK) == (returncode == 0)


def test_an_exception_ends_it_with_its_traceback(warm):
    found = warm("fail")
    assert (found.status, found.returncode) == (Status.CRASHED, 1)
    assert b"ValueError: no good" in found.stderr


def test_runs_leave_nothing_to_each_other(warm):
    assert [warm("remember").stdout for _ in range(3)] == [b"1 False\n"] * 3


def test_its_limit_of_time(warm):
    assert warm("endless", seconds=1.0).status is Status.TIMEOUT


@pytest.mark.parametrize("what", ["fork", "start", "become"])
def test_redteam_it_starts_nothing(warm, what):
    if warm("code", "0").level is Level.WEAK:
        pytest.skip("this machine offers no seccomp")
    assert warm(what).status is Status.CRASHED


def test_redteam_files_are_as_for_any_other_program(warm, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    folder = tmp_path / "own"
    folder.mkdir()
    if warm("code", "0").level is Level.WEAK:
        pytest.skip("this machine offers no Landlock")
    assert b"secret" not in warm("read", str(secret)).stdout
    assert warm("write", "x", cwd=folder).status is Status.CRASHED
    assert warm("write", "x", cwd=folder, policy=replace(PYTHON, write_cwd=True)).status is Status.OK
    assert (folder / "x").read_text() == "done"


def test_it_has_the_layers_of_any_other_program(warm):
    plain = run_child([sys.executable, "-c", ""], PYTHON, Limits(seconds=20))
    assert warm("code", "0").layers == plain.layers


def test_it_starts_again_when_its_waiting_process_is_gone(tmp_path, monkeypatch):
    (tmp_path / "warm_again.py").write_text("def main(arguments):\n    return 0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = Warm("warm_again:main")
    for _ in range(2):
        assert found.run([], PYTHON, Limits(seconds=20)).status is Status.OK
        found.close()
