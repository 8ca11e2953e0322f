"""Precompiled headers: the same code with and without, and no kernel that fails because of them."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import pytest

from accelcore.cgen import batch, toolchain
from accelcore.cgen.headers import Precompiled, compiled, leading
from accelcore.cgen.toolchain import Compiler
from accelcore.values import Kernel, Limits

LIMITS = Limits(seconds=60)
TEXT = """#include <stdint.h>
#include <immintrin.h>

int ac_f{n}(const float *x, float *out) {{
    _mm_storeu_ps(out, _mm_add_ps(_mm_loadu_ps(x), _mm_set1_ps({n}.0f)));
    return 0;
}}
"""
NATIVE = [one for one in toolchain.compilers() if one.family != "zig"] if platform.machine() == "x86_64" else []


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ACCELCORE_CACHE", str(tmp_path))
    monkeypatch.setattr(toolchain, "_HEADERS", Precompiled())
    return tmp_path / "build"


def shared(one: Compiler, text: str) -> Path:
    built = toolchain.compile_shared(one, text, ("-O2",), LIMITS)
    assert built.path is not None, built.log
    return built.path


def headers(cache: Path) -> list[Path]:
    return sorted(cache.glob("pch-*/kernel.h"))


def test_what_stands_first_is_found() -> None:
    assert leading(TEXT.format(n=1)) == ("stdint.h", "immintrin.h")
    assert leading("\n#include <math.h>\n#include <math.h>\nint x;\n#include <stdint.h>\n") == ("math.h",)
    assert leading("#define float double\n#include <immintrin.h>\n") == (), "what is defined first changes headers"
    assert leading("/* by hand */\n#include <immintrin.h>\n") == ()


@pytest.mark.parametrize("one", NATIVE, ids=lambda one: one.name)
def test_the_second_compilation_makes_a_header_and_code_is_the_same(
    one: Compiler, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared(one, TEXT.format(n=1))
    assert headers(cache) == []
    shared(one, TEXT.format(n=2))
    assert len(headers(cache)) == 1 and compiled(headers(cache)[0]).exists()
    assert {p.name.partition("-")[0] for p in cache.iterdir() if p.is_dir()} == {"pch"}, "nothing else is left behind"
    with_header = code(shared(one, TEXT.format(n=3)))
    monkeypatch.setenv("ACCELCORE_CACHE", str(tmp_path / "other"))
    assert code(shared(one, TEXT.format(n=3))) == with_header


def code(path: Path) -> bytes:
    """The machine code of ac_f3."""
    import subprocess

    command = ["objdump", "-d", "--no-show-raw-insn", "--disassemble=ac_f3", str(path)]
    text = subprocess.run(command, capture_output=True, check=True).stdout
    return text[text.index(b"<ac_f3>:") :]


@pytest.mark.parametrize("one", NATIVE, ids=lambda one: one.name)
def test_a_header_that_does_not_serve_is_given_up(one: Compiler, cache: Path) -> None:
    for n in (1, 2):
        shared(one, TEXT.format(n=n))
    (header,) = headers(cache)
    header.write_text("#error the headers of the system were replaced\n")
    compiled(header).write_bytes(b"not this compiler's")
    shared(one, TEXT.format(n=3))
    assert headers(cache) == []
    shared(one, TEXT.format(n=4))
    assert headers(cache) == [], "it is not tried again"


@pytest.mark.parametrize("one", NATIVE[:1], ids=lambda one: one.name)
def test_an_error_of_the_kernel_is_no_fault_of_the_header(one: Compiler, cache: Path) -> None:
    for n in (1, 2):
        shared(one, TEXT.format(n=n))
    built = toolchain.compile_shared(one, TEXT.format(n=3) + "int g( {", ("-O2",), LIMITS)
    assert built.path is None and "error" in built.log
    assert len(headers(cache)) == 1


def test_a_header_that_cannot_be_made_is_not_tried_again(tmp_path: Path) -> None:
    known, tried = Precompiled(), []

    def failing(command: list[str], work: Path) -> str:
        tried.append(command)
        return "no"

    header = tmp_path / "pch-1" / "kernel.h"
    for _ in range(4):
        assert known.ready(header, ["immintrin.h"], ["cc"], failing) is None
    assert len(tried) == 1 and os.listdir(tmp_path) == []


def test_headers_that_are_read_quickly_are_not_precompiled(tmp_path: Path) -> None:
    known = Precompiled()
    for _ in range(3):
        assert known.ready(tmp_path / "pch-1" / "kernel.h", ["math.h"], ["cc"], pytest.fail) is None


def test_a_batch_begins_with_the_headers_of_its_kernels() -> None:
    kernels = [Kernel(TEXT.format(n=n), "c", f"ac_f{n}", ("vectorize(i, 4)",)) for n in (1, 2)]
    assert leading(batch.joined(kernels)) == ("stdint.h", "immintrin.h")
