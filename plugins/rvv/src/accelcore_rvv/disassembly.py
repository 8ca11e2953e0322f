"""Basic blocks of the functions of a program, from llvm-objdump, and how often each ran."""

from __future__ import annotations

import functools
import re
import subprocess
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from accelcore.errors import MissingTool
from accelcore_rvv import assembly, elf
from accelcore_rvv.counts import Counts
from accelcore_rvv.toolchain import find_tool

_LINE = re.compile(r"^\s*([0-9a-f]+):\s+(\S+)\s*(.*)$")
_TARGET = re.compile(r"0x([0-9a-f]+)(?: <[^>]*>)?$")
_BRANCH_WORDS = "beq bne blt bge bltu bgeu beqz bnez blez bgez bltz bgtz bgt ble bgtu bleu j"
_BRANCHES = frozenset(_BRANCH_WORDS.split())
_ENDS = _BRANCHES | {"jal", "jalr", "jr", "call", "ret", "tail", "ecall", "ebreak"}
_ATTRIBUTES = "--mattr=+m,+a,+f,+d,+c,+v,+zba,+zbb,+zbs,+zvfh,+zfh,+zvbb,+zvbc"


@dataclass(frozen=True)
class Line:
    """One instruction: address, mnemonic, operands as the assembler takes them; target: of a branch, or None."""

    address: int
    name: str
    operands: str
    target: int | None = None

    @property
    def vector(self) -> bool:
        """Whether it is a vector instruction."""
        return self.name.startswith("v")

    @property
    def inserted(self) -> bool:
        """Whether it was put there for the emulator's sake (`assembly`)."""
        return self.name == assembly.NAME and self.operands.startswith(assembly.OPERANDS)


@dataclass(frozen=True)
class Block:
    """Instructions that run one after the other, entered at the first and left at the last."""

    function: str
    lines: tuple[Line, ...]
    following: tuple[int, ...]

    @property
    def address(self) -> int:
        """Of the first instruction."""
        return self.lines[0].address

    @property
    def own(self) -> tuple[Line, ...]:
        """The instructions of the program itself."""
        return tuple(line for line in self.lines if not line.inserted)


@dataclass(frozen=True)
class Ran:
    """A block, how often it ran, and the vector type (such as "e32,m4") that holds where it begins.

    misses: of the two levels of cache, in translated code that begins in this block.
    """

    block: Block
    count: int
    vtype: str
    misses: tuple[int, int] = (0, 0)


def executed(program: Path, counts: Counts) -> tuple[Ran, ...]:
    """The blocks that ran, by address.  MissingTool without llvm-objdump."""
    functions = elf.functions(program)
    starts = {row[0] for row in counts.rows}
    touched = sorted({f.name for f in functions for a in starts if f.address <= a < f.end})
    if not touched:
        return ()
    blocks = blocks_of(str(program), tuple(touched))
    types, misses = _types(blocks), _misses(blocks, counts)
    found = []
    for block in blocks:
        count = sum(n for address, size, n, *_ in counts.rows if address <= block.address < address + size)
        if count:
            found.append(Ran(block, count, types.get(block.address, ""), misses.get(block.address, (0, 0))))
    return tuple(found)


def _misses(blocks: Sequence[Block], counts: Counts) -> dict[int, tuple[int, int]]:
    """Misses by the block in which the translated code begins."""
    starts = [block.address for block in blocks]
    found: dict[int, tuple[int, int]] = {}
    for address, _, _, first, second in counts.rows:
        at = bisect_right(starts, address) - 1
        if at >= 0 and address <= blocks[at].lines[-1].address:
            before = found.get(starts[at], (0, 0))
            found[starts[at]] = (before[0] + first, before[1] + second)
    return found


@functools.lru_cache(maxsize=64)
def blocks_of(program: str, functions: tuple[str, ...]) -> tuple[Block, ...]:
    """Basic blocks of some functions."""
    tool = find_tool("llvm-objdump")
    if tool is None:
        raise MissingTool("no llvm-objdump", hint="apt-get install llvm-22")
    names = ",".join(functions)
    words = [tool, "-d", "--no-show-raw-insn", _ATTRIBUTES, f"--disassemble-symbols={names}", program]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=True)
    found: list[Block] = []
    lines: list[Line] = []
    function = ""
    for text in (*done.stdout.splitlines(), "0 <end>:"):
        head = re.match(r"^[0-9a-f]+ <(.+)>:$", text)
        if head:
            found += _split(function, lines)
            function, lines = head[1], []
        elif line := _parsed(text):
            lines.append(line)
    return tuple(sorted(set(found), key=lambda b: b.address))


def _parsed(text: str) -> Line | None:
    match = _LINE.match(text)
    if not match or match[2].startswith("<"):
        return None
    address, name, operands = int(match[1], 16), match[2], match[3].split("#")[0].strip()
    target = _TARGET.search(operands)
    if target is None:
        return Line(address, name, operands)
    return Line(address, name, operands[: target.start()] + "8", int(target[1], 16))


def _split(function: str, lines: Sequence[Line]) -> Iterator[Block]:
    """Blocks of one function."""
    if not lines:
        return
    heads = {lines[0].address} | {line.target for line in lines if line.target is not None}
    heads |= {b.address for a, b in pairwise(lines) if a.name in _ENDS}
    current: list[Line] = []
    for at, line in enumerate(lines):
        current.append(line)
        last = at + 1 == len(lines)
        if last or lines[at + 1].address in heads:
            after = () if last or line.name in ("j", "ret", "jr", "tail") else (lines[at + 1].address,)
            taken = (line.target,) if line.target is not None and line.name in _BRANCHES else ()
            yield Block(function, tuple(current), (*taken, *after))
            current = []


def _types(blocks: Sequence[Block]) -> dict[int, str]:
    """Vector type at the beginning of blocks, followed along the flow of control until nothing changes.

    Stops because a block that has a type keeps it: each gets one at most once.
    """
    known: dict[int, str] = {}
    by_address = {block.address: block for block in blocks}
    work = [(block.address, left) for block in blocks if (left := left_type(block, ""))]
    while work:
        address, vtype = work.pop()
        for after in by_address[address].following:
            if after in by_address and after not in known:
                known[after] = vtype
                if not left_type(by_address[after], ""):
                    work.append((after, vtype))
    return known


def left_type(block: Block, entered: str) -> str:
    """The vector type at the end of a block."""
    for line in reversed(block.lines):
        if line.name in ("vsetvli", "vsetivli"):
            return vtype_of(line)
    return entered


def vtype_of(line: Line) -> str:
    """`e32,m4` of a vsetvli."""
    parts = [part.strip() for part in line.operands.split(",")]
    return ",".join(parts[2:4])
