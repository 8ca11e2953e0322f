"""The machine code that calls kernels: equal to its listing, and equal to what ctypes does."""

from __future__ import annotations

import platform
import random
import shutil
import struct
import subprocess

import numpy as np
import pytest

from accelcore.judge.inputs import numpy_dtype
from accelcore.sandbox import COMPILER, run_child
from accelcore.sandbox._jail import trampoline
from accelcore.sandbox.frames import pack, signature, word_of
from accelcore.sandbox.native import Library
from accelcore.sandbox.native.session import Session
from accelcore.values import AbiArg, Limits, Role, Status

X86 = platform.machine() == "x86_64"


@pytest.mark.skipif(not X86 or not shutil.which("gcc"), reason="needs x86-64 and gcc")
def test_code_is_the_listing(tmp_path):
    (tmp_path / "t.s").write_text(".intel_syntax noprefix\n" + trampoline.LISTING)
    subprocess.run(["gcc", "-c", "t.s", "-o", "t.o"], cwd=tmp_path, check=True)
    subprocess.run(["objcopy", "-O", "binary", "-j", ".text", "t.o", "t.bin"], cwd=tmp_path, check=True)
    assert (tmp_path / "t.bin").read_bytes() == trampoline.CODE


TYPES = {
    "i8": "int8_t", "u8": "uint8_t", "i32": "int32_t", "u64": "uint64_t", "i64": "int64_t", "f32": "float",
    "f64": "double",
}  # fmt: skip


def _kernel(dtypes):
    """C that stores every argument, converted to double, and its exact low bits."""
    arguments = ", ".join(f"{TYPES[d]} a{at}" for at, d in enumerate(dtypes))
    stores = "".join(f"out[{at}] = (double)a{at};" for at in range(len(dtypes)))
    return f"#include <stdint.h>\nint ac_k({arguments}, double *out) {{ {stores} return 7; }}\n"


@pytest.mark.skipif(not shutil.which("gcc"), reason="no gcc")
@pytest.mark.parametrize("direct", [True, False] if X86 else [False])
@pytest.mark.parametrize("count", [1, 5, 9, 22])
def test_any_signature(tmp_path, count, direct):
    rng = random.Random(count)
    dtypes = [rng.choice(list(TYPES)) for _ in range(count)]
    (tmp_path / "k.c").write_text(_kernel(dtypes))
    done = run_child(["gcc", "-O1", "-shared", "-fPIC", "k.c", "-o", "k.so"], COMPILER, Limits(60), cwd=tmp_path)
    assert done.status is Status.OK, done.text
    arguments = [AbiArg(f"a{at}", "scalar", d, Role.SCALAR) for at, d in enumerate(dtypes)]
    arguments.append(AbiArg("out", "pointer", "f64", Role.OUT))
    values = [np.array(200 if d[0] == "u" else rng.choice([-1, 3, 100]), numpy_dtype(d)) for d in dtypes]
    letters = signature(arguments, workspace=False)
    assert len(letters) == count + 1
    _run(tmp_path / "k.so", letters, values, direct)


def _run(path, letters, values, direct):
    """Two calls through `Caller` in this process: the library is our own."""
    import ctypes

    library = ctypes.CDLL(str(path))
    out = (ctypes.c_double * len(values))()
    words = np.array([[*(word_of(v) for v in values), ctypes.addressof(out)]] * 2, np.uint64)
    data, stride = pack(letters, words, direct=direct)
    frames = ctypes.create_string_buffer(data, len(data))
    caller = trampoline.Caller(letters)
    if not direct:
        caller._run = None
    function = ctypes.cast(library.ac_k, ctypes.c_void_p).value
    caller.run(function, ctypes.addressof(frames), 2, stride)
    assert list(out) == [float(v) for v in values]
    assert [struct.unpack_from("<i", frames, at * stride + 8)[0] for at in range(2)] == [7, 7]


def test_session_closes_when_the_library_is_missing():
    from accelcore.errors import RunFailure

    absent = Library("/no/such/library.so", "ac_k", ())
    with Session(absent, (), Limits(5)) as session, pytest.raises(RunFailure) as caught:
        session.prepare([], [])
    assert caught.value.status == Status.COMPILE_ERROR
