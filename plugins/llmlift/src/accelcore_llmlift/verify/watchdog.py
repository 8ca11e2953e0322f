"""One thread that interrupts whatever runs past its deadline; cheaper than a timer thread a query.

Invariant: an entry is in `_deadlines` exactly while its block runs; the thread sleeps until the earliest deadline or
until a new entry may be earlier.  It is a daemon, started by the first use in a process (again after a fork).
"""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Callable, Iterator

_changed = threading.Condition()
_deadlines: dict[int, tuple[float, Callable[[], object]]] = {}
_numbers = itertools.count()
_thread: list[threading.Thread] = []


@contextlib.contextmanager
def interrupting(interrupt: Callable[[], object], seconds: float) -> Iterator[None]:
    """Call `interrupt` (once) if the block runs longer than `seconds`."""
    number = next(_numbers)
    with _changed:
        _deadlines[number] = (time.monotonic() + seconds, interrupt)
        if not _thread or not _thread[0].is_alive():
            _thread[:] = [threading.Thread(target=_watch, name="accelcore-solver-watchdog", daemon=True)]
            _thread[0].start()
        _changed.notify()
    try:
        yield
    finally:
        with _changed:
            _deadlines.pop(number, None)


def _watch() -> None:
    with _changed:
        while True:
            now = time.monotonic()
            for number, (deadline, interrupt) in list(_deadlines.items()):
                if deadline <= now:
                    del _deadlines[number]
                    interrupt()
            earliest = min((deadline for deadline, _ in _deadlines.values()), default=None)
            _changed.wait(None if earliest is None else max(0.0, earliest - time.monotonic()))
