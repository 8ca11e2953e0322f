"""Tests of the AVX plugin use the helpers of core's C generator tests."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / "tests" / "cgen"))
sys.path.insert(0, str(Path(__file__).parent))
