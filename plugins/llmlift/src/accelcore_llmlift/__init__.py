"""Lifting for accelcore: front ends, the rule-based lifter, the z3 verifier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from accelcore import hookimpl

if TYPE_CHECKING:
    from accelcore.protocols import Translator, Verifier

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
