"""Optuna is an extra: where it is not installed, its tests are not collected, and the run says so."""

from __future__ import annotations

import importlib.util

if importlib.util.find_spec("optuna") is None:
    collect_ignore = ["test_optuna.py"]


def pytest_report_header() -> list[str]:
    """Say what is not tested."""
    is_missing = "collect_ignore" in globals()
    return ["accelcore-autocomp: the strategy optuna is not tested, its package is not installed"] * is_missing
