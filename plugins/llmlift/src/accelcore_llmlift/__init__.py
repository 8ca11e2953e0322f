"""Lifting for accelcore: Python front end, summary proposers, the z3 verifier."""

from __future__ import annotations

requires_api = 1
