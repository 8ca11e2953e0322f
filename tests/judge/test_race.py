"""Racing: what decides, and that faster is found faster."""

from __future__ import annotations

import pytest

from accelcore.judge import Judge
from accelcore.judge.floor import floor
from accelcore.judge.race import _decided
from accelcore.values import Kernel, Limits, Status, sizes_of

FAST = "import numpy as np\ndef double(x):\n    return x * np.float32(2)\n"
SLOW = "import numpy as np\ndef double(x):\n    for _ in range(12): y = x * np.float32(2)\n    return y\n"


@pytest.mark.parametrize(
    ("ratios", "decided"),
    [
        ([2.0, 2.0], False),
        ([2.0, 1.0, 2.0], True),  # far behind after 3 rounds
        ([1.1, 1.1, 1.1], False),
        ([1.1] * 6, True),  # behind after 6
        ([0.5] * 2, False),
        ([0.5] * 3, True),  # far ahead: a champion is confirmed anyway
        ([0.8] * 6, False),  # ahead: measured well
        ([0.8] * 11, True),
        ([1.01] * 11, False),  # close: goes on
        ([1.01] * 20, False),
        ([1.01] * 21, True),
    ],
)
def test_when_it_is_decided(ratios, decided):
    assert _decided(ratios, 21, alone=False) is decided


def test_alone_takes_a_few_rounds():
    assert not _decided([1.0] * 5, 21, alone=True)
    assert _decided([1.0] * 6, 21, alone=True)


def built(judge, task, *texts):
    return judge.build(task, [Kernel(text, "python", "double") for text in texts])


def test_faster_is_found_faster(kit):
    task = kit.double(sizes=(sizes_of({"n": 20000}),))
    with Judge(kit.Scripts(), limits=Limits(seconds=5)) as judge:
        fast, slow = built(judge, task, FAST, SLOW)
        first = judge.judge(task, fast)
        assert first.status is Status.OK
        assert first.metric("ratio") is None
        assert first.cost.value == pytest.approx(first.metric("median"))
        assert first.metric("min") <= first.cost.value
        behind = judge.judge(task, slow, fast)
        ahead = judge.promote(task, fast, slow)
        for _ in range(2):  # without real-time priority other work may disturb most of the few rounds that decide
            if ahead.metric("ratio") > 1:
                ahead = judge.promote(task, fast, slow)
    assert behind.metric("ratio") > 1.3
    assert ahead.metric("ratio") < 1 / 1.3
    assert len(behind.samples) < len(ahead.samples)  # the hopeless one was dropped early


def test_a_kernel_that_changes_its_mind_when_timed(kit):
    text = (
        "import numpy as np\ncalls = [0]\ndef double(x):\n    calls[0] += 1\n"
        "    return x * np.float32(2 if calls[0] < 18 else 3)\n"
    )
    task = kit.double()
    with Judge(kit.Scripts(), limits=Limits(seconds=5)) as judge:
        (artifact,) = built(judge, task, text)
        evaluation = judge.judge(task, artifact)
    assert evaluation.status is Status.CHEATED


def test_an_incumbent_that_fails_is_not_held_against_the_contender(kit):
    task = kit.double()
    with Judge(kit.Scripts(), limits=Limits(seconds=5)) as judge:
        fine, broken = built(judge, task, FAST, "def double(x):\n    raise ValueError\n")
        evaluation = judge.judge(task, fine, broken)
    assert evaluation.status is Status.HARNESS_ERROR
    assert "incumbent" in evaluation.feedback


def test_the_floor_grows_with_the_bytes():
    assert floor(100) == 0
    assert 0 < floor(1 << 20) < floor(1 << 26)
