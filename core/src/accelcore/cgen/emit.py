"""From the loop language to C: one function per program.

The text means exactly what the program means, on any ISA: what an ISA has no instruction for is written with the
compilers' vector extensions, and a vector loop whose body needs one iteration after the other is written as a plain
loop, with the reason as a comment.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from accelcore.cgen import abi, accesses, accumulation, address, dots, interleaving, neighbours, segments
from accelcore.cgen.expressions import Expressions, stripped, uses_in
from accelcore.cgen.frame import Frame, Place
from accelcore.cgen.isa import VectorIsa
from accelcore.cgen.names import ctype, identifier
from accelcore.cgen.narrow import narrowed
from accelcore.cgen.rewriting import Block, expressions, introduced, substituted, unrolled
from accelcore.cgen.unit import Unit, Writer
from accelcore.errors import UnsupportedLowering
from accelcore.ir.expr import Expr, binary, index, param
from accelcore.loops.nodes import (
    Accumulate,
    Allocate,
    Buffer,
    For,
    If,
    Instruction,
    Kind,
    Memory,
    Prefetch,
    Program,
    Statement,
    Store,
    statements,
)
from accelcore.values import Role

_SIDE_BY_SIDE = frozenset({Kind.VECTOR, Kind.SCAN, Kind.COMPACT})


def emit(program: Program, isa: VectorIsa) -> str:
    """The C text of a program: headers, types, helpers, and `int ac_<name>(...)` of docs/abi.md.

    Raises UnsupportedLowering naming the operator or dtype that has no C code.
    """
    return Emitter(program, isa).text()


class Emitter:
    """Writes one program.  Statements are written in program order; a `Frame` tells where they stand."""

    def __init__(self, program: Program, isa: VectorIsa) -> None:
        body = unrolled(program.body, lambda f: bool(dots.candidates(isa, f, contract=program.reassociate)))
        self.program = narrowed(replace(program, body=body), widens=isa.widens)
        self.isa, self.unit, self.writer = isa, Unit(isa), Writer()
        self.workspace: list[Buffer] = []
        names = [b.name for b in program.arguments]
        self.writer.taken |= {identifier(name) for name in (*names, *introduced(self.program.body))}

    def text(self) -> str:
        """The whole translation unit."""
        frame = self.arguments()
        self.block(self.program.body, frame)
        if self.unit.streams:
            self.writer.line("_mm_sfence();")
        self.writer.line("return 0;")
        head = [f"{abi.prototype(self.program, workspace=bool(self.workspace))} {{"]
        body = [*self.workspace_pointers(frame), *self.writer.lines, "}"]
        size = abi.workspace_function(self.program, *self.workspace_sizes(frame)) if self.workspace else []
        return "\n".join([*self.unit.prelude(), *size, "", *head, *body, ""])

    def arguments(self) -> Frame:
        """The outermost frame: arguments and sizes by name."""
        frame = Frame(names={name: identifier(name) for name in abi.sizes(self.program)})
        for buffer in self.program.arguments:
            if buffer.role in (Role.SIZE, Role.SCALAR):
                frame = replace(frame, names={**frame.names, buffer.name: identifier(buffer.name)})
            else:
                pointer = not buffer.shape
                frame = frame.with_place(Place(buffer, (identifier(buffer.name),), pointer=pointer))
        return frame

    def expressions(self, frame: Frame, *written: Expr) -> Expressions:
        """A writer of expressions for one statement; `written` are those that it is going to write."""
        contract, uses = self.program.reassociate, uses_in(written)
        return Expressions(
            self.unit,
            self.writer,
            frame,
            contract,
            guarded=frame.guarded,
            uses=uses,
            certain=Expressions.read_by(written),
        )

    # Statements.

    def block(self, block: Block, frame: Frame) -> None:
        """Statements in order; a buffer is in scope after its Allocate."""
        at = self.expressions(frame)
        frame = segments.loaded(at, block)
        frame = neighbours.loaded(self.expressions(frame), block)
        together = segments if self.isa.scalable else interleaving
        for part in segments.grouped(at, block) if self.isa.scalable else interleaving.grouped(block):
            if len(part) > 1 and together.written(self.expressions(frame), part):
                continue
            for statement in part:
                if isinstance(statement, Allocate):
                    frame = self.allocate(statement.buffer, frame, block)
                else:
                    self.statement(statement, frame)

    def statement(self, statement: Statement, frame: Frame) -> None:
        """One statement other than Allocate."""
        match statement:
            case Store(buffer=name, indices=indices, value=value, stream=stream):
                accesses.write(self.expressions(frame, value), name, indices, value, stream=stream)
            case Accumulate(buffer=name, indices=indices, op=op, value=value):
                accumulation.accumulate(self.expressions(frame, value), name, indices, op, value)
            case If():
                self.conditional(statement, frame)
            case For():
                self.loop(statement, frame)
            case Prefetch(buffer=name, indices=indices, level=level):
                accesses.prefetch(self.expressions(frame), name, indices, level)
            case Instruction(name=name):
                raise UnsupportedLowering(f"the instruction {name!r} is not one of {self.isa.name}")

    def allocate(self, buffer: Buffer, frame: Frame, block: Block) -> Frame:
        """Declare a local buffer."""
        from accelcore.cgen.vectorize import allocate_lanes

        if frame.lanes is not None:
            return allocate_lanes(self, buffer, frame, block)
        name = identifier(buffer.name)
        if buffer.memory is Memory.WORKSPACE:
            if buffer not in self.workspace:
                self.workspace.append(buffer)
            return frame.with_place(Place(buffer, (name,)))
        element = "int" if buffer.dtype == "bool" and not buffer.shape else ctype(buffer.dtype)
        if not buffer.shape:
            self.writer.line(f"{element} {name};")
            return frame.with_place(Place(buffer, (name,)))
        if cellular(buffer, block):
            self.writer.line(f"{element} {', '.join(f'{name}_c{at}' for at in range(elements(buffer)))};")
            return frame.with_place(Place(buffer, (name,), cells=True))
        self.writer.line(f"{element} {name}[{elements(buffer)}] __attribute__((aligned(64)));")
        return frame.with_place(Place(buffer, (name,)))

    def conditional(self, statement: If, frame: Frame) -> None:
        """An if, or masks where the condition differs by lane."""
        at = self.expressions(frame, statement.condition)
        if at.varies(statement.condition):
            from accelcore.cgen.vectorize import masked

            masked(self, statement, frame)
            return
        with self.writer.block(f"if ({stripped(at.scalar(statement.condition))})"):
            self.block(statement.then, frame)
        if statement.otherwise:
            with self.writer.block("else"):
                self.block(statement.otherwise, frame)

    # Loops.

    def loop(self, loop: For, frame: Frame) -> None:
        """A loop of any kind."""
        from accelcore.cgen.vectorize import vector_loop

        if loop.extent.op == "const" and loop.extent.value <= 0:
            return
        if loop.kind in _SIDE_BY_SIDE and frame.lanes is None and vector_loop(self, loop, frame):
            return
        if dots.dotted(self, loop, frame):
            return
        if loop.kind is Kind.UNROLL and (body := unrolled((loop,))) != (loop,):
            self.block(body, frame)
            return
        if loop.unroll > 1 and loop.kind is not Kind.VECTOR:
            self.unrolled_loop(loop, frame)
        else:
            self.plain_loop(loop, frame)

    def extent(self, loop: For, frame: Frame) -> str:
        """C text of a loop's extent, which is the same for all lanes."""
        at = self.expressions(frame)
        return stripped(at.scalar(loop.extent))

    def plain_loop(self, loop: For, frame: Frame) -> None:
        """for (i = 0; i < extent; ++i)."""
        name = identifier(loop.iterator)
        head = f"for (int64_t {name} = 0; {name} < {self.extent(loop, frame)}; ++{name})"
        with self.writer.block(head):
            self.block(loop.body, frame.with_loop(loop.iterator, name, loop.extent))

    def unrolled_loop(self, loop: For, frame: Frame) -> None:
        """Several iterations per turn, with copies of the reduction variables; then the rest one by one."""
        from accelcore.cgen.reductions import spread_out

        name, times = identifier(loop.iterator), loop.unroll
        inside = frame.with_loop(loop.iterator, name, loop.extent)
        with self.writer.block(""):
            extent = self.extent(loop, frame)
            copies = spread_out(self, loop, frame)
            self.writer.line(f"int64_t {name} = 0;")
            with self.writer.block(f"for (; {name} + {times - 1} < {extent}; {name} += {times})"):
                for turn in range(times):
                    self.turn(loop, turn, inside, copies[turn % len(copies)])
            if loop.extent.op != "const" or int(loop.extent.value) % times:
                with self.writer.block(f"for (; {name} < {extent}; ++{name})"):
                    self.turn(loop, 0, inside, copies[0])
            copies.finish(self, inside)

    def turn(self, loop: For, turn: int, frame: Frame, places: Iterable[Place]) -> None:
        """One iteration of an unrolled loop."""
        for place in places:
            frame = replace(frame, places={**frame.places, place.buffer.name: place})
        if not turn:
            self.block(loop.body, frame)
            return
        later = binary("add", param(loop.iterator, "i64"), index(turn))
        body = substituted(loop.body, {loop.iterator: later})
        if any(isinstance(s, Allocate) for s in body):
            with self.writer.block(""):
                self.block(body, frame)
        else:
            self.block(body, frame)

    # Workspace.

    def workspace_sizes(self, frame: Frame) -> tuple[list[str], list[str]]:
        """C statements, and C text of each workspace buffer's bytes (a multiple of 64) after them."""
        writer = Writer(counter=self.writer.counter)
        at = Expressions(self.unit, writer, frame, contract=False)
        sizes = [abi.rounded_bytes(buffer, at.scalar) for buffer in self.workspace]
        return writer.lines, sizes

    def workspace_pointers(self, frame: Frame) -> list[str]:
        """Declarations of the workspace buffers inside the caller's scratch, one after the other."""
        if not self.workspace:
            return []
        lines, sizes = self.workspace_sizes(frame)
        offset = ""
        for buffer, size in zip(self.workspace, sizes, strict=True):
            element = ctype(buffer.dtype)
            start = f"((char *)ac_workspace + {offset})" if offset else "ac_workspace"
            lines.append(f"    {element} *restrict {identifier(buffer.name)} = ({element} *){start};")
            offset = f"{offset} + {size}" if offset else size
        return lines


