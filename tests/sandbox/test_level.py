"""What level a machine gives, what would raise it, and that a model's code needs more than the weakest."""

from __future__ import annotations

import pytest

from accelcore.errors import UsageError
from accelcore.pipeline import lift
from accelcore.sandbox import Level, level, run_child
from accelcore.sandbox.policy import KERNEL
from accelcore.sandbox.run import ChildResult, level_of
from accelcore.values import Status

BASE = ("env", "fds", "session", "wall_clock", "rlimits")
GOOD = (*BASE, "no_new_privs", "landlock", "seccomp")


def with_layers(monkeypatch, *layers):
    child = ChildResult(Status.OK, 0, b"", b"", 0.001, layers, level_of(layers))
    monkeypatch.setattr(level, "run_child", lambda *_: child)


def test_it_is_probed_by_doing():
    found = level.isolation(samples=2)
    assert found.layers == tuple(run_child(["true"], KERNEL).layers)
    assert found.milliseconds > 0
    assert (found.mend == "") is (found.level is Level.STRONG)


def test_the_command_that_raises_it(monkeypatch):
    with_layers(monkeypatch, *GOOD)
    monkeypatch.setattr(level, "_read", lambda name: "1" if "apparmor" in name else "")
    assert level.isolation().level is Level.GOOD
    assert level.isolation().mend == "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
    monkeypatch.setattr(level, "_read", lambda name: "")
    assert "container" in level.isolation().mend
    with_layers(monkeypatch, *BASE)
    assert "landlock" in level.isolation().mend


def test_a_models_code_is_refused_at_level_weak(monkeypatch, tmp_path):
    with_layers(monkeypatch, *BASE)
    program = "def f(x, n: int):\n    s = 0.0\n    for i in range(n):\n        s += x[i]\n    return s\n"
    (tmp_path / "program.py").write_text(program)
    options = {"model": "replay:nothing", "runs": tmp_path / "runs"}
    with pytest.raises(UsageError, match="level weak") as refused:
        lift(tmp_path / "program.py", **options)
    assert "--allow-unsafe" in refused.value.hint
    assert lift(tmp_path / "program.py", allow_unsafe=True, **options).functions


def test_at_a_higher_level_it_is_not(monkeypatch):
    with_layers(monkeypatch, *GOOD)
    level.require_isolation()
