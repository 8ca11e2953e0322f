"""Small float tasks of several results that build on each other, such as a control step: u = -K x - d, y = A x + B u.

Every result is a signed sum of products of a matrix with a matrix or a vector, and at most one plain read; an operand
is an input or an earlier result.  Extents are numbers and everything stays in the scratchpad: inputs are loaded once,
sums are held in the array over all their products, results go to the scratchpad, from where they are stored and read by
the next.  So there is one fence, at the end, and no operand crosses the memory port twice.

A result that reads another one takes its float32 value where the summary has the exact one: that is how reals are
realized.  `library` is the same with one call of the programs library for each product and a fence after each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from accelcore.cgen.abi import signature
from accelcore.cgen.names import identifier
from accelcore.errors import UnsupportedLowering
from accelcore.ir.expr import Expr, fresh, get, substitute
from accelcore.values import Param, Summary, Task, abi_arguments
from accelcore_gemmini.config import Config
from accelcore_gemmini.lowering.frame import block
from accelcore_gemmini.lowering.reads import number, strip


@dataclass(frozen=True)
class Operand:
    """A whole input or result, as rows x cols; a vector is one column.  negated: loaded with the scale -1."""

    name: str
    rows: int
    cols: int
    negated: bool = False

    @property
    def text(self) -> str:
        """The parameter in C."""
        return identifier(self.name)


@dataclass(frozen=True)
class Chain:
    """result = sum of left * right + start."""

    result: Operand
    products: tuple[tuple[Operand, Operand], ...]
    start: Operand | None


def chains(task: Task, config: Config) -> tuple[Chain, ...]:
    """The results of a task in this form, in order.  UnsupportedLowering for any other."""
    if not config.is_float or not isinstance(task.reference, Summary):
        raise UnsupportedLowering("chains of results are for float instances")
    params = {p.name: p for p in task.params}
    known: dict[str, Expr] = {}
    made = []
    for name, post in task.reference.post:
        made.append(_chain(params[name], post, params, known))
        known[name] = post
    return tuple(made)


def _chain(param: Param, post: Expr, params: Mapping[str, Param], known: Mapping[str, Expr]) -> Chain:
    loops: list[Expr] = []
    while post.op == "comp":
        loops.append(fresh())
        post = substitute(post.args[1], {post.number: loops[-1]})
    if post.rank or not 1 <= len(loops) <= 2 or param.dtype != "f32":
        raise UnsupportedLowering(f"{param.name} is no vector or matrix of f32")
    reader = _Reader(params, known, loops)
    products, start = [], None
    for addend, sign in _addends(post, 1):
        if addend.op == "reduce" and addend.kind == "sum" and len(addend.args) == 2:
            products.append(reader.product(addend, sign))
        elif start is None:
            start = reader.operand(addend, loops, sign)
        else:
            raise UnsupportedLowering("a sum of several plain reads")
    if not products:
        raise UnsupportedLowering(f"{param.name} has no product")
    return Chain(_whole(param), tuple(products), start)


def _addends(e: Expr, sign: int) -> Iterator[tuple[Expr, int]]:
    e = _bare(e)
    if e.op in ("add", "sub"):
        yield from _addends(e.args[0], sign)
        yield from _addends(e.args[1], sign if e.op == "add" else -sign)
    elif e.op == "neg":
        yield from _addends(e.args[0], -sign)
    else:
        yield e, sign


def _bare(e: Expr) -> Expr:
    """Without roundings to float32 and widenings: over the reals."""
    while e.op == "cast" and e.dtype in ("f32", "real"):
        e = e.args[0]
    return e


def _whole(param: Param, *, negated: bool = False) -> Operand:
    extents = [number(e) for e in param.shape]
    if any(e is None or not 1 <= e <= 64 for e in extents) or not 1 <= len(extents) <= 2 or param.dtype != "f32":
        raise UnsupportedLowering(f"{param.name} is no small array of f32 of a size that is a number")
    rows, cols = [e or 0 for e in extents] if len(extents) == 2 else (extents[0] or 0, 1)
    return Operand(param.name, rows, cols, negated)


@dataclass
class _Reader:
    """Recognises operands under the loops of one result."""

    params: Mapping[str, Param]
    known: Mapping[str, Expr]
    loops: list[Expr]

    def product(self, e: Expr, sign: int) -> tuple[Operand, Operand]:
        k = fresh()
        inside = _bare(substitute(e.args[1], {e.number: k}))
        if inside.op == "neg":
            inside, sign = _bare(inside.args[0]), -sign
        if inside.op != "mul":
            raise UnsupportedLowering(f"{e} is no product")
        i, j = self.loops[0], self.loops[1:]
        for left, right in (inside.args, inside.args[::-1]):
            try:
                a, b = self.operand(left, [i, k], 1), self.operand(right, [k, *j], 1)
            except UnsupportedLowering:
                continue
            if number(e.args[0]) == a.cols == b.rows:
                return self._signed(a, b, sign)
        raise UnsupportedLowering(f"{e} is no product of whole arrays")

    def _signed(self, a: Operand, b: Operand, sign: int) -> tuple[Operand, Operand]:
        if sign > 0:
            return a, b
        if b.name not in self.known:
            return a, replace(b, negated=True)
        if a.name not in self.known:
            return replace(a, negated=True), b
        raise UnsupportedLowering("a product of two results is subtracted")

    def operand(self, e: Expr, at: list[Expr], sign: int) -> Operand:
        """The array whose element at these variables `e` is: an input, or an earlier result's value."""
        e = strip(_bare(e))
        if e.op == "get" and e.args[0].op == "input" and list(e.args[1:]) == at:
            return _whole(self.params[e.args[0].name], negated=sign < 0)
        for name, post in self.known.items():
            if sign > 0 and post.rank == len(at) and _bare(get(post, *at)) is e:
                return _whole(self.params[name])
        raise UnsupportedLowering(f"{e} is no array at {at}")


