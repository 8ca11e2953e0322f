from accelcore.testing import EvaluatorSuite, RedTeamSuite, TargetSuite


class TestMyChip(TargetSuite):
    target = "mychip"


class TestMyChipModel(EvaluatorSuite):
    evaluator = "mychip-model"


class TestRedTeam(RedTeamSuite):
    target = "mychip"
