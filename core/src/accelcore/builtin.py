"""What core itself offers, through the same hooks as any plugin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from accelcore.hookspecs import hookimpl

if TYPE_CHECKING:
    from accelcore.protocols import Evaluator, Model, Pool, Proposer, Strategy, Target, Verifier

requires_api = 1


@hookimpl
def accelcore_targets() -> Sequence[Target]:
    """Portable C, and NumPy."""
    from accelcore.platforms.c import CTarget
    from accelcore.platforms.numpy import NumpyTarget

    return [CTarget(), NumpyTarget()]


@hookimpl
def accelcore_evaluators() -> Sequence[Evaluator]:
    """Evaluators of the built-in targets."""
    from accelcore.platforms.c import CEvaluator
    from accelcore.platforms.numpy import NumpyEvaluator

    return [CEvaluator(), NumpyEvaluator()]


@hookimpl
def accelcore_verifiers() -> Sequence[Verifier]:
    """Differential testing."""
    from accelcore.verifiers.testing import TestingVerifier

    return [TestingVerifier()]


@hookimpl
def accelcore_strategies() -> Sequence[Strategy]:
    """Greedy, beam and random search."""
    from accelcore.strategies.beam import Beam
    from accelcore.strategies.greedy import Greedy
    from accelcore.strategies.random import RandomSearch

    return [Beam(), Greedy(), RandomSearch()]


@hookimpl
def accelcore_proposers() -> Sequence[Proposer]:
    """The target's own rewrites, and the models of --model."""
    from accelcore.proposers.model import ModelProposer
    from accelcore.proposers.rules import RulesProposer

    return [RulesProposer(), ModelProposer()]


@hookimpl
def accelcore_models() -> Sequence[Model]:
    """Adapters of the two SDKs (imported at the first call), and the replay of a journal."""
    from accelcore.models.anthropic import AnthropicModel
    from accelcore.models.openai import OpenAIModel
    from accelcore.models.replay import ReplayModel

    return [OpenAIModel(), AnthropicModel(), ReplayModel()]


@hookimpl
def accelcore_pools() -> Sequence[Pool]:
    """The local supervisor."""
    from accelcore.pools.local import LocalPool

    return [LocalPool()]
