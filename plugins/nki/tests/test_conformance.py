"""The suites of accelcore.testing on the target and its evaluator."""

from accelcore.testing import EvaluatorSuite, TargetSuite


class TestNki(TargetSuite):
    target = "nki"
    moves_tried = 1


class TestNkiOfTheFirstGeneration(TargetSuite):
    target = "nki:surface=1"
    moves_tried = 1


class TestEvaluator(EvaluatorSuite):
    evaluator = "nki-simulator"
