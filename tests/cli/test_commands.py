"""Every command, in a process of its own: what it prints where, and its exit status."""

from __future__ import annotations

import json
from pathlib import Path


def test_compile_prints_one_screen(cli, folder: Path) -> None:
    done = cli("compile", "program.py:double", "--target", "chip", "--size", "n=7")
    assert done.returncode == 0, done.stderr
    out = done.stdout
    assert "summary PROVED by oracle (real)" in out and "3 obligations" in out
    assert "requires  1 <= n" in out
    assert "kernel    DERIVED, judged on" in out
    assert "19.00x faster than the seed" in out
    assert "9.00x faster than by hand" in out
    assert "candidates judged: " in out
    assert "double-chip-export" in out
    assert len(out.splitlines()) <= 24
    assert "search" in done.stderr and "search    " not in done.stderr


def test_json_is_one_object_and_nothing_else(cli) -> None:
    for command in (
        ["compile", "program.py:double", "--target", "chip"],
        ["lift", "program.py"],
        ["targets"],
        ["targets", "chip"],
        ["doctor"],
        ["report", "last"],
        ["resume", "last"],
    ):
        done = cli(*command, "--json")
        assert isinstance(json.loads(done.stdout), dict), command


def test_optimize_and_check(cli, folder: Path) -> None:
    (folder / "mine.fake").write_text("0 1")
    done = cli("check", "mine.fake", "--task", "program.py:double", "--target", "chip", "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 0 and found["status"] == "ok" and found["cost"]["value"] == 14.0
    done = cli("optimize", "mine.fake", "--task", "program.py:double", "--target", "chip", "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 0 and found["best"]["value"] == 1.0
    (folder / "mine.fake").write_text("nonsense")
    done = cli("check", "mine.fake", "--task", "program.py:double", "--target", "chip")
    assert done.returncode == 1 and done.stdout.startswith("COMPILE ERROR")


def test_lift_shows_counterexamples_and_reasons(cli) -> None:
    done = cli("lift", "program.py")
    assert done.returncode == 1
    assert "replayed in the interpreter" in done.stdout and "x = [1.0]" in done.stdout
    assert "UNSUPPORTED: program.py:9:4: a while loop (write for)" in done.stdout
    assert "BOUNDED by oracle (real)" in done.stdout and "up to size 4" in done.stdout
    assert "invariant of i: y[k] == 2 * x[k] for k < i" in done.stdout


def test_lift_writes_certificates(cli, folder: Path) -> None:
    assert cli("lift", "program.py:double", "--certificate", "proofs").returncode == 0
    assert cli("check", "proofs/double.certificate.json").returncode == 0


def test_targets_and_doctor(cli) -> None:
    done = cli("targets")
    assert "absent" in done.stdout and "apt install board" in done.stdout
    done = cli("targets", "chip")
    assert "grain = 1" in done.stdout and "of what the chip is made" in done.stdout
    found = json.loads(cli("doctor", "--json").stdout)
    states = {(f["group"], f["name"]): f for f in found["findings"]}
    assert states["targets", "chip"]["state"] == "ok"
    assert states["evaluators", "absent-board"]["mend"] == "the board: apt install board"
    assert ("sandbox", "level") in states


def test_help_names_every_command(cli) -> None:
    text = cli("--help").stdout
    for name in ["lift", "compile", "optimize", "check", "run", "resume", "report", "targets", "doctor"]:
        assert f"\n  {name} " in text
        assert cli(name, "--help").returncode == 0


def test_version(cli) -> None:
    import accelcore

    for flag in ("--version", "-V"):
        assert cli(flag).stdout == f"accelcore {accelcore.__version__}\n"


def test_resume_and_report_take_paths_ids_and_last(cli, folder: Path) -> None:
    made = json.loads(cli("compile", "program.py:double", "-t", "chip", "--max-evaluations", "3", "--json").stdout)
    for run in ("last", made["run"], made["run"][:-2], f"accelcore-runs/{made['run']}"):
        done = cli("report", run, "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["run"] == made["run"]
    assert json.loads(cli("resume", made["run"], "--json").stdout)["run"] == made["run"]
