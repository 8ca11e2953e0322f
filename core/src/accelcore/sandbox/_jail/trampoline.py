"""Calling a C function of any signature many times over, without a compiler and without libffi's cost per call.

A *frame* holds one call: 64-bit words in the order

    0      number of words on the stack
    1      the returned value (rax), written by the call
    2..7   rdi rsi rdx rcx r8 r9
    8..15  low halves of xmm0..xmm7
    16..   arguments on the stack, in order

after the System V AMD64 calling convention (psABI 3.2.3).  `run(frames, count, stride, function)` walks `count` frames
that are `stride` bytes apart; an empty function for measuring what the walk itself costs stands behind it.  The bytes
are the assembly of LISTING; a test assembles it and compares.  Other machines go through ctypes.
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from typing import Any

LISTING = """
run:    push rbp
        mov rbp, rsp
        push rbx
        push r12
        push r13
        push r14
        mov rbx, rdi
        mov r12, rsi
        mov r13, rdx
        mov r14, rcx
next:   test r12, r12
        jz done
        mov rcx, [rbx]
        mov rax, rcx
        and rax, 1
        shl rax, 3
        sub rsp, rax
more:   test rcx, rcx
        jz load
        push qword ptr [rbx+rcx*8+120]
        dec rcx
        jmp more
load:   movsd xmm0, [rbx+64]
        movsd xmm1, [rbx+72]
        movsd xmm2, [rbx+80]
        movsd xmm3, [rbx+88]
        movsd xmm4, [rbx+96]
        movsd xmm5, [rbx+104]
        movsd xmm6, [rbx+112]
        movsd xmm7, [rbx+120]
        mov rdi, [rbx+16]
        mov rsi, [rbx+24]
        mov rdx, [rbx+32]
        mov rcx, [rbx+40]
        mov r8, [rbx+48]
        mov r9, [rbx+56]
        call r14
        mov [rbx+8], rax
        lea rsp, [rbp-32]
        add rbx, r13
        dec r12
        jmp next
done:   pop r14
        pop r13
        pop r12
        pop rbx
        pop rbp
        ret
empty:  xor eax, eax
        ret
"""
CODE = bytes.fromhex(
    "554889e5534154415541564889fb4989f44989d54989ce4d85e47472488b0b4889c84883e00148c1e0034829c44885c97409ff74cb"
    "7848ffc9ebf2f20f104340f20f104b48f20f105350f20f105b58f20f106360f20f106b68f20f107370f20f107b78488b7b10488b73"
    "18488b5320488b4b284c8b43304c8b4b3841ffd648894308488d65e04c01eb49ffcceb89415e415d415c5b5dc331c0c3"
)
EMPTY_AT = len(CODE) - 3
HEADER, GENERAL, FLOATING = 16, 6, 8  # words before the stack part, and registers of each class

_READ, _WRITE, _EXEC, _PRIVATE_ANONYMOUS = 1, 2, 4, 0x22


class Caller:
    """Calls functions over frames; `direct` says whether by machine code (frames as above) or by ctypes.

    By ctypes a frame is two header words as above and then the arguments in order, as `signature` types them:
    "q" for an integer or a pointer, "f" and "d" for the two floats.
    """

    def __init__(self, signature: str) -> None:
        self.signature = signature
        self.direct = sys.platform == "linux" and platform.machine() == "x86_64"
        self._page = _executable(CODE) if self.direct else 0
        self._run = ctypes.CFUNCTYPE(None, *(ctypes.c_void_p,) * 4)(self._page) if self.direct else None

    def run(self, function: int, frames: int, count: int, stride: int) -> None:
        """Call the function at that address once for each frame."""
        if self._run is not None:
            self._run(frames, count, stride, function)
            return
        types: dict[str, Any] = {"q": ctypes.c_int64, "f": ctypes.c_float, "d": ctypes.c_double}
        kinds = [types[letter] for letter in self.signature]
        call = ctypes.CFUNCTYPE(ctypes.c_int64, *kinds)(function)
        for at in range(frames, frames + count * stride, stride):
            values = [kind.from_address(at + 16 + 8 * place).value for place, kind in enumerate(kinds)]
            ctypes.c_int64.from_address(at + 8).value = call(*values)

    def run_empty(self, frames: int, count: int, stride: int) -> None:
        """The same walk over a function that does nothing."""
        if self._run is not None:
            self._run(frames, count, stride, self._page + EMPTY_AT)


def _executable(code: bytes) -> int:
    """A fresh executable page with this code.  OSError where the system forbids making one."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *(ctypes.c_int,) * 3, ctypes.c_long]
    size = 4096
    page: int | None = libc.mmap(None, size, _READ | _WRITE, _PRIVATE_ANONYMOUS, -1, 0)
    if page in (None, ctypes.c_void_p(-1).value):
        raise OSError(ctypes.get_errno(), "cannot map a page for the trampoline")
    assert page is not None
    ctypes.memmove(page, code, len(code))
    if libc.mprotect(ctypes.c_void_p(page), ctypes.c_size_t(size), _READ | _EXEC):
        raise OSError(ctypes.get_errno(), f"cannot make code executable: {os.strerror(ctypes.get_errno())}")
    return page
