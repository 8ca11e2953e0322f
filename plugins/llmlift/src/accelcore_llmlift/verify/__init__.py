"""Verifiers of summaries: unbounded proofs with z3, bounded proofs, counterexamples, certificates."""

from __future__ import annotations

from accelcore_llmlift.verify.bounded import BoundedVerifier
from accelcore_llmlift.verify.unbounded import Z3Verifier

__all__ = ["BoundedVerifier", "Z3Verifier"]
