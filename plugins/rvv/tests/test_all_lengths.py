"""Programs at VLEN 128 to 1024 and at sizes around the vector length: a few always, all of the suites on demand."""

from __future__ import annotations

import pytest
from rvv_sweep import FLOATS, LIFTING, functions, sweep

from accelcore.values import Source

pytestmark = pytest.mark.usefixtures("emulator")

FAST = (
    "softmax",
    "gemm_u8s8",
    "overlay",
    "argmax",
    "transpose",
    "alpha_blend",
    "fir",
    "distance",
    "occurrences",
    "sobel",
)
SUITE = [source for path in sorted(LIFTING.glob("*.py")) for source in functions(path)]
KERNELS = [source for path in FLOATS for source in functions(path)]


@pytest.mark.parametrize("name", FAST)
def test_a_kernel_is_right_at_every_length(name: str) -> None:
    (source,) = [s for s in KERNELS if s.entry == name]
    found = sweep(source)
    assert found.result == "right" and found.vector and found.calls >= 20, found


BLUR = """
def blur(image: "u8[h, w]") -> "u8[h, w]":
    h, w = len(image), len(image[0])
    out = [[0] * w for _ in range(h)]
    for i in range(h):
        for j in range(w):
            left = image[i][j - 1] if j > 0 else image[i][j]
            right = image[i][j + 1] if j + 1 < w else image[i][j]
            out[i][j] = (left + 2 * image[i][j] + right) // 4
    return out
"""


def test_lanes_that_a_masked_load_leaves_out_keep_the_other_value() -> None:
    """clang 22.1 may join a masked load and a merge under the same mask, and lose what the merge keeps."""
    found = sweep(Source(BLUR, "python", "blur"))
    assert found.result == "right" and found.vector, found


@pytest.mark.full
def test_float_kernels_are_right_at_every_length() -> None:
    found = [sweep(source) for source in KERNELS]
    assert not [one for one in found if one.result != "right"]
    assert sum(one.vector for one in found) >= 25


@pytest.mark.full
def test_programs_of_the_lifting_suite_are_right_at_every_length() -> None:
    found = [sweep(source) for source in SUITE]
    wrong = [one for one in found if "wrong" in one.result or "writes" in one.result or "killed" in one.result]
    assert not wrong
    assert sum(one.result == "right" and one.vector for one in found) >= 60
