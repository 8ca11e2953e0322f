"""The conformance kit: suites that a plugin's tests subclass, small tasks, and fakes (docs/plugins.md).

    from accelcore.testing import TargetSuite

    class TestMyTarget(TargetSuite):
        target = "mychip"

pytest is needed to run the suites, not to import this module.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "EvaluatorSuite": "evaluators",
    "FakeEvaluator": "fakes",
    "FakeTarget": "fakes",
    "ModelSuite": "models",
    "PoolSuite": "pools",
    "ProposerSuite": "proposers",
    "RedTeamSuite": "redteam",
    "SMALL_TASKS": "tasks",
    "Sabotage": "redteam",
    "SmallTask": "tasks",
    "StrategySuite": "strategies",
    "TargetSuite": "targets",
    "TranslatorSuite": "translators",
    "VerifierSuite": "verifiers",
    "fake_bench": "fakes",
    "small_tasks": "tasks",
}

__all__ = sorted(_HOMES)  # the names are the keys above


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'accelcore.testing' has no attribute {name!r}")
    return getattr(import_module(f"accelcore.testing.{_HOMES[name]}"), name)
