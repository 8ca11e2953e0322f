"""The judge and kernels of the array: what a cheating kernel could try, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from accelcore import lift
from accelcore.errors import RunFailure
from accelcore.pipeline.benches import judged_once
from accelcore.values import Evaluation, Fidelity, Kernel, Limits, Status, Task, sizes_of
from accelcore_gemmini.judging import runner
from accelcore_gemmini.judging.expand import forbidden
from accelcore_gemmini.judging.runner import bounded
from accelcore_gemmini.lowering.derive import HOST
from accelcore_gemmini.target import GemminiEvaluator, GemminiTarget

pytestmark = pytest.mark.redteam(times=20)

LOOPS = Path(__file__).parent / "loops" / "products.py"


@cache
def task() -> Task:
    found = lift(f"{LOOPS}:product").functions[0].task
    assert found is not None
    return replace(found, sizes=(sizes_of({"m": 20, "n": 33, "p": 40}),))


def seed() -> Kernel:
    return GemminiTarget().lower(task())


def judged(kernel: Kernel, seconds: float = 10.0) -> Evaluation:
    return judged_once(GemminiEvaluator(), task(), kernel, strict=False, limits=Limits(seconds=seconds))


def changed(before: str, after: str, top: str = "") -> Kernel:
    """The honest kernel with statements before and after its commands."""
    honest = seed()
    call = "    if (arg.steps > 0) run();"
    assert call in honest.text
    text = honest.text.replace(call, f"    {before}\n{call}\n    {after}")
    return replace(honest, text=f"{top}\n{text}", schedule=())


def test_an_honest_kernel_is_accepted_and_costed() -> None:
    found = judged(seed())
    assert found.status is Status.OK and found.fidelity is Fidelity.SIMULATED
    assert found.cost is not None and found.cost.unit == "cycles" and found.cost.value > 20 * 33 * 40 / 256


_FORGED = """
#include <stdio.h>
#include <stdlib.h>
__attribute__((constructor)) static void first(void) {
    FILE *log = fopen("commands.log", "wb");
    for (int i = 0; i < 4096; i++) fputc(i * 37, log);
    fclose(log);
    _Exit(0);
}
"""

_ELSEWHERE = "void gemmini_host_command(unsigned f, unsigned long a, unsigned long b, int l) {}"

_PASTE = "#define PASTE(a, b) a##b\n"
_PASTED = f"{_PASTE}__attribute__((PASTE(no_sani, tize_coverage))) static void quiet(void) {{}}"
_BOMB = "#define E0 int x;\n" + "".join(f"#define E{n} {f'E{n - 1} ' * 16}\n" for n in range(1, 8)) + "E7"

CHEATS: dict[str, Callable[[], Kernel]] = {
    "the host computes the result": lambda: changed("for (int64_t i = 0; i < m * n; i++) c[i] = 0;", ""),
    "the host reads the inputs": lambda: changed("if (a[0] == 3) return 0;", ""),
    "the host writes one element": lambda: changed("", "c[0] = 1;"),
    "the verdict is printed": lambda: changed('printf("Correct result\\n{\\"status\\": \\"ok\\"}\\n"); return 0;', ""),
    "it never returns": lambda: changed("for (volatile int go = 1; go;) {}", ""),
    "it never ends its commands": lambda: changed("for (;;) gemmini_fence();", ""),
    "the result is stored over an input": lambda: changed("", "gemmini_mvout(a, 1u << 31); gemmini_fence();"),
    "it stores outside its arrays": lambda: changed("", "gemmini_mvout(c + m * n, 1u << 31); gemmini_fence();"),
    "it loads from outside": lambda: changed("gemmini_mvin(0x1000, 0);", ""),
    "it returns before its stores are done": lambda: changed("", "gemmini_extended_mvout(c, 1u << 31, 1, 1);"),
    "it multiplies rows that were never written": lambda: changed(
        "gemmini_preload(100, 1u << 31); gemmini_compute_preloaded(300, GARBAGE_ADDR);", ""
    ),
    "a preload without its compute": lambda: changed("", "gemmini_preload(0, 1u << 31); gemmini_fence();"),
    "two preloads for one compute": lambda: changed(
        "", "for (int i = 2; i--;) gemmini_preload(0, 1u << 31); gemmini_compute_preloaded(0, ~0u); gemmini_fence();"
    ),
    "a loop of the hardware without end": lambda: changed(
        "gemmini_loop_ws(65535, 65535, 65535, 0, 0, 0, a, b, NULL, c, p, n, n, n, 0, 0, 0, 0, 0, 0, 0, 0, 0);", ""
    ),
    "a log that is no program": lambda: replace(seed(), text=_FORGED + seed().text, schedule=()),
    "the log is written by hand": lambda: changed('remove("commands.log"); fopen("commands.log", "rb");', ""),
    "commands go elsewhere": lambda: changed("", "", _ELSEWHERE),
    "work is not counted": lambda: changed("", "", "void __sanitizer_cov_trace_pc(void) {}"),
    "work is hidden": lambda: changed("", "", "__attribute__((no_sanitize_coverage)) static void quiet(void) {}"),
    "work is hidden behind pasted tokens": lambda: changed("", "", _PASTED),
    "work is hidden behind a spliced line": lambda: changed(
        "", "", "__attribute__((no_sani\\\ntize_coverage)) int q(void);"
    ),
    "work is hidden in what calls itself a header": lambda: changed("", "", f'#line 1 "gemmini.h"\n{_PASTED}'),
    "counting is pasted away": lambda: changed("", "", f"{_PASTE}void PASTE(__sani, tizer_cov_trace_pc)(void) {{}}"),
    "assembly is pasted": lambda: changed('PASTE(as, m)("nop");', "", _PASTE),
    "pragmas are made of strings": lambda: changed("", "", '_Pragma("GCC optimize 0")'),
    "a header's own macro hides work": lambda: changed("", "", "GEMMINI_PLANNING void quiet(void) {}"),
    "headers are read again": lambda: changed(
        "", "", '#undef ACCELCORE_XCUSTOM_H\n#include "rocc-software/src/xcustom.h"'
    ),
    "work is done before main": lambda: changed("", "", "__attribute__((constructor)) static void early(void) {}"),
    "work is entered in a table": lambda: changed(
        "", "", 'static void early(void) {}\n__attribute__((section(".init_" "array"))) void (*at)(void) = early;'
    ),
    "a macro unfolds for ever": lambda: changed("", "", _BOMB),
    "assembly": lambda: changed('__asm__("nop");', ""),
    "the result is declared to be the host's": lambda: replace(seed(), build=(HOST,)),
    "it leaves with the code of success": lambda: changed("exit(0);", "", "#include <stdlib.h>"),
    "it rewrites the headers": lambda: changed(
        'if (!fopen("include/gemmini.h", "w") && !fopen("/tmp/gemmini.h", "w")) abort();', "",
        "#include <stdio.h>\n#include <stdlib.h>",
    ),
    "it looks for a seed": lambda: changed(
        'if (!getenv("SEED") && !getenv("PYTEST_CURRENT_TEST")) abort();', "", "#include <stdlib.h>"
    ),
    "it looks for the expected result": lambda: changed(
        "if (!gold) abort();", "", "extern int gold[] __attribute__((weak));\n#include <stdlib.h>"
    ),
    "it copies an input": lambda: changed("", "gemmini_mvin(a, 0); gemmini_mvout(c, 0); gemmini_fence(); return 0;"),
    "the last rows are left out": lambda: changed("if (arg.m > 1) arg.m -= 1;", ""),
    "the end of each sum is left out": lambda: changed("if (arg.p > 1) arg.p -= 1;", ""),
    "negative results are dropped": lambda: replace(
        seed(), text=seed().text.replace("(arg.n, NO_ACTIVATION,", "(arg.n, RELU,"), schedule=()
    ),
    "results are scaled": lambda: replace(
        seed(), text=seed().text.replace("NO_ACTIVATION, ACC_SCALE_IDENTITY", "NO_ACTIVATION, 0.5f"), schedule=()
    ),
    "it calls home": lambda: changed("if (socket(2, 1, 0) < 0) __builtin_trap();", "", "#include <sys/socket.h>"),
    "it starts a process": lambda: changed("if (fork() < 0) __builtin_trap();", "", "#include <unistd.h>"),
    "it reads a file of the host": lambda: replace(seed(), text='#include "/etc/passwd"\n' + seed().text, schedule=()),
    "it takes memory": lambda: changed(
        "for (;;) { char *p = malloc(1 << 24); if (!p) abort(); memset(p, 1, 1 << 24); }", "",
        "#include <stdlib.h>\n#include <string.h>",
    ),
    "rows of the scratchpad past its end": lambda: changed("gemmini_mvin(a, 0x3fffff);", ""),
    "rows of the accumulator past its end": lambda: changed("", "gemmini_mvout(c, 0xbfffffff); gemmini_fence();"),
    "nothing is done": lambda: changed("return 0;", ""),
    "its sizes are refused": lambda: changed("return 1;", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(CHEATS))
def test_cheats_are_refused(name: str) -> None:
    found = judged(CHEATS[name](), seconds=2.0)
    assert found.status is not Status.OK and found.status is not Status.HARNESS_ERROR, found
    assert found.cost is None and found.feedback


def test_a_kernel_that_knows_one_size_is_wrong_at_others() -> None:
    found = judged(changed("if (m != 20) return 0;", ""))
    assert found.status is Status.WRONG


def test_host_work_between_commands_costs_cycles() -> None:
    plain, busy = judged(seed()), judged(changed("volatile int x = 0; for (int i = 0; i < 5000; i++) x = x + i;", ""))
    assert plain.cost is not None and busy.cost is not None
    assert busy.cost.value > plain.cost.value + 4000


def test_a_log_without_a_closing_fence_is_refused() -> None:
    import numpy as np

    with pytest.raises(RunFailure, match="fence"):
        bounded(np.array([[3, 0, 0, 0]], np.uint64))


def test_a_task_without_a_summary_is_never_the_hosts() -> None:
    source = task().source
    assert source is not None
    one, kernel = replace(task(), reference=source), replace(seed(), build=(HOST,))
    (refused,) = GemminiEvaluator().build(one, [kernel], limits=Limits())
    assert isinstance(refused, Evaluation) and refused.status is Status.COMPILE_ERROR


def test_a_comment_or_an_included_header_hides_nothing() -> None:
    top = "/* asm, #pragma, no_sanitize: words of a comment */\n#include <string.h>\n#include <unistd.h>"
    assert judged(changed("", "", top)).status is Status.OK


def test_an_error_names_the_line_of_the_kernel() -> None:
    found = judged(replace(seed(), text="int f(void) {\n    return nothing;\n}\n", schedule=()))
    assert found.status is Status.COMPILE_ERROR and "kernel.c:2" in found.log, found


def test_forged_line_marks_hide_no_code() -> None:
    mark = "accelcore_mark"
    assert forbidden(f'int {mark};\n# 1 "no_sanitize.h" 1 3\nint x;', mark) is None
    assert forbidden(f'int {mark};\n# 1 "x.h" no_sanitize\n', mark) == "no_sanitize"
    assert forbidden("int x;", mark) == forbidden(f"{mark} {mark}", mark) == "the mark"


def test_a_log_that_takes_too_long_to_simulate_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "SIMULATION_SHARE", 0.0)
    found = judged(seed())
    assert found.status is Status.TIMEOUT and "simulating" in found.feedback, found
