"""The RISC-V target: conformance, and what it says of itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from accelcore.errors import MissingTool, UsageError
from accelcore.knowledge import read
from accelcore.options import values_for
from accelcore.testing import EvaluatorSuite, TargetSuite
from accelcore_rvv import emulator as emulators
from accelcore_rvv import toolchain
from accelcore_rvv.cpus import CPUS
from accelcore_rvv.evaluator import RvvEvaluator
from accelcore_rvv.target import RvvTarget


class TestRvv(TargetSuite):
    target = "rvv"
    moves_tried = 1


class TestRvvEvaluator(EvaluatorSuite):
    evaluator = "rvv-qemu"


def test_options_take_only_what_there_is() -> None:
    assert values_for(RvvTarget(), {"vlen": "512"}) == {"vlen": 512}
    with pytest.raises(UsageError, match="one of spacemit-x60"):
        RvvTarget(cpu="z80")
    with pytest.raises(UsageError, match="vlen=96"):
        RvvTarget(vlen=96)


def test_the_machine_is_the_modelled_cpu() -> None:
    for name in CPUS:
        machine = RvvTarget(cpu=name).machine()
        assert name in machine.name and dict(machine.peaks)["f32"] > dict(machine.peaks)["f64"] > 0


def test_the_fingerprint_names_model_and_length() -> None:
    one, other = RvvEvaluator(), RvvEvaluator(vlen=512)
    assert "modelled" in one.fingerprint() and one.fingerprint() != other.fingerprint()
    assert RvvEvaluator(cpu="sifive-p670").fingerprint() != one.fingerprint()


def test_the_knowledge_is_there() -> None:
    found = read(RvvTarget().knowledge)
    assert len(found.menu) >= 15 and len(found.translate) >= 20 and found.isa and found.architecture
    assert any("vsetvl" in rule or "vl" in rule for rule in found.rules.general)


def test_missing_tools_are_named_with_what_installs_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(toolchain.ENVIRONMENT, raising=False)
    monkeypatch.delenv(emulators.ENVIRONMENT, raising=False)
    monkeypatch.setattr(toolchain.importlib.util, "find_spec", lambda name: None)
    toolchain._crosses.cache_clear()
    assert any("apt-get install" in line and "lld" in line for line in toolchain.missing())
    assert any("qemu-user" in line for line in emulators.missing())
    with pytest.raises(MissingTool, match="RISC-V"):
        toolchain.cross()
    toolchain._crosses.cache_clear()


def test_a_chosen_tool_that_is_absent_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(toolchain.ENVIRONMENT, "no-such-compiler --flag")
    assert any("no program" in line for line in toolchain.missing())
    monkeypatch.setenv(emulators.ENVIRONMENT, "no-such-emulator")
    assert any("qemu" in line for line in emulators.missing())
