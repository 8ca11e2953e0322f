from accelcore.testing import EvaluatorSuite, TargetSuite


class TestRvv(TargetSuite):
    target = "rvv"
    moves_tried = 2


class TestRvvEvaluator(EvaluatorSuite):
    evaluator = "rvv-qemu"