def elements(buffer: Buffer) -> int:
    """Number of elements of a buffer of constant shape; UnsupportedLowering when it is not constant."""
    total = 1
    for extent in buffer.shape:
        if extent.op != "const":
            raise UnsupportedLowering(
                f"local buffer {buffer.name} has the extent {extent!r}", hint="put it into the workspace"
            )
        total *= int(extent.value)
    return total


def cellular(buffer: Buffer, block: Block) -> bool:
    """Whether all accesses of a register buffer are at constant indices, so that each element can be a variable."""
    if buffer.memory is not Memory.REGISTER or any(e.op != "const" for e in buffer.shape):
        return False
    return all(
        address.constant(address.polynomial(i)) is not None
        for s in statements(block)
        for at in accessed(s, buffer.name)
        for i in at
    ) and elements(buffer) <= 256  # fmt: skip


def accessed(statement: Statement, name: str) -> Iterable[tuple[Expr, ...]]:
    """Index tuples with which a statement accesses a buffer."""
    from accelcore.ir.expr import walk

    if isinstance(statement, Store | Accumulate | Prefetch) and statement.buffer == name:
        yield statement.indices
    for e in expressions(statement):
        for node in walk(e):
            if node.op == "get" and node.args[0].op == "input" and node.args[0].name == name:
                yield node.args[1:]
