"""The harness of an export: stored inputs with exact results, and a small C program that runs the kernel on them.

`make check` in the folder builds both and says how many results were within their bounds.  vectors.bin holds, for each
case: the sizes (int64, by name), then every array and scalar at entry in the order of the C function but the results,
then for each result its expected values and the accepted deviation, both as double (integers: the value as int64, no
deviation).  Byte order is that of the machine that wrote it, which is little-endian.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accelcore.export.interface import Interface, c_count
from accelcore.ir.dtypes import DTYPES
from accelcore.values import AbiArg, Role

if TYPE_CHECKING:
    import numpy as np

    Arrays = Mapping[str, np.ndarray[Any, Any]]


@dataclass(frozen=True)
class Case:
    """One stored check: sizes, inputs (scalars as arrays of shape ()), exact results, accepted deviations."""

    sizes: Mapping[str, int]
    inputs: Arrays
    expected: Arrays
    deviation: Arrays


def vectors(interface: Interface, cases: Iterable[Case]) -> bytes:
    """The contents of vectors.bin."""
    import numpy as np

    parts: list[bytes] = []
    for case in cases:
        parts.append(np.array([case.sizes[n] for n in interface.sizes], np.int64).tobytes())
        given = [a for a in interface.arguments if a.kind != "size" and a.role is not Role.OUT]
        parts += [np.ascontiguousarray(case.inputs[a.name]).tobytes() for a in given]
        for argument in _results(interface):
            kind = np.float64 if DTYPES[argument.dtype].is_float else np.int64
            parts.append(np.ascontiguousarray(case.expected[argument.name]).astype(kind).tobytes())
            if kind is np.float64:
                parts.append(np.ascontiguousarray(case.deviation[argument.name], np.float64).tobytes())
    return b"".join(parts)


def _results(interface: Interface) -> list[AbiArg]:
    return [a for a in interface.arguments if a.role in (Role.OUT, Role.INOUT)]


_HEAD = """\
/* Runs the kernel on the stored inputs of vectors.bin and compares: needs a C compiler, nothing else. */
#include "kernel.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FILE *vectors;
static long compared, wrong;

static void *load(int64_t count, size_t element) {
    size_t bytes = (size_t)count * element;
    char *data = malloc(bytes ? bytes : 1);
    if (data == NULL || fread(data, 1, bytes, vectors) != bytes) {
        fprintf(stderr, "vectors.bin is cut off\\n");
        exit(2);
    }
    return data;
}

/* A result starts as bytes that are no number, so that what is never written is never right. */
static void *blank(int64_t count, size_t element) {
    size_t bytes = (size_t)count * element;
    char *data = malloc(bytes ? bytes : 1);
    if (data == NULL) {
        fprintf(stderr, "out of memory\\n");
        exit(2);
    }
    memset(data, 0xff, bytes);
    return data;
}

static void report(const char *name, int number, int64_t at, double got, double want) {
    if (wrong++ < 8)
        printf("case %d: %s[%" PRId64 "] is %.17g, not %.17g\\n", number, name, at, got, want);
}

static void compare_real(const char *name, int number, int64_t at, double got, double want, double deviation) {
    compared++;
    if (isnan(want) ? !isnan(got) : !(got == want || fabs(got - want) <= deviation))
        report(name, number, at, got, want);
}

