from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(autouse=True)
def _same_numbers_whatever_ran_before():
    from nki_kernels import RNG, STATE

    RNG.bit_generator.state = STATE
