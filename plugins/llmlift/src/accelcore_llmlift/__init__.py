"""Lifting for accelcore: front ends, the rule-based lifter, an enumerative proposer, the z3 verifier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from accelcore import hookimpl

if TYPE_CHECKING:
    from accelcore.protocols import Proposer, Translator, Verifier

requires_api = 1


@hookimpl
def accelcore_translators() -> Sequence[Translator]:
    """Plain Python; C and C++."""
    from accelcore_llmlift.translator import CTranslator, PythonTranslator

    return [PythonTranslator(), CTranslator()]


@hookimpl
def accelcore_verifiers() -> Sequence[Verifier]:
    """Unbounded proofs with z3, proofs up to a size."""
    from accelcore_llmlift.verify import BoundedVerifier, Z3Verifier

    return [Z3Verifier(), BoundedVerifier()]


@hookimpl
def accelcore_proposers() -> Sequence[Proposer]:
    """Summaries by enumeration, for what the rules refuse."""
    from accelcore_llmlift.enumeration import Enumerator

    return [Enumerator()]
