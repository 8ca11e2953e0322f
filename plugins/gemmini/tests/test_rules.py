"""Each rule that a command can break, with the command, the line and the reason."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from accelcore.errors import UsageError
from accelcore_gemmini import Buffer, Command, CommandError, Config, Machine, Rule
from accelcore_gemmini.isa import GARBAGE, acc, compute, config_ex, config_ld, config_st, loop_ws, mvin, mvout, preload

BASE = 0x8000_0000


def memory(writable=True):
    data = np.zeros(4096, np.int8)
    data.flags.writeable = writable
    return [Buffer("M", BASE, data)]


def broken(*commands, strict=False, writable=True):
    with pytest.raises(CommandError) as caught:
        Machine(check_unwritten=strict).run([config_ex(), config_ld(16), config_st(16), *commands], memory(writable))
    return caught.value.violation


@pytest.mark.parametrize(("command", "rule"), [
    (mvin(BASE, 0, 17, 16), Rule.ROWS),
    (mvin(BASE, 0, 16, 65), Rule.COLUMNS),
    (mvin(BASE, acc(0), 16, 17), Rule.COLUMNS),
    (mvin(BASE, 16380, 16, 16), Rule.LOCAL_RANGE),
    (mvin(BASE, acc(1020), 16, 16), Rule.LOCAL_RANGE),
    (mvin(BASE - 16, 0, 1, 16), Rule.DRAM_RANGE),
    (mvin(BASE + 4096 - 8, 0, 1, 16), Rule.DRAM_RANGE),
    (mvout(BASE, 0, 17, 16), Rule.ROWS),
    (mvout(BASE, 0, 16, 65), Rule.COLUMNS),
    (mvout(BASE, acc(0, full=True), 16, 17), Rule.COLUMNS),
    (mvout(BASE + 4090, 0, 1, 16), Rule.DRAM_RANGE),
    (preload(0, acc(0), b_size=(17, 16)), Rule.ROWS),
    (preload(acc(0), 0), Rule.UNSUPPORTED),
    (compute(16370), Rule.LOCAL_RANGE),
    (compute(acc(0)), Rule.UNSUPPORTED),
    (config_ex(a_transpose=True, b_transpose=True), Rule.TRANSPOSE),
    (config_ex(weight_stationary=False, b_transpose=True), Rule.TRANSPOSE),
    (config_ld(16, state=3), Rule.UNKNOWN_COMMAND),
    (Command(99, 0, 0), Rule.UNKNOWN_COMMAND),
])  # fmt: skip
def test_rule(command, rule):
    found = broken(command)
    assert (found.rule, found.index) == (rule, 3)


def test_a_convolution_loop_has_half_of_the_local_memories():
    size = 200  # rows and columns of a tile of one channel
    words = (
        Command(16, 1 | size << 16 | 1 << 32 | 1 << 48, size | size << 16 | size << 32 | 1 << 48),
        Command(17, 1 << 8 | 1 << 16 | size << 32 | 1 << 48, 1 | size << 16 | size << 32 | 1 << 48),
        Command(18, 1 << 16 | 1 << 32 | 1 << 48, size), Command(19, size << 48 | 1, size | 1 << 16 | 1 << 32 | 1 << 48),
    )  # fmt: skip
    found = broken(*words, Command(15, 0, 1))
    assert found.rule is Rule.LOOP_CAPACITY
    assert found.command == "loop_conv_ws"


def test_pooled_stores_are_one_block_wide():
    pooling = 1 << 4 | 2 << 6 | 1 << 24 | 1 << 32 | 1 << 40 | 2 << 48 | 2 << 56
    assert broken(Command(0, pooling | 2, 16), mvout(BASE, acc(0), 0, 32)).rule is Rule.COLUMNS


def test_blocks_of_a_wide_load_may_not_overlap():
    assert broken(config_ld(64, block_stride=8), mvin(BASE, 0, 16, 32)).rule is Rule.BLOCK_STRIDE


def test_stores_to_read_only_memory():
    assert broken(mvout(BASE, 0, 1, 16), writable=False).rule is Rule.DRAM_READONLY


def test_a_hardware_loop_has_half_of_the_local_memories():
    found = broken(*loop_ws((10, 10, 1), (BASE, BASE, 0, BASE), (16, 16, 16, 16)))
    assert found.rule is Rule.LOOP_CAPACITY
    assert found.command == "loop_ws"


@pytest.mark.parametrize("command", [mvout(BASE, 0, 1, 16), mvout(BASE, acc(3), 1, 16)])
def test_reading_unwritten_rows_is_refused_when_asked_and_counted_otherwise(command):
    assert broken(command, strict=True).rule is Rule.UNWRITTEN
    outcome = Machine().run([config_st(16), command], memory())
    assert outcome.unwritten_reads == 1
    assert "nothing has written" in outcome.feedback().text()


def test_unwritten_weights_and_operands():
    loads = mvin(BASE, 0, 16, 16), mvin(BASE, 16, 16, 16)
    assert broken(*loads, preload(4096, acc(0)), compute(0), strict=True).rule is Rule.UNWRITTEN
    assert broken(*loads, preload(16, acc(0)), compute(4096), strict=True).rule is Rule.UNWRITTEN
    Machine(check_unwritten=True).run([config_ex(), config_ld(16), *loads, preload(16, GARBAGE), compute(0)], memory())


def test_the_message_names_command_line_rule_and_reason():
    found = broken(Command(*mvin(BASE, 0, 17, 16)[:3], line=42))
    assert str(found) == "line 42, command 3 (mvin): mvin of 17 rows; the array has 16 [rows]"
    assert pickle.loads(pickle.dumps(CommandError(found))).violation == found


def test_what_came_before_a_broken_command_has_been_done():
    buffers = memory()
    buffers[0].data[:16] = 7
    with pytest.raises(CommandError):
        Machine().run([config_ld(16), config_st(16), mvin(BASE, 0, 1, 16), mvout(BASE + 64, 0, 1, 16),
                       mvin(0, 0, 99, 1)], buffers)  # fmt: skip
    assert (buffers[0].data[64:80] == 7).all()


def test_buffers_are_contiguous():
    with pytest.raises(UsageError, match="contiguous"):
        Machine().run([], [Buffer("M", BASE, np.zeros((4, 4), np.int8)[:, ::2])])


@pytest.mark.parametrize("wrong", [{"dim": 0}, {"dim": 12}, {"dim": 128}, {"spad_banks": 16}, {"latency": 5000}])
def test_impossible_configurations(wrong):
    with pytest.raises(UsageError):
        Config(**wrong)
