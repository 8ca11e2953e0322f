"""Verifiers that need nothing but the translator of the source."""
