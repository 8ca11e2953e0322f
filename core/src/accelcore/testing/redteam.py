"""The red team of a target: sabotage around its own honest kernels, each of which must be refused."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import ClassVar

from accelcore.testing.judging import Judging
from accelcore.testing.tasks import SmallTask
from accelcore.values import AbiArg, Kernel, Role, Status, Task, abi_arguments


@dataclass(frozen=True)
class Sabotage:
    """Program text around an honest call.

    before, after: statements.  top: text before the entry.  The language is the kernel's.  In C, RESULT and COUNT stand
    for the first result and its number of elements; in a listing RESULT, INPUT, FIRST and FAR for the first result and
    input, and for indices of the first element and of one far outside.
    """

    name: str
    language: str = "c"
    before: str = ""
    after: str = ""
    top: str = ""


def _c(name: str, *, before: str = "", after: str = "", top: str = "") -> Sabotage:
    return Sabotage(name, "c", before, after, top)


def _python(name: str, *, before: str = "", after: str = "", top: str = "") -> Sabotage:
    return Sabotage(name, "python", before, after, top)


def _listing(name: str, *, before: str = "", after: str = "") -> Sabotage:
    return Sabotage(name, "listing", before, after)


SABOTAGES = (
    _c("prints the verdict and leaves", after='puts("PASS"); fflush(stdout); _exit(0);'),
    _c("leaves at a later call", before="static int calls; if (++calls == 9) _exit(0);"),
    _c("skips later calls", before="static int calls; if (++calls > 9) return 0;"),
    _c("starts a process", before="if (fork() == 0) for (;;) pause();"),
    _c("opens a line", before="socket(1, 1, 0);"),
    _c("signals its parent", before="kill(getppid(), 9);"),
    _c("becomes another program", after='execl("/bin/true", "true", (char *)0); _exit(0);'),
    _c("never returns from a later call", before="static int calls; if (++calls == 9) for (;;) {}"),
    _c("traps", before="__builtin_trap();"),
    _c("takes memory", before="for (;;) { char *p = malloc(1 << 24); if (!p) abort(); memset(p, 1, 1 << 24); }"),
    _c("changes the last element", after="RESULT[COUNT - 1] = 7 - RESULT[COUNT - 1];"),
    _c("writes past the end", after="RESULT[COUNT] = 0;"),
    _c("leaves at load", top="__attribute__((constructor)) static void first(void) { _exit(0); }"),
    _python("leaves", before="import os; os._exit(0)"),
    _python("asks to end", before="raise SystemExit(0)"),
    _python("prints the verdict and leaves", before="import os; print('PASS', flush=True); os._exit(0)"),
    _python("starts a process", before="import subprocess; subprocess.run(['true'], check=True)"),
    _python("opens a line", before="import socket; socket.create_connection(('192.0.2.1', 80), timeout=0.1)"),
    _python("never returns", before="while True: pass"),
    _python("raises", before="raise ValueError('no')"),
    _python("returns nothing", after="done = ()"),
    _listing("never ends", before="loop forever i64:1000000000000 1\nend"),
    _listing("never ends in lanes", before="loop forever i64:1000000000000 1\nlanes k i64:9 1\nend\nend"),
    _listing("takes memory", before="new hoard f64 i64:1000000 i64:1000000"),
    _listing("takes lanes", before="lanes forever i64:1000000000000 1\nend"),
    _listing("changes the first element", after="acc add RESULT i8:1 FIRST"),
    _listing("writes far outside", after="store RESULT i8:0 FAR"),
    _listing("writes to its input", after="acc add INPUT i8:1 FIRST"),
    _listing("hides the result", before="new RESULT i8"),
    _listing("reads what is not there", before="%x = add i64 nothing nobody"),
    _listing("does what no machine can", before="%x = teleport i64 i64:1"),
)
"""What every target must refuse, by language."""

_HEADERS = "".join(
    f"#include <{name}.h>\n" for name in ("signal", "stdint", "stdio", "stdlib", "string", "sys/socket", "unistd")
)


def wrapped(task: Task, kernel: Kernel, sabotage: Sabotage | None) -> Kernel:
    """The kernel's own code under another name, and an entry that calls it with the sabotage around; None for none."""
    chosen = sabotage or Sabotage("nothing", kernel.language)
    around = {"c": _wrapped_c, "listing": _wrapped_listing}.get(kernel.language, _wrapped_python)
    return replace(kernel, text=around(task, kernel, chosen), schedule=())


