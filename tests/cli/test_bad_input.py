"""Bad input: one clear line that says what, where and what to do, and the right exit status; never a traceback."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.parametrize(
    ("arguments", "words", "code"),
    [
        (["lift", "nowhere.py"], ["nowhere.py: there is no such file"], 2),
        (["lift", "broken.py"], ["broken.py:2:", "syntax error", "return x +"], 2),
        (["compile", "program.py:missing", "-t", "chip"], ["no function 'missing'", "double"], 2),
        (["compile", "program.py", "-t", "chip"], ["several functions", "program.py:double"], 2),
        (["compile", "program.py:double", "-t", "chop"], ["no target 'chop'", "installed: absent, chip, drawing"], 2),
        (["compile", "program.py:double", "-t", "chip:grains=2"], ["no option 'grains'", "grain"], 2),
        (["compile", "program.py:double", "-t", "chip:grain=x"], ["an integer", "what the chip is made"], 2),
        (["compile", "program.py:double", "-t", "absent"], ["cannot run kernels here", "apt install board"], 2),
        (["compile", "program.py:double", "-t", "chip", "--strategy", "swarm"], ["no strategy 'swarm'", "climb"], 2),
        (["compile", "program.py:double", "-t", "chip", "-O", "wide=2"], ["no option 'wide'", "tries"], 2),
        (["compile", "program.py:double", "-t", "chip", "--size", "n"], ["'n' is no size"], 2),
        (["compile", "program.py:double", "-t", "chip", "--size", "n=many"], ["'many' is no integer"], 2),
        (["compile", "program.py:double", "-t", "chip", "--accept", "luck"], ["proved, bounded or tested"], 2),
        (["compile", "program.py:double", "-t", "chip", "--out", "full"], ["full: is not empty", "--out DIR"], 2),
        (["compile", "program.py:double", "-t", "chip", "--out", "program.py"], ["is a file"], 2),
        (
            ["compile", "program.py:double", "-t", "chip", "--out", "/sys/accelcore"],
            ["/sys", "read-only", "--out DIR"],
            2,
        ),
        (["compile", "program.py:double", "-t", "chip", "--runs", "/sys/runs"], ["/sys/runs"], 2),
        (["compile", "program.py:double", "-t", "chip", "--model", "parrot"], ["names no model", "PREFIX:NAME"], 2),
        (["lift", "program.py", "--emit", "cobol"], ["cannot emit 'cobol'", "numpy"], 2),
        (["check", "program.py"], ["a kernel is judged against a task", "--task"], 2),
        (["check", "broken.json"], ["no certificate"], 2),
        (["optimize", "program.py", "--task", "broken.json", "-t", "chip"], ["no task.json"], 2),
        (["optimize", "program.py", "--task", "program.py:double", "-t", "chip", "--bind", "x"], ["binds nothing"], 2),
        (["resume", "nothing"], ["no run 'nothing'"], 2),
        (["report"], ["no run 'last'"], 2),
        (["run", "program.py", "-t", "chip"], ["runs kernels, not programs"], 2),
        (["run", "nowhere", "-t", "chip"], ["no such file"], 2),
    ],
)
def test_one_clear_line(cli, folder: Path, arguments: list[str], words: list[str], code: int) -> None:
    (folder / "broken.py").write_text("def f(x):\n    return x +\n")
    (folder / "broken.json").write_text("{")
    (folder / "full").mkdir()
    (folder / "full" / "thesis.tex").write_text("x")
    done = cli(*arguments)
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert sum(line.startswith("error: ") for line in done.stderr.splitlines()) == 1
    for word in words:
        assert word in done.stderr, done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_flag_is_usage(cli) -> None:
    done = cli("compile", "program.py:double", "--wide")
    assert done.returncode == 2 and "--wide" in done.stderr and done.stdout == ""


def test_errors_are_json_too(cli) -> None:
    done = cli("compile", "program.py:missing", "--json")
    found = json.loads(done.stdout)
    assert found["exit_code"] == done.returncode == 2
    assert "missing" in found["error"]["what"] and found["error"]["where"] == "program.py"


def test_debug_shows_the_traceback(cli, folder: Path) -> None:
    assert "Traceback" in cli("lift", "nowhere.py", "--debug").stderr
    assert "Traceback" in cli("lift", "nowhere.py", env={**os.environ, "ACCELCORE_DEBUG": "1"}).stderr


@pytest.mark.parametrize(("name", "proof"), [("wrong", "refuted"), ("hard", "unsupported"), ("weak", "bounded")])
def test_an_honest_no_is_1(cli, name: str, proof: str) -> None:
    done = cli("compile", f"program.py:{name}", "-t", "chip", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["verdict"] == proof


def test_foreign_text_cannot_steer_the_terminal(cli, folder: Path) -> None:
    (folder / "evil.py").write_text("def f(x):\n    return \x1b[2J\x1b]0;owned\x07 +\n")
    done = cli("lift", "evil.py")
    assert done.returncode == 2
    assert "\x1b" not in done.stderr and "\x07" not in done.stderr


def test_a_reader_that_goes_away_is_no_error(folder: Path) -> None:
    command = f"{sys.executable} {HERE / 'substituted.py'} targets | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert "Traceback" not in done.stderr and "BrokenPipe" not in done.stderr


def started(folder: Path, *arguments: str, **changes: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-u", str(HERE / "substituted.py"), *arguments]
    environment = {**os.environ, "ACCELCORE_CACHE": str(folder / "cache"), "SUBSTITUTE_SLOW": "1"}
    options = {"cwd": folder, "env": environment, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, start_new_session=True, preexec_fn=hear_ctrl_c, **{**options, **changes})


def hear_ctrl_c() -> None:
    """Programs of a shell's background jobs start with interrupts ignored, and leave them so."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def until(stream, word: str) -> None:
    """Read lines until one has the word."""
    for line in stream:
        if word in line:
            return
    raise AssertionError(f"the output ended without {word!r}")