static void compare_integer(const char *name, int number, int64_t at, int64_t got, int64_t want) {
    compared++;
    if (got != want)
        report(name, number, at, (double)got, (double)want);
}
"""

_BF16 = """
static double from_bf16(uint16_t bits) {
    uint32_t wide = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &wide, sizeof value);
    return value;
}
"""


def check_c(interface: Interface, count: int) -> str:
    """check.c for `count` cases.  Raises UnsupportedLowering for extents that C cannot compute."""
    bf16 = any(a.dtype == "bf16" for a in _results(interface))
    return _HEAD + (_BF16 if bf16 else "") + _case(interface) + _main(interface, count)


def _case(interface: Interface) -> str:
    from accelcore.cgen.names import ctype, identifier

    sizes = [identifier(n) for n in interface.sizes]
    lines = ["", "static void check_case(int number) {"]
    if sizes:
        lines.append(f"    int64_t *sizes = load({len(sizes)}, sizeof(int64_t));")
        lines += [f"    int64_t {name} = sizes[{at}];" for at, name in enumerate(sizes)]
        lines.append(f"    {' '.join(f'(void){name};' for name in sizes)}")
    freed = ["sizes"] if sizes else []
    for a in interface.arguments:
        name = identifier(a.name)
        if a.kind == "pointer":
            maker = "blank" if a.role is Role.OUT else "load"
            lines.append(f"    {ctype(a.dtype)} *{name} = {maker}({c_count(a)}, sizeof *{name});")
            freed.append(name)
        elif a.kind == "scalar":
            lines.append(f"    {ctype(a.dtype)} *{name} = load(1, sizeof *{name});")
            freed.append(name)
    passed = [f"*{identifier(a.name)}" if a.kind == "scalar" else identifier(a.name) for a in interface.arguments]
    if interface.has_workspace:
        lines.append(f"    void *workspace = aligned_alloc(64, ({_rounded(interface, sizes)}));")
        passed.append("workspace")
        freed.append("workspace")
    lines.append(f"    int status = {interface.entry}({', '.join(passed)});")
    lines.append("    if (status != 0)")
    lines.append('        printf("case %d: the kernel does not support these sizes\\n", number), wrong++;')
    for a in _results(interface):
        lines += _compared(a, identifier(a.name))
    lines += [f"    free({name});" for name in freed]
    return "\n".join([*lines, "}", ""])


def _rounded(interface: Interface, sizes: Sequence[str]) -> str:
    bytes_ = f"{interface.entry}_workspace({', '.join(sizes)})"
    return f"(size_t)({bytes_} + 127) / 64 * 64"


def _compared(argument: AbiArg, name: str) -> list[str]:
    count = c_count(argument)
    real = DTYPES[argument.dtype].is_float
    value = f"from_bf16({name}[i])" if argument.dtype == "bf16" else f"{name}[i]"
    lines = [f"    {'double' if real else 'int64_t'} *{name}_want = load({count}, 8);"]
    if real:
        lines.append(f"    double *{name}_deviation = load({count}, 8);")
    lines.append(f"    for (int64_t i = 0; status == 0 && i < {count}; i++)")
    if real:
        arguments = f"(double){value}, {name}_want[i], {name}_deviation[i]"
        lines.append(f'        compare_real("{argument.name}", number, i, {arguments});')
    else:
        lines.append(f'        compare_integer("{argument.name}", number, i, (int64_t){value}, {name}_want[i]);')
    return [*lines, f"    free({name}_want);", *([f"    free({name}_deviation);"] if real else [])]


def _main(interface: Interface, count: int) -> str:
    return f"""
int main(int argc, char **argv) {{
    vectors = fopen(argc > 1 ? argv[1] : "vectors.bin", "rb");
    if (vectors == NULL) {{
        perror("vectors.bin");
        return 2;
    }}
    for (int number = 0; number < {count}; number++)
        check_case(number);
    fclose(vectors);
    printf("{interface.task.name}: %ld results compared on {count} inputs, %ld wrong\\n", compared, wrong);
    return wrong != 0;
}}
"""


def makefile(command: Sequence[str], foreign: tuple[str, str] | None = None) -> str:
    """The Makefile; `command` is the compiler with flags, libraries at its end.

    foreign: the cross compiler and the emulator, as shell words, of a kernel that does not run on this machine.
    """
    flags = " ".join(c for c in command[1:] if not c.startswith("-l"))
    libraries = " ".join(dict.fromkeys([*(c for c in command if c.startswith("-l")), "-lm"]))
    compiler = foreign[0] if foreign else f"$(shell command -v {Path(command[0]).name} || echo cc)"
    runner = f"{foreign[1]} " if foreign else ""
    return (
        "# make check: runs the kernel on the stored inputs and compares with the exact results.\n"
        f"CC = {compiler}\n"
        f"CFLAGS = {flags}\n"
        f"LDLIBS = {libraries}\n\n"
        f"check: check-kernel\n\t{runner}./check-kernel vectors.bin\n\n"
        "check-kernel: check.c kernel.c kernel.h\n\t$(CC) $(CFLAGS) -o $@ check.c kernel.c $(LDLIBS)\n\n"
        "clean:\n\trm -f check-kernel kernel-*.so\n\n"
        ".PHONY: check clean\n"
    )
