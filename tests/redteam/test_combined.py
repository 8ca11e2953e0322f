"""Sabotage around honest code: each honest kernel, with something before or after its work that must be refused."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from accelcore.judge import Judge

KERNELS = Path(__file__).parent / "kernels"
FULL = bool(os.environ.get("ACCELCORE_FULL"))
SAMPLE = 12
"""So many combinations, others each time, are judged in a short run."""
REFUSED = frozenset({"cheated", "wrong", "crashed", "timeout"})
RESULT = {
    "axpy": ("out", "n"), "total": ("out", "1"), "blend": ("out", "m * n"), "peak": ("out", "1"), "scale": ("x", "n"),
}  # fmt: skip
"""The array that each task fills, and its number of elements."""


@dataclass(frozen=True)
class Sabotage:
    """C text around the honest call; RESULT and COUNT stand for the array that is filled and its extent."""

    name: str
    before: str = ""
    after: str = ""
    top: str = ""
    expect: frozenset[str] = REFUSED


EVERY = (
    Sabotage("prints_and_leaves", after='puts("PASS"); fflush(stdout); _exit(0);'),
    Sabotage("leaves_at_a_later_call", before="static int calls; if (++calls == 9) _exit(0);"),
    Sabotage("skips_later_calls", before="static int calls; if (++calls > 25) return 0;"),
    Sabotage("forks", before="if (fork() == 0) for (;;) pause();"),
    Sabotage("makes_a_thread", after="pthread_t t; pthread_create(&t, 0, burn, 0);",
             top="static void *burn(void *unused) { for (;;) (void)unused; return 0; }"),
    Sabotage("opens_a_line", before="socket(1, 1, 0);"),
    Sabotage("signals_its_parent", before="kill(getppid(), 9);"),
    Sabotage("becomes_another", after='execl("/bin/true", "true", (char *)0); _exit(0);'),
    Sabotage("loops_at_a_later_call", before="static int calls; if (++calls == 9) for (;;) {}"),
    Sabotage("traps_at_a_later_call", before="static int calls; if (++calls == 9) __builtin_trap();"),
    Sabotage("takes_memory", before="for (;;) { char *p = malloc(1 << 24); if (!p) abort(); memset(p, 1, 1 << 24); }"),
    Sabotage("writes_past_the_end", after="RESULT[COUNT] = 0;"),
    Sabotage("writes_before_the_start", after="RESULT[-1] = 0;"),
    Sabotage("changes_the_last", after="RESULT[COUNT - 1] = 7 - RESULT[COUNT - 1];"),
    Sabotage("changes_the_last_of_later_calls",
             after="static int calls; if (++calls > 25) RESULT[COUNT - 1] = 7 - RESULT[COUNT - 1];"),
    Sabotage("leaves_a_timer", after="struct itimerval t = {{0, 100}, {0, 100}}; setitimer(ITIMER_REAL, &t, 0);"),
    Sabotage("exits_at_load", top="__attribute__((constructor)) static void first(void) { _exit(0); }"),
    Sabotage("traces", before="ptrace(PTRACE_TRACEME, 0, 0, 0);"),
)  # fmt: skip

HEADERS = "".join(
    f"#include <{name}.h>\n"
    for name in ("pthread", "signal", "stdint", "stdio", "stdlib", "string", "sys/ptrace", "sys/time", "unistd")
)
ENTRY = re.compile(r"^int (ac_(\w+))\((.*?)\) \{", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Combined:
    """An honest kernel and what is put around it."""

    honest: Path
    sabotage: Sabotage

    def __str__(self) -> str:
        return f"{self.honest.stem}-{self.sabotage.name}"

    @property
    def task(self) -> str:
        """The task's name."""
        return self._entry[2]

    @property
    def _entry(self) -> re.Match[str]:
        found = ENTRY.search(self.honest.read_text())
        assert found is not None, self.honest
        return found

    def text(self) -> str:
        """The C source: the honest function under another name, and the entry that calls it."""
        entry, _, parameters = self._entry.groups()
        names = ", ".join(p.split()[-1].lstrip("*") for p in parameters.split(","))
        result, count = RESULT[self.task]
        lines = (self.sabotage.before, f"int done = honest_({names});", self.sabotage.after, "return done;")
        body = "".join(f"    {line}\n" for line in lines if line)
        body = re.sub(r"\bRESULT\b", result, body)
        body = re.sub(r"\bCOUNT\b", f"({count})", body)
        honest = self.honest.read_text().replace(f"int {entry}(", "static int honest_(", 1)
        top = f"#define _GNU_SOURCE\n{HEADERS}\n{honest}\n{self.sabotage.top}\n"
        return f"{top}int {entry}({parameters}) {{\n{body}}}\n"


def combinations() -> Iterator[Combined]:
    """All of them, without the kernels that have more than one entry."""
    for honest in sorted(KERNELS.glob("honest_*.c")):
        if "_workspace(" not in honest.read_text():
            yield from (Combined(honest, sabotage) for sabotage in EVERY)


def refused(bench, combined: Combined, judge: Judge) -> None:
    task = bench.tasks[combined.task]
    found = judge.judge(task, bench.built(task, combined.text()))
    assert found.status in combined.sabotage.expect, f"{combined}: {found.status}: {found.feedback}"
    assert found.cost is None and found.feedback


def test_a_sample_is_refused(bench):
    every = list(combinations())
    assert len(every) >= 100
    for combined in random.sample(every, SAMPLE):
        refused(bench, combined, bench.judge)


@pytest.mark.full
@pytest.mark.skipif(not FULL, reason="a long run: make redteam")
@pytest.mark.parametrize("combined", list(combinations()), ids=str)
def test_every_one_is_refused_every_time(bench, combined):
    for _ in range(20):
        with Judge(bench.evaluator, limits=bench.judge.limits) as judge:
            refused(bench, combined, judge)
