"""Programs that break a rule: command, source line, rule and reason; what the run of a program shows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from accelcore.pipeline.programs import run

START = """#include "include/gemmini_testutils.h"
static elem_t A[DIM][64] row_align(1), C[DIM][64] row_align(1);
static const elem_t FIXED[DIM][64] = {{1}};
int main(void) {
    gemmini_config_ld(64);
    gemmini_config_st(64);
    gemmini_config_ex(WEIGHT_STATIONARY, NO_ACTIVATION, 0);
    puts("before");
"""
LINE = START.count("\n") + 1


def outcome(folder: Path, text: str, target: str = "gemmini") -> dict:
    program = folder / "program.c"
    program.write_text(f"{START}{text}\n    gemmini_fence();\n    return 0;\n}}\n")
    return run(program, target=target).json()


@pytest.mark.parametrize(("text", "command", "rule", "reason"), [
    ("gemmini_extended_mvin(A, 0, DIM, DIM + 1);", "mvin", "rows", "17 rows"),
    ("gemmini_extended_mvin(A, 0, 65, DIM);", "mvin", "columns", "65"),
    ("gemmini_extended_mvin2(A, 1u << 31, DIM + 1, 1);", "mvin2", "columns", "17"),
    ("gemmini_mvin(A, BANK_NUM * BANK_ROWS - 1);", "mvin", "local_range", "scratchpad rows"),
    ("gemmini_mvout(C, (1u << 31) + ACC_ROWS - 1);", "mvout", "local_range", "accumulator rows"),
    ("gemmini_mvin((elem_t *)4096, 0);", "mvin", "dram_range", "outside the program's buffers"),
    ("gemmini_mvin(A, 0); gemmini_mvout(&C[1][0], 0);", "mvout", "dram_range", "outside of the array C"),
    ("gemmini_mvin(A, 0); gemmini_mvout(FIXED, 0);", "mvout", "dram_readonly", "read-only memory"),
    ("gemmini_extended_config_ex(WEIGHT_STATIONARY, 0, 0, 1, 1, 1);", "config", "transpose", "transpose"),
    ("gemmini_extended_config_ex(OUTPUT_STATIONARY, 0, 0, 1, 0, 1);", "config", "transpose", "transpose"),
    ("gemmini_preload(0, 1u << 31); gemmini_compute_preloaded(1u << 31, GARBAGE_ADDR);", "compute_preloaded",
     "unsupported", "accumulator"),
    ("ROCC_INSTRUCTION_RS1_RS2(XCUSTOM_ACC, 0, 0, 99);", "funct 99", "unknown_command", "99"),
    ("gemmini_loop_ws(9, 9, 1, 0, 0, 0, A, A, NULL, C, 64, 64, 64, 64, 0, 0, 0, 0, 0, 0, 0, 0, 0);", "loop_ws",
     "loop_capacity", "accumulator rows"),
])  # fmt: skip
def test_a_hard_error_names_command_line_rule_and_reason(tmp_path, text, command, rule, reason):
    result = outcome(tmp_path, f"    {text}")
    found = result["violation"]
    assert (result["status"], result["exit"], result["stdout"]) == ("crashed", 70, "before\n")
    assert (found["command"], found["line"], found["rule"]) == (command, LINE, rule)
    assert reason in found["reason"]
    assert found["reason"] in result["log"]
    assert f"broken rule: line {LINE}, command {found['index']} ({command})" in result["feedback"]


def test_blocks_of_a_wide_load_may_not_overlap(tmp_path):
    text = "    gemmini_extended4_config_ld(64, 1.0f, false, 8, 0);\n    gemmini_extended_mvin(A, 0, 32, DIM);"
    found = outcome(tmp_path, text)["violation"]
    assert (found["rule"], found["line"], found["index"]) == ("block_stride", LINE + 1, 4)


def test_an_error_inside_of_the_library_has_no_line_of_the_program(tmp_path):
    text = """    tiled_matmul_auto(16, 16, 16, (elem_t *)A, (elem_t *)64, NULL, (elem_t *)C, 64, 64, 64, 64, 1, 1, 1,
                      NO_ACTIVATION, 1, 0, false, false, false, false, false, 0, WS);"""
    found = outcome(tmp_path, text)["violation"]
    assert (found["command"], found["rule"], found["line"]) == ("loop_ws", "dram_range", 0)


def test_a_preload_without_its_compute_never_ends(tmp_path):
    result = outcome(tmp_path, "    gemmini_mvin(A, 0);\n    gemmini_preload(0, 1u << 31);")
    assert (result["status"], result["exit"], result["cost"]) == ("timeout", 70, None)
    assert f"line {LINE + 2}: the commands never end: a preload waits for its compute" in result["log"]
    ended = outcome(tmp_path, "    gemmini_mvin(A, 0); gemmini_preload(0, 1u << 31); exit(0);")
    assert (ended["status"], ended["cost"]) == ("timeout", None)


def test_a_program_without_errors_has_no_violation(tmp_path):
    result = outcome(tmp_path, "    gemmini_mvin(A, 0); gemmini_mvout(C, 0);")
    assert result["status"] == "ok" and "violation" not in result


def test_the_account_of_a_run_is_in_its_json_and_a_timeline_in_a_file(tmp_path):
    file = tmp_path / "trace.json"
    text = "    gemmini_mvin(A, 0); gemmini_mvin(A, 4096); gemmini_preload(4096, 1u << 31);\n"
    text += "    gemmini_compute_preloaded(0, GARBAGE_ADDR); gemmini_mvout(C, 1u << 31);"
    result = outcome(tmp_path, text, f"gemmini:trace={file}")
    account = json.loads(json.dumps(result["account"]))
    assert account["cycles"] == result["cost"]["value"]
    assert account["commands"]["mvin"] == 2 and account["bound"] == "memory"
    events = [e for e in json.loads(file.read_text())["traceEvents"] if e["ph"] == "X"]
    assert [e["name"] for e in events if e["tid"] == 1] == ["config_ex", "preload", "compute"]
    assert max(e["ts"] + e["dur"] for e in events) <= account["cycles"]
