"""Test programs over every command and library function, written as their users write them, against plain C."""

from __future__ import annotations

import re

import pytest


@pytest.mark.parametrize("kind", ["WS", "OS", "CPU"])
@pytest.mark.parametrize(
    ("act", "input_scale", "output_scale"),
    [("LAYERNORM", "0", "1"), ("SOFTMAX", "0.05f", "1"), ("IGELU", "0.04f", "0.00002f")],
)
def test_activations_of_products(correct, execute, act, input_scale, output_scale, kind):
    macros = {"ACT": act, "SCALE": input_scale, "OUT_SCALE": output_scale, "TYPE": kind}
    if kind == "OS" and act != "IGELU":
        result = execute("activations.c", **macros)
        assert result["exit"] == 1
        assert "whole rows" in result["stdout"]
    else:
        correct("activations.c", **macros)


@pytest.mark.parametrize("act", ["LAYERNORM", "SOFTMAX"])
def test_norms_of_rows(correct, act):
    correct("norms.c", ACT=act)


@pytest.mark.parametrize(
    "changes",
    [{}, {"STRIDE": 2}, {"CH": 1, "KERNEL": 5, "PAD": 2}, {"POOL": 2}, {"OLD_FORM": 1}, {"KERNEL": 1, "PAD": 0}],
    ids=str,
)
def test_depthwise_convolutions(correct, changes):
    form = {"SIZE": 10, "CH": 7, "KERNEL": 3, "STRIDE": 1, "PAD": 1, "POOL": 0, "OLD_FORM": 0}
    correct("depthwise.c", **{**form, **changes})


@pytest.mark.parametrize("mode", range(5))
def test_forms_of_convolutions(correct, mode):
    correct("conv_forms.c", MODE=mode)


@pytest.mark.parametrize("kind", ["WS", "CPU"])
def test_global_averages(correct, kind):
    correct("average.c", TYPE=kind)


@pytest.mark.parametrize("mode", range(3))
def test_sums_inside_wider_matrices(correct, mode):
    correct("sums.c", MODE=mode)


@pytest.mark.parametrize("mode", range(5))
def test_products_of_given_tiles(correct, mode):
    correct("tiles.c", MODE=mode)


@pytest.mark.parametrize("mode", range(7))
def test_loads_and_stores(correct, mode):
    correct("moves.c", MODE=mode)


@pytest.mark.parametrize("mode", range(3))
def test_hardware_loops_by_hand(correct, mode):
    correct("raw_loops.c", MODE=mode)


@pytest.mark.parametrize(
    "name",
    [
        "chain.c", "utilities.c", "counters.c", "network.c", "assembly.c", "mixed.c", "short_names.c", "bare_metal.c",
        "names.c", "careless.c",
    ],
)  # fmt: skip
def test_programs_of_the_usual_kind(correct, name):
    correct(name)


def test_a_timed_kernel_tells_one_latency(correct):
    result = correct("latency.c")
    shown = [int(n) for n in re.findall(r"latency: (\d+) cycles", result["stdout"])]
    assert len(shown) == 5
    assert len(set(shown[1:])) == 1
    assert sum(shown) == pytest.approx(result["cost"]["value"], rel=0.05)


def test_a_harness_may_bring_its_own_helpers(tmp_path):
    from accelcore.pipeline.programs import run

    program = tmp_path / "own.c"
    program.write_text("""#include "include/gemmini_testutils.h"
static void add_matrix(int n, float *out) { out[0] = (float)n; }
int main() { float x; add_matrix(3, &x); gemmini_fence(); return x == 3.0f ? 0 : 1; }
""")
    result = run(program, target="gemmini").json()
    assert (result["status"], result["exit"]) == ("ok", 0), result["log"]


def test_a_program_may_have_functions_with_short_names(tmp_path):
    from accelcore.pipeline.programs import run

    program = tmp_path / "own.c"
    program.write_text("""#include "include/gemmini_testutils.h"
static elem_t A[DIM][DIM] row_align(1), C[DIM][DIM] row_align(1);
static inline void fence(void) { asm volatile("fence"); }
static void mvin(const elem_t *from, uint32_t to)
{ gemmini_mvin(from, to); }
int main() {
    A[1][2] = 3;
    config_ld(DIM * sizeof(elem_t), 1.0f, 0); config_st(DIM * sizeof(elem_t));
    if (read_cycles()) mvin((elem_t *)A, 0);
    mvout(C, 0, DIM, DIM);
    fence();
    return C[1][2] == 3 ? 0 : 1;
}
""")
    result = run(program, target="gemmini").json()
    assert (result["status"], result["exit"]) == ("ok", 0), result["log"]


CONVOLUTION = {
    "BATCH": 2, "SIZE": 7, "IN_CH": 17, "OUT_CH": 20, "KERNEL": 3, "STRIDE": 1, "DILATION": 1, "IN_DIL": 1,
    "PAD": 1, "BIAS": 1, "ACT": "RELU", "POOL": 2, "POOL_STRIDE": 2, "POOL_PAD": 0, "TYPE": "WS",
    "ROTATED": 0, "OUT_1203": 0, "IN_3120": 0, "W_1203": 0, "W_0132": 0,
}  # fmt: skip
PRODUCT = {"SIZE_M": 48, "SIZE_N": 32, "SIZE_K": 64, "TA": 1, "TB": 0, "BIAS": 1, "FULL": 0, "TYPE": "WS"}


@pytest.mark.parametrize("config", ["int8-32", "fp32-4"])
@pytest.mark.parametrize(
    ("name", "macros"),
    [
        ("convolution.c", CONVOLUTION), ("convolution.c", {**CONVOLUTION, "W_0132": 1, "POOL": 0}),
        ("products.c", PRODUCT), ("products.c", {**PRODUCT, "TA": 0, "TYPE": "OS", "FULL": 1}),
        ("chain.c", {}), ("sums.c", {"MODE": 1}), ("tiles.c", {"MODE": 1}), ("blocks.c", {"MODE": 2}),
        ("depthwise.c", {"SIZE": 8, "CH": 3, "KERNEL": 3, "STRIDE": 1, "PAD": 1, "POOL": 2, "OLD_FORM": 0}),
        ("average.c", {"TYPE": "WS"}), ("mixed.c", {}), ("counters.c", {}), ("short_names.c", {}),
        ("bare_metal.c", {}), ("names.c", {}),
    ],
)  # fmt: skip
def test_other_arrays(correct, config, name, macros):
    correct(name, f"gemmini:config={config}", **macros)


@pytest.mark.parametrize(("name", "mode"), [("moves.c", n) for n in (0, 2, 5, 6)])
def test_moves_of_a_wide_array(correct, name, mode):
    correct(name, "gemmini:config=int8-32", MODE=mode)


@pytest.mark.parametrize("name", ["floats.c", "control.c"])
def test_an_array_of_floats(correct, name):
    result = correct(name, "gemmini:config=fp32-4")
    assert "not calibrated" in result["feedback"]
