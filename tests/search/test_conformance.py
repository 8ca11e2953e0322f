"""The conformance kit on the built-in pool, proposers and models."""

from __future__ import annotations

from accelcore.testing import ModelSuite, PoolSuite, ProposerSuite


class TestLocalPool(PoolSuite):
    pool = "local:workers=2"


class TestModelProposer(ProposerSuite):
    proposer = "model"


class TestOpenAI(ModelSuite):
    prefix = "openai"


class TestAnthropic(ModelSuite):
    prefix = "anthropic"


class TestReplay(ModelSuite):
    prefix = "replay"
