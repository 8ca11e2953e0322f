from accelcore.testing import TargetSuite


class TestMyChip(TargetSuite):
    target = "mychip"