class Writer:
    """The commands of a task's chains, straight from the first to the last."""

    def __init__(self, task: Task, found: tuple[Chain, ...], config: Config) -> None:
        self.task, self.chains, self.dim = task, found, config.dim
        self.wide = max(config.max_bytes // (config.dim * config.element_bytes), 1)
        self.bank = config.spad_rows // config.spad_banks
        self.rows_left = [0, 0, 0]
        self.places: dict[Operand, int] = {}
        self.lines: list[str] = []

    def text(self) -> str:
        """The kernel."""
        self.lines.append("gemmini_extended_config_ex(OUTPUT_STATIONARY, NO_ACTIVATION, 0, 1, 0, 0);")
        for chain in self.chains:
            self._one(chain)
        head = signature(self.task.name, abi_arguments(self.task), workspace=False, restrict="")
        about = f"/* {self.task.name} on a Gemmini accelerator: everything stays in the scratchpad. */"
        body = block(head, [*self.lines, "gemmini_fence();", "return 0;"])
        return f'{about}\n#include "include/gemmini.h"\n\n{body}\n'

    def _one(self, chain: Chain) -> None:
        for left, right in chain.products:
            self._load(left, 0)
            self._load(right, 1)
        if chain.start is not None:
            self._load(chain.start, 2)
        to = self._room(chain.result, 2)
        for row in range(0, chain.result.rows, self.dim):
            for col in range(0, chain.result.cols, self.dim):
                self._block(chain, row, col)
        size = 4 * chain.result.cols
        self.lines.append(f"gemmini_extended_config_st({size}, NO_ACTIVATION, ACC_SCALE_IDENTITY);")
        for row in range(0, chain.result.rows, self.dim):
            tall = min(self.dim, chain.result.rows - row)
            for col in range(0, chain.result.cols, self.dim):
                wide = min(self.dim, chain.result.cols - col)
                at = to + self._within(chain.result, row, col)
                place = row * chain.result.cols + col
                self.lines.append(f"gemmini_extended_mvout({chain.result.text} + {place}, {at}, {wide}, {tall});")

    def _block(self, chain: Chain, row: int, col: int) -> None:
        """A block of a result: the array holds its sum over the depth of all products."""
        tall, wide = min(self.dim, chain.result.rows - row), min(self.dim, chain.result.cols - col)
        steps = [(a, b, k) for a, b in chain.products for k in range(0, a.cols, self.dim)]
        for at, (a, b, k) in enumerate(steps):
            deep = min(self.dim, a.cols - k)
            start = self._at(chain.start, row, col) if chain.start is not None and at == 0 else "GARBAGE_ADDR"
            to = self._at(chain.result, row, col) if at + 1 == len(steps) else "GARBAGE_ADDR"
            kind = "accumulated" if at else "preloaded"
            self.lines.append(f"gemmini_extended_preload({start}, {to}, {wide}, {tall}, {wide}, {tall});")
            operands = f"{self._at(a, row, k)}, {self._at(b, k, col)}"
            self.lines.append(f"gemmini_extended_compute_{kind}({operands}, {deep}, {tall}, {wide}, {deep});")

    def _at(self, operand: Operand, row: int, col: int) -> str:
        return str(self.places[operand] + self._within(operand, row, col))

    def _within(self, operand: Operand, row: int, col: int) -> int:
        """Local rows from an operand's first to a block's first: blocks of a row lie after each other."""
        return (row // self.dim * -(-operand.cols // self.dim) + col // self.dim) * self.dim

    def _room(self, operand: Operand, bank: int) -> int:
        rows = -(-operand.rows // self.dim) * -(-operand.cols // self.dim) * self.dim
        self.places[operand] = bank * self.bank + self.rows_left[bank]
        self.rows_left[bank] += rows
        if self.rows_left[bank] > self.bank:
            raise UnsupportedLowering("the operands do not fit the scratchpad")
        return self.places[operand]

    def _load(self, operand: Operand, bank: int) -> None:
        """All of an operand, once."""
        if operand in self.places:
            return
        base = self._room(operand, bank)
        scale = "-1.0f" if operand.negated else "MVIN_SCALE_IDENTITY"
        self.lines.append(f"gemmini_extended4_config_ld({4 * operand.cols}, {scale}, 0, DIM, 0);")
        for row in range(0, operand.rows, self.dim):
            for col in range(0, operand.cols, self.dim * self.wide):
                wide, tall = min(self.dim * self.wide, operand.cols - col), min(self.dim, operand.rows - row)
                to, place = base + self._within(operand, row, col), row * operand.cols + col
                self.lines.append(f"gemmini_extended_mvin({operand.text} + {place}, {to}, {wide}, {tall});")


def library(task: Task, found: tuple[Chain, ...]) -> str:
    """One call for each product, which adds what the result has so far, and a fence after it."""
    lines = []
    for chain in found:
        sign = _common_sign(chain)
        have = chain.start.text if chain.start else "NULL"
        for a, b in chain.products:
            r = chain.result
            lines += [
                f"tiled_matmul_auto({r.rows}, {r.cols}, {a.cols}, {a.text}, {b.text}, {have}, {r.text},",
                f"                  {a.cols}, {b.cols}, {r.cols}, {r.cols}, MVIN_SCALE_IDENTITY, MVIN_SCALE_IDENTITY,",
                f"                  MVIN_SCALE_IDENTITY, NO_ACTIVATION, {sign}, 0, 0, 0, 0, 0, 0, 0, WS);",
                "gemmini_fence();",
            ]
            have = r.text
    head = signature(task.name, abi_arguments(task), workspace=False, restrict="")
    return f'#include "include/gemmini.h"\n\n{block(head, [*lines, "return 0;"])}\n'


def _common_sign(chain: Chain) -> str:
    """The scale of all parts of a result; UnsupportedLowering where a call cannot have one for all."""
    signs = {a.negated != b.negated for a, b in chain.products} | ({chain.start.negated} if chain.start else set())
    if len(signs) > 1 or (signs == {True} and len(chain.products) > 1):
        raise UnsupportedLowering("parts of different signs")
    return "-1.0f" if signs == {True} else "1.0f"
