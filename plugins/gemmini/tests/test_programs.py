"""Whole C programs through `accelcore.run`: their output, exit, cycles and feedback."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from accelcore.errors import UsageError
from accelcore.pipeline.programs import run
from accelcore_gemmini.account import accounted
from accelcore_gemmini.config import HOST_CYCLES_PER_BLOCK, Config
from accelcore_gemmini.program import headers
from accelcore_gemmini.target import GemminiEvaluator, GemminiTarget

PROGRAMS = Path(__file__).parent / "programs"


@pytest.mark.parametrize("mode", range(6))
def test_one_block(correct, mode):
    result = correct("blocks.c", MODE=mode)
    assert 100 < result["cost"]["value"] < 1000


def full(changes):
    """A variant that only the long runs have."""
    return pytest.param(changes, marks=pytest.mark.full)


PRODUCT = {"SIZE_M": 48, "SIZE_N": 32, "SIZE_K": 64, "TA": 0, "TB": 0, "BIAS": 0, "FULL": 0, "TYPE": "WS"}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"SIZE_M": 33, "SIZE_N": 21, "SIZE_K": 50},
        {"TA": 1},
        {"TB": 1, "SIZE_M": 20},
        full({"BIAS": 1}),
        full({"BIAS": 2, "SIZE_N": 40}),
        {"FULL": 1, "BIAS": 1},
        full({"SIZE_M": 160, "SIZE_N": 160, "SIZE_K": 96}),
        full({"SIZE_M": 1, "SIZE_N": 100, "SIZE_K": 3}),
        {"SIZE_K": 1500, "SIZE_M": 17, "SIZE_N": 17, "BIAS": 2},
        full({"TYPE": "OS"}),
        {"TYPE": "OS", "SIZE_M": 33, "SIZE_N": 21, "SIZE_K": 50, "BIAS": 2},
        full({"TYPE": "OS", "TA": 1, "FULL": 1}),
        {"TYPE": "OS", "TA": 1, "TB": 1, "SIZE_M": 17},
    ],
    ids=lambda changes: "-".join(f"{k.removeprefix('SIZE_')}{v}" for k, v in changes.items()) or "plain",
)
def test_products_of_the_library(correct, changes):
    correct("products.c", **{**PRODUCT, **changes})


def test_products_on_the_host_issue_no_commands(correct):
    result = correct("products.c", **{**PRODUCT, "TYPE": "CPU"})
    assert result["metrics"]["load_busy"] == 0
    metrics = result["metrics"]
    assert metrics["host_blocks"] > 48 * 32 * 64
    assert metrics["modelled_host_cycles"] == HOST_CYCLES_PER_BLOCK * metrics["host_blocks"]
    shown = int(re.search(r"took (\d+) cycles", result["stdout"])[1])
    assert HOST_CYCLES_PER_BLOCK * 48 * 32 * 64 < shown < metrics["whole_program_cycles"]


def test_work_of_the_host_between_commands_is_in_the_cycles_of_the_whole_program(correct):
    result = correct("chain.c")
    reference = HOST_CYCLES_PER_BLOCK * 16**3  # the product in plain C
    assert result["metrics"]["whole_program_cycles"] > result["cost"]["value"] + reference
    assert "modelled host cycles" in result["feedback"]


@pytest.mark.parametrize(("m", "n"), [(64, 64), (33, 50), (5, 700)])
@pytest.mark.parametrize("kind", ["WS", "CPU"])
def test_residual_additions(correct, m, n, kind):
    correct("residual.c", SIZE_M=m, SIZE_N=n, TYPE=kind)


CONVOLUTION = {
    "BATCH": 2, "SIZE": 9, "IN_CH": 17, "OUT_CH": 20, "KERNEL": 3, "STRIDE": 1, "DILATION": 1, "IN_DIL": 1,
    "PAD": 1, "BIAS": 1, "ACT": "RELU", "POOL": 0, "POOL_STRIDE": 0, "POOL_PAD": 0, "TYPE": "WS",
    "ROTATED": 0, "OUT_1203": 0, "IN_3120": 0, "W_1203": 0, "W_0132": 0,
}  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"STRIDE": 2},
        full({"SIZE": 20, "IN_CH": 3, "KERNEL": 5, "PAD": 2, "BIAS": 0}),
        {"KERNEL": 1, "PAD": 0, "IN_CH": 80, "OUT_CH": 100},
        full({"KERNEL": 1, "PAD": 0, "SIZE": 10, "STRIDE": 2}),
        {"DILATION": 2, "PAD": 2, "ACT": "NO_ACTIVATION"},
        full({"POOL": 2, "POOL_STRIDE": 2}),
        {"SIZE": 21, "POOL": 3, "POOL_STRIDE": 2, "POOL_PAD": 1, "ACT": "NO_ACTIVATION"},
        full({"SIZE": 20, "IN_CH": 3, "KERNEL": 7, "STRIDE": 2, "PAD": 3, "POOL": 3, "POOL_STRIDE": 2, "POOL_PAD": 1}),
        full({"ROTATED": 1}),
        full({"OUT_1203": 1}),
        full({"IN_3120": 1, "BATCH": 18, "SIZE": 5}),
        full({"W_1203": 1}),
        full({"W_0132": 1, "IN_CH": 70}),
        {"OUT_1203": 1, "W_1203": 1, "IN_3120": 1, "SIZE": 6},
        {"IN_DIL": 2, "ROTATED": 1, "W_0132": 1, "PAD": 2},
        full({"IN_DIL": 2, "SIZE": 20, "IN_CH": 40, "OUT_CH": 64}),
        full({"IN_CH": 1, "OUT_CH": 1}),
        {"POOL": 3, "POOL_STRIDE": 2, "TYPE": "CPU"},
        full({"IN_DIL": 2, "ROTATED": 1, "OUT_1203": 1, "TYPE": "CPU"}),
    ],
    ids=lambda changes: "-".join(f"{k}{v}" for k, v in changes.items()) or "plain",
)
def test_convolutions_of_the_library(correct, changes):
    correct("convolution.c", **{**CONVOLUTION, **changes})


def test_the_choice_of_tiles_is_not_in_the_clock_of_a_convolution(correct):
    result = correct("convolution.c", **{**CONVOLUTION, "SIZE": 20, "IN_CH": 64, "OUT_CH": 64})
    shown = int(re.search(r"took (\d+) cycles", result["stdout"])[1])
    assert shown == pytest.approx(result["cost"]["value"], rel=0.01)


def test_a_layer_of_a_network(correct):
    correct("layer.c")


def test_the_library_on_the_hardware_loop_is_as_fast_as_measured(correct):
    """Cycles of the RTL for 256 x 256 x 256 at memory latency 40: 68,874."""
    result = correct("products.c", **{**PRODUCT, "SIZE_M": 256, "SIZE_N": 256, "SIZE_K": 256})
    assert result["cost"]["value"] == pytest.approx(68_874, rel=0.05)
    shown = int(re.search(r"took (\d+) cycles", result["stdout"])[1])
    assert shown == pytest.approx(result["cost"]["value"], rel=0.01)


def test_options_of_the_target_reach_the_simulator(execute):
    near, far = (execute("products.c", f"gemmini:lat={n}", **PRODUCT) for n in (10, 100))
    assert near["cost"]["value"] < far["cost"]["value"]


def test_another_array(correct):
    result = correct("products.c", "gemmini:config=int8-32", **PRODUCT)
    assert "not calibrated" in result["feedback"]


def test_a_broken_rule_names_line_and_reason(execute):
    result = execute("wrong.c", MODE=0)
    line = (PROGRAMS / "wrong.c").read_text().split("gemmini_extended_mvin")[0].count("\n") + 1
    assert result["status"] == "crashed"
    assert f"line {line}: mvin of 17 rows" in result["log"]
    assert f"line {line}, command 2 (mvin): mvin of 17 rows; the array has 16 [rows]" in result["feedback"]
    assert "started with 0 arguments" in result["stdout"]


def test_dma_outside_the_program_is_refused(execute):
    result = execute("wrong.c", MODE=1)
    assert (result["status"], result["exit"]) == ("crashed", 70)
    assert "outside the program's buffers" in result["log"]


def test_a_missing_fence_is_told_and_an_exit_code_kept(execute):
    result = execute("wrong.c", MODE=2, arguments=("x", "y"))
    assert (result["status"], result["exit"]) == ("ok", 3)
    assert "started with 2 arguments" in result["stdout"]
    assert "no fence" in result["feedback"]


def test_memory_that_came_later_may_be_touched(correct):
    correct("wrong.c", MODE=4)


def test_bad_ends(execute):
    assert execute("wrong.c", MODE=3)["status"] == "crashed"
    assert execute("wrong.c", MODE=5, seconds=1.0)["status"] == "timeout"
    failed = execute("wrong.c", MODE=6)
    assert failed["status"] == "compile_error"
    assert "wrong.c" in failed["log"]


PARTS = {
    "parts.h": "#define SIDE DIM\nextern elem_t table[];\nint rows(int argc);\n",
    "rows.c": """#include "include/gemmini_testutils.h"
