"""Summaries that one pass over the data evaluates, where they were stated element by element."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from accelcore.ir.assignments import settled
from accelcore.ir.compaction import compacted, filters, measured
from accelcore.ir.expr import Expr
from accelcore.ir.indicators import scattered
from accelcore.ir.ranges import Facts, facts_of
from accelcore.ir.running import running
from accelcore.values import Summary, Task

Posts = Sequence[tuple[str, Expr]]


def in_one_pass(task: Task, summary: Summary) -> Summary:
    """The task's summary with what passes over the data find: histograms, stores, last assignments; or as it is."""
    post = one_pass(summary.post, facts_of(task.params, task.requires))
    return summary if post == summary.post else replace(summary, post=post)


def one_pass(post: Posts, facts: Facts) -> tuple[tuple[str, Expr], ...]:
    """The same results; a count of what another result keeps is that one's length."""
    found = [(name, settled(compacted(scattered(e, facts), facts))) for name, e in post]
    known = [f for _, e in found for f in filters(e)]
    return tuple((name, measured(e, known) if known else e) for name, e in found)


@lru_cache(maxsize=1024)
def requirement(condition: Expr) -> Expr:
    """The same requirement for less work: what it says of all elements is found in passes over them."""
    return running(settled(compacted(condition, {})))