def test_ctrl_c_in_the_middle(folder: Path, cli) -> None:
    """Once: 130, the best so far is exported, the run resumes."""
    child = started(folder, "compile", "program.py:double", "-t", "chip", "--json")
    until(child.stderr, "[2]")
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert child.returncode == 130, err
    found = json.loads(out)
    assert found["interrupted"] and found["best"] is not None
    assert (folder / "double-chip-export" / "task.json").exists()
    assert "Traceback" not in err and "best so far is kept" in err
    done = cli("resume", "last", "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["best"]["value"] == 1.0


def test_ctrl_c_twice_ends_at_once(folder: Path, cli) -> None:
    """A candidate that hangs does not hold the second one up; what was judged before is kept and the run resumes."""
    slow = {**os.environ, "ACCELCORE_CACHE": str(folder / "cache"), "SUBSTITUTE_HANGS": "1"}
    child = started(folder, "compile", "program.py:double", "-t", "chip", env=slow)
    until(child.stderr, "[2]")
    child.send_signal(signal.SIGINT)
    until(child.stderr, "Ctrl-C again stops at once")
    assert child.poll() is None, "the candidate at hand hangs, and once is waiting for it"
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=60)
    assert child.returncode == 130 and "Traceback" not in err
    assert not (folder / "double-chip-export").exists()
    done = cli("resume", "last", "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["best"]["value"] == 1.0


def test_ctrl_c_while_lifting(folder: Path) -> None:
    child = started(folder, "lift", "program.py:double", env={**os.environ, "SUBSTITUTE_STUCK": "1"})
    until(child.stderr, "lift: double")
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=60)
    assert child.returncode == 130 and "interrupted" in err and "Traceback" not in err


def test_two_runs_on_one_journal(folder: Path, cli) -> None:
    child = started(folder, "compile", "program.py:double", "-t", "chip", "--json")
    until(child.stderr, "[2]")
    child.send_signal(signal.SIGSTOP)  # it holds its journal for as long as it takes to look
    done = cli("resume", "last")
    assert done.returncode == 2 and "is being written by process" in done.stderr
    child.send_signal(signal.SIGCONT)
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=60)
    assert cli("resume", "last").returncode == 0


def test_progress_on_a_terminal_is_rewritten_and_plain_under_no_color(folder: Path) -> None:
    for no_color in ("", "1"):
        leader, follower = pty.openpty()
        environment = {**os.environ, "TERM": "xterm", "NO_COLOR": no_color, "ACCELCORE_CACHE": str(folder / "c")}
        child = started(folder, "compile", "program.py:double", "-t", "chip", stderr=follower, env=environment)
        os.close(follower)
        child.communicate(timeout=60)
        text = ""
        while True:
            try:
                data = os.read(leader, 65536).decode()
            except OSError:
                break
            text += data
            if not data:
                break
        os.close(leader)
        assert ("\x1b[32m" in text) is (no_color == "")
        assert "\r" in text


def test_progress_elsewhere_is_plain_lines(cli) -> None:
    done = cli("compile", "program.py:double", "-t", "chip")
    assert "\x1b" not in done.stderr and "\r" not in done.stderr
    assert "[1] 19 cycles" in done.stderr