#include "parts.h"
#include "inner/table.inc"
int rows(int argc) {
    static elem_t copy[SIDE * SIDE];
    gemmini_config_ld(SIDE); gemmini_config_st(SIDE);
    gemmini_mvin(table, 0); gemmini_mvout(copy, 0); gemmini_fence();
    return argc == 3 && copy[0] == 42 && read_cycles() > 0 ? 0 : 1;
}
""",
    "inner/table.inc": "elem_t table[SIDE * SIDE] = {42};\n",
    "main.c": """#include "include/gemmini_testutils.h"
#include "parts.h"
int main(int argc, char **argv) { printf("last %s\\n", argv[argc - 1]); return rows(argc); }
""",
}


def test_a_program_of_several_files(tmp_path):
    for name, text in PARTS.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    result = run(tmp_path / "main.c", (str(tmp_path / "rows.c"), "one", "two.c"), target="gemmini").json()
    assert (result["status"], result["exit"], result["stdout"]) == ("ok", 0, "last two.c\n"), result
    assert result["cost"]["value"] > 0
    alone = run(tmp_path / "main.c", target="gemmini").json()
    assert alone["status"] == "compile_error" and "rows" in alone["log"]


def test_a_log_that_takes_too_long_is_a_timeout(tmp_path):
    log = tmp_path / "commands.log"
    np.array([[7, 0, 0, 0]], np.uint64).tofile(log)
    assert accounted(log, Config(), 60.0)["cost"]["unit"] == "cycles"
    assert accounted(log, Config(), 0.0)["status"] == "timeout"


def test_a_program_without_commands(tmp_path):
    program = tmp_path / "hello.c"
    program.write_text('#include <stdio.h>\nint main(void) { printf("hello\\n"); return 0; }\n')
    result = run(program, target="gemmini").json()
    assert (result["status"], result["stdout"], result["cost"]) == ("ok", "hello\n", None)


def test_headers_are_where_programs_look():
    names = {str(p.relative_to(headers())) for p in headers().rglob("*.h")}
    assert {"include/gemmini.h", "include/gemmini_testutils.h", "rocc-software/src/xcustom.h"} <= names


def test_impossible_options_are_refused_and_options_are_in_the_fingerprint():
    with pytest.raises(UsageError, match="no configuration"):
        GemminiTarget(config="int4")
    with pytest.raises(UsageError):
        GemminiTarget(lat=0)
    target = GemminiTarget(lat=10)
    assert target.machine().peaks == (("i8", 512e9),)
    assert GemminiEvaluator(lat=10).fingerprint() != GemminiEvaluator().fingerprint()


def line_of(text):
    return (PROGRAMS / "wrong.c").read_text().split(text)[0].count("\n") + 1


def test_output_that_is_read_before_a_fence_is_told(correct):
    result = correct("wrong.c", MODE=7)
    assert f"reads output before a fence: that of the mvout at line {line_of('gemmini_mvout(C')}" in result["feedback"]
    assert "before a fence" not in correct("blocks.c", MODE=0)["feedback"]


def test_a_store_past_the_end_of_an_array_is_refused(execute):
    result = execute("wrong.c", MODE=8)
    assert (result["status"], result["exit"]) == ("crashed", 70)
    where = f"line {line_of('gemmini_mvout(S')}: DMA writes 16 bytes"
    assert re.search(rf"{where} at 0x[0-9a-f]+, outside of the array S", result["log"]), result


def test_a_row_that_nothing_has_written_is_told_with_its_line(execute):
    result = execute("wrong.c", MODE=9)
    assert f"nothing has written, first at line {line_of('gemmini_mvout(U')}" in result["feedback"]