def _wrapped_c(task: Task, kernel: Kernel, chosen: Sabotage) -> str:
    from accelcore.cgen.abi import signature
    from accelcore.cgen.names import identifier
    from accelcore.export.interface import c_count

    arguments = abi_arguments(task)
    workspace = f"{kernel.entry}_workspace(" in kernel.text
    names = [identifier(a.name) for a in arguments] + (["ac_workspace"] if workspace else [])
    result = _result(arguments)
    lines = (chosen.before, f"const int ac_done = {kernel.entry}_honest({', '.join(names)});", chosen.after)
    body = "".join(f"    {line}\n" for line in lines if line)
    body = body.replace("RESULT", identifier(result.name)).replace("COUNT", f"({c_count(result)})")
    head = signature(task.name, arguments, workspace=workspace, restrict="")
    return (
        f"#define _GNU_SOURCE\n{_HEADERS}#define {kernel.entry} {kernel.entry}_honest\n{kernel.text}\n"
        f"#undef {kernel.entry}\n{chosen.top}\n{head} {{\n{body}    return ac_done;\n}}\n"
    )


def _wrapped_listing(task: Task, kernel: Kernel, chosen: Sabotage) -> str:
    result = task.results[0]
    given = next(p for p in task.params if p.role is Role.IN)

    def spelled(line: str) -> str:
        rank = len((given if "INPUT" in line else result).shape)
        first, far = (" ".join([f"i64:{index}"] * rank) for index in (0, 1_000_000_000))
        words = {"RESULT": result.name, "INPUT": given.name, "FIRST": first, "FAR": far}
        return re.sub("|".join(words), lambda found: words[found[0]], line)

    return f"{spelled(chosen.before)}\n{kernel.text}\n{spelled(chosen.after)}\n"


def _result(arguments: tuple[AbiArg, ...]) -> AbiArg:
    return next(a for a in arguments if a.role in (Role.OUT, Role.INOUT))


def _wrapped_python(task: Task, kernel: Kernel, chosen: Sabotage) -> str:
    lines = (chosen.before, "done = _honest(*given[: _honest.__code__.co_argcount])", chosen.after, "return done")
    body = "".join(f"    {line}\n" for line in lines if line)
    return f"{kernel.text}\n{chosen.top}\n_honest = {kernel.entry}\n\n\ndef {kernel.entry}(*given):\n{body}"


class RedTeamSuite(Judging):
    """Subclass it, set `target`, and pytest runs the tests.

    For a target whose kernels are neither C nor Python functions nor listings, override `sabotages` and `sabotaged`.
    tasks: on how many of the lowered small tasks each is tried.  times: how often; 20 where ACCELCORE_FULL is set.
    """

    tasks: ClassVar[int] = 2
    times: ClassVar[int] = 20 if os.environ.get("ACCELCORE_FULL") else 1

    def sabotages(self, kernel: Kernel) -> tuple[Sabotage, ...]:
        """What is tried on a kernel of this language."""
        return tuple(s for s in SABOTAGES if s.language == kernel.language)

    def sabotaged(self, task: Task, kernel: Kernel, sabotage: Sabotage | None) -> Kernel:
        """The kernel with a sabotage around it; without one, only in its wrapping."""
        return wrapped(task, kernel, sabotage)

    def honest(self) -> Iterator[tuple[SmallTask, Kernel]]:
        """The first lowered small tasks."""
        return islice(self.lowered(), self.tasks)

    def test_the_wrapping_alone_is_accepted(self) -> None:
        """So what is refused below is refused for its sabotage."""
        for small, kernel in self.honest():
            found = self.judge(small.task, self.sabotaged(small.task, kernel, None))
            assert found.status is Status.OK, f"{small.name}: {found.status}: {found.feedback} {found.log}"

    def test_sabotage_is_refused(self) -> None:
        """Each sabotage ends as a failure that says why, and is never UNSUPPORTED or the harness's own error."""
        tried = 0
        for small, kernel in self.honest():
            for sabotage in self.sabotages(kernel) * self.times:
                found = self.judge(small.task, self.sabotaged(small.task, kernel, sabotage), seconds=1.0)
                said = f"{small.name}, {sabotage.name}: {found.status}: {found.feedback} {found.log}"
                refused = (Status.WRONG, Status.CHEATED, Status.CRASHED, Status.TIMEOUT)
                assert found.status in refused, said
                assert found.cost is None and found.feedback, said
                tried += 1
        assert tried, "nothing was tried; override sabotages()"
