"""The targets that core brings pass the conformance kit."""

from __future__ import annotations

from accelcore.testing import EvaluatorSuite, TargetSuite


class TestC(TargetSuite):
    target = "c"
    moves_tried = 1


class TestCNative(EvaluatorSuite):
    evaluator = "c-native"


class TestNumpy(TargetSuite):
    target = "numpy"


class TestNumpyPython(EvaluatorSuite):
    evaluator = "numpy-python"
