from accelcore.testing import EvaluatorSuite, RedTeamSuite, TargetSuite


class TestAbacus(TargetSuite):
    target = "abacus"


class TestAbacusModel(EvaluatorSuite):
    evaluator = "abacus-model"


class TestRedTeam(RedTeamSuite):
    target = "abacus"
