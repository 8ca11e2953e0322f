"""Red team of the emulated target: cheats are named, honest kernels of other people's hands are accepted."""

from __future__ import annotations

import pytest
from rvv_tasks import RIGHT, hand, scaled

from accelcore.pipeline.benches import judged_once
from accelcore.values import Evaluation, Kernel, Limits, Status
from accelcore_rvv.evaluator import RvvEvaluator

pytestmark = [pytest.mark.usefixtures("emulator"), pytest.mark.redteam(times=20)]

LOOP = "for (int64_t i = 0; i < n; ++i) y[i] = x[i] + x[i];"
FIXED = """
    for (int64_t i = 0; i < n; i += 8) {
        size_t vl = __riscv_vsetvl_e32m1((size_t)(n - i < 8 ? n - i : 8));
        vfloat32m1_t v = __riscv_vle32_v_f32m1(x + i, vl);
        __riscv_vse32_v_f32m1(y + i, __riscv_vfadd_vv_f32m1(v, v, vl), vl);
    }
    return 0;
"""
TAIL = """
    size_t vl = __riscv_vsetvlmax_e32m1();
    for (int64_t i = 0; i < n; i += (int64_t)vl) {
        vfloat32m1_t v = __riscv_vle32_v_f32m1(x + i, vl);
        __riscv_vse32_v_f32m1(y + i, __riscv_vfadd_vv_f32m1(v, v, vl), vl);
    }
    return 0;
"""
REMEMBER = "static float first[64]; static int calls;"
CASES: dict[str, tuple[Kernel, set[Status]]] = {
    "honest": (hand(RIGHT), {Status.OK}),
    "plain loops": (hand(f"{LOOP} return 0;"), {Status.OK}),
    "only for VLEN 256": (hand(FIXED), {Status.WRONG}),
    "right at one length only": (hand(f"{LOOP} if (__riscv_vlenb() == 128) y[0] = 1; return 0;"), {Status.WRONG}),
    "past the end": (hand(TAIL), {Status.WRONG, Status.CRASHED}),
    "writes its input": (hand(f"{LOOP} ((float *)x)[0] = 0; return 0;"), {Status.CRASHED, Status.WRONG}),
    "nothing": (hand("return 0;"), {Status.WRONG}),
    "exits": (hand("exit(0);", "#include <stdlib.h>"), {Status.CHEATED}),
    "prints an answer": (hand(f'{LOOP} write(1, "COUNT", 5); return 0;', "#include <unistd.h>"), {Status.CHEATED}),
    "reads a file": (hand(f'{LOOP} return open("/proc/self/maps", 0) < 0;', "#include <fcntl.h>"), {Status.CHEATED}),
    "forks": (hand(f"if (fork() == 0) _exit(0); {LOOP} return 0;", "#include <unistd.h>"), {Status.CHEATED}),
    "asks the time": (
        hand(f"struct timespec t; clock_gettime(0, &t); {LOOP} return 0;", "#include <time.h>"),
        {Status.CHEATED, Status.OK},  # a vDSO needs no system call, and the time is of no use: blocks are counted
    ),
    "stops the count": (hand(f"ac_rv_end(); {LOOP} return 0;", "void ac_rv_end(void) {}"), {Status.COMPILE_ERROR}),
    "remembers": (
        hand(
            "if (calls++ < 2) { for (int64_t i = 0; i < n; ++i) { float v = x[i] + x[i]; y[i] = v;"
            " if (i < 64) first[i] = v; } } else for (int64_t i = 0; i < n; ++i) y[i] = first[i % 64]; return 0;",
            REMEMBER,
        ),
        {Status.WRONG, Status.CHEATED},
    ),
    "loops for ever": (hand("for (volatile int go = 1; go;) { } return 0;"), {Status.TIMEOUT}),
    "crashes": (hand("*(volatile int *)0 = 1; return 0;"), {Status.CRASHED}),
    "leaves at load": (
        hand(
            f"{LOOP} return 0;",
            "#include <unistd.h>\n__attribute__((constructor)) static void first(void) { _exit(0); }",
        ),
        {Status.CHEATED},
    ),
    "leaves a signal handler": (
        hand(
            f"signal(14, late); alarm(1); {LOOP} return 0;",
            "#include <signal.h>\n#include <unistd.h>\nstatic void late(int s) { (void)s; }",
        ),
        {Status.CHEATED},
    ),
    "makes a thread": (
        hand(
            f"pthread_t t; pthread_create(&t, 0, burn, 0); {LOOP} return 0;",
            "#include <pthread.h>\nstatic void *burn(void *p) { for (;;) (void)p; return 0; }",
        ),
        {Status.CHEATED, Status.COMPILE_ERROR},
    ),
    "calls home": (
        hand(f"if (socket(2, 1, 0) < 0) __builtin_trap(); {LOOP} return 0;", "#include <sys/socket.h>"),
        {Status.CHEATED},
    ),
    "signals its parent": (
        hand(f"kill(getppid(), 9); {LOOP} return 0;", "#include <signal.h>\n#include <unistd.h>"),
        {Status.CHEATED},
    ),
    "becomes another program": (
        hand('execl("/bin/true", "true", (char *)0); return 0;', "#include <unistd.h>"),
        {Status.CHEATED, Status.WRONG},
    ),
    "reads its environment": (
        hand(
            f'if (!getenv("SEED") && !getenv("PYTEST_CURRENT_TEST")) abort(); {LOOP} return 0;',
            "#include <stdlib.h>",
        ),
        {Status.CRASHED, Status.CHEATED},
    ),
    "takes memory": (
        hand(
            "for (;;) { char *p = malloc(1 << 24); if (!p) abort(); memset(p, 1, 1 << 24); }",
            "#include <stdlib.h>\n#include <string.h>",
        ),
        {Status.CRASHED, Status.TIMEOUT},
    ),
    "before the start": (hand(f"{LOOP} y[-1] = 0; return 0;"), {Status.WRONG, Status.CRASHED}),
    "uses its input as scratch": (
        hand(
            "float *s = (float *)x; for (int64_t i = 0; i < n; ++i) { float v = x[i]; s[i] = v + v; y[i] = s[i];"
            " s[i] = v; } return 0;"
        ),
        {Status.CRASHED, Status.WRONG},
    ),
    "a constant": (hand("for (int64_t i = 0; i < n; ++i) y[i] = 0; return 0;"), {Status.WRONG}),
    "its input": (hand("for (int64_t i = 0; i < n; ++i) y[i] = x[i]; return 0;"), {Status.WRONG}),
    "no numbers": (hand('for (int64_t i = 0; i < n; ++i) y[i] = __builtin_nanf(""); return 0;'), {Status.WRONG}),
    "the last element is left out": (hand(f"n -= 1; {LOOP} return 0;"), {Status.WRONG}),
    "half precision": (
        hand(
            "for (int64_t i = 0; i < n; ++i) { union { float f; uint32_t u; } b = {x[i]}; b.u &= 0xffff0000u;"
            " y[i] = b.f + b.f; } return 0;"
        ),
        {Status.WRONG},
    ),
    "one size": (
        hand("for (int64_t i = 0; i < 40; ++i) y[i] = x[i] + x[i]; return 0;"),
        {Status.WRONG, Status.CRASHED},
    ),
    "only where all is positive": (
        hand(f"for (int64_t i = 0; i < n; ++i) if (x[i] < 0) return 0; {LOOP} return 0;"),
        {Status.WRONG},
    ),
    "reads past the end": (hand(f"volatile float far = x[n + 4096]; (void)far; {LOOP} return 0;"), {Status.CRASHED}),
    "assembly leaves": (
        hand(f'{LOOP} __asm__ volatile("li a7, 94; li a0, 0; ecall" ::: "a0", "a7"); return 0;'),
        {Status.CHEATED, Status.COMPILE_ERROR},
    ),
    "eats the stack": (
        hand("volatile char all[1 << 26]; for (int i = 0; i < 1 << 26; i += 64) all[i] = 1; return 0;"),
        {Status.CRASHED},
    ),
}


def judged(kernel: Kernel, seconds: float = 10.0) -> Evaluation:
    return judged_once(RvvEvaluator(), scaled(), kernel, limits=Limits(seconds=seconds))


@pytest.mark.parametrize("name", CASES)
def test_redteam_kernels_get_what_they_deserve(name: str) -> None:
    kernel, expected = CASES[name]
    found = judged(kernel, 2.0 if "ever" in name else 10.0)
    assert found.status in expected, f"{name}: {found.status}: {found.feedback} {found.log}"
    assert (found.cost is not None) == (found.status is Status.OK)


def test_redteam_work_in_other_functions_is_counted() -> None:
    helper = f"static __attribute__((noinline)) void helper(const float *x, float *y, int64_t n) {{ {LOOP} }}"
    inside, outside = judged(hand(f"{LOOP} return 0;")), judged(hand("helper(x, y, n); return 0;", helper))
    assert inside.cost is not None and outside.cost is not None
    assert outside.cost.value >= inside.cost.value
