"""Our verifiers pass the conformance kit's suite."""

from __future__ import annotations

from accelcore.testing.verifiers import VerifierSuite


class TestZ3(VerifierSuite):
    verifier = "z3"


class TestBounded(VerifierSuite):
    verifier = "bounded"
    proves = False


class TestTesting(VerifierSuite):
    verifier = "testing"
    proves = False
