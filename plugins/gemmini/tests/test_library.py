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


@pytest.mark.parametrize("name", ["chain.c", "utilities.c", "counters.c", "network.c", "assembly.c"])
def test_programs_of_the_usual_kind(correct, name):
    correct(name)


def test_a_timed_kernel_tells_one_latency(correct):
    result = correct("latency.c")
    shown = [int(n) for n in re.findall(r"latency: (\d+) cycles", result["stdout"])]
    assert len(shown) == 5
    assert len(set(shown[1:])) == 1
    assert sum(shown) == pytest.approx(result["cost"]["value"], rel=0.05)


def test_an_array_of_floats(correct):
    result = correct("floats.c", "gemmini:config=fp32-4")
    assert "not calibrated" in result["feedback"]
