"""Expressions to C: uniform ones as scalars, varying ones as vectors, each node once per statement.

Invariant: `Expressions.value(e)` gives texts without side effects that may be used any number of times until the
statement has been written.  What a select does not choose is either harmless to compute, or computed under a mask
(vectors) or a branch (scalars).
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass, field, replace

from accelcore.cgen import address, scalars, vectors
from accelcore.cgen.conditions import lane_mask
from accelcore.cgen.frame import Frame, Place, Value
from accelcore.cgen.instructions import Match
from accelcore.cgen.masks import Masks
from accelcore.cgen.names import ctype, literal
from accelcore.cgen.unit import NotVectorizable, Unit, Writer
from accelcore.ir.dtypes import DTYPES, INDEX
from accelcore.ir.expr import Expr, walk

_INLINE = 60
"""Longest text that is written in place instead of getting a temporary of its own."""
_LEAVES = frozenset({"const", "size", "param", "get", "cast"})


def uses_in(expressions: Iterable[Expr]) -> dict[Expr, int]:
    """How often each node is an operand, or is one of the expressions themselves."""
    found: dict[Expr, int] = {}
    seen: set[Expr] = set()
    for e in expressions:
        found[e] = found.get(e, 0) + 1
        for node in walk(e):
            if node not in seen:
                seen.add(node)
                for a in node.args:
                    found[a] = found.get(a, 0) + 1
    return found


@dataclass
class Expressions:
    """Writes the expressions of one statement into `writer`.

    frame: of the statement.  base: the frame before any select narrowed the active lanes; expressions that are
    harmless everywhere are evaluated there, so that both branches of a select share them.  guarded: whether there may
    be no lane at all that asks for the value.  certain: elements that the statement reads whatever it chooses.
    """

    unit: Unit
    writer: Writer
    frame: Frame
    contract: bool
    memo: MutableMapping[Expr, Value] = field(default_factory=dict)
    base: Expressions | None = None
    guarded: bool = False
    uses: dict[Expr, int] = field(default_factory=dict)
    certain: frozenset[Expr] = frozenset()
    _varies: dict[Expr, bool] = field(default_factory=dict)
    _harmless: dict[Expr, bool] = field(default_factory=dict)
    _settled: dict[Expr, bool] = field(default_factory=dict)
    roots: frozenset[Expr] = frozenset()

    @staticmethod
    def read_by(expressions: Iterable[Expr]) -> frozenset[Expr]:
        """Elements that evaluating the expressions reads in any case, whatever their conditions choose."""
        found: set[Expr] = set()
        seen: set[Expr] = set()
        left = list(expressions)
        while left:
            node = left.pop()
            if node not in seen:
                seen.add(node)
                if node.op == "get":
                    found.add(node)
                left += node.args[:1] if node.op in ("select", "land", "lor") else node.args
        return frozenset(found)

    @property
    def count(self) -> int:
        """Lanes of a vector here."""
        assert self.frame.lanes is not None
        return self.frame.lanes.count

    @property
    def groups(self) -> int:
        """Vectors side by side here."""
        assert self.frame.lanes is not None
        return self.frame.lanes.groups

    @property
    def masks(self) -> Masks:
        """Operations on masks here."""
        return Masks(self.unit, self.count)

    # Which values vary by lane.

    def varies(self, e: Expr) -> bool:
        """Whether `e` may differ between lanes."""
        if self.frame.lanes is None:
            return False
        found = self._varies.get(e)
        if found is None:
            found = self._varies[e] = self._varying(e)
        return found

    def _varying(self, e: Expr) -> bool:
        if e.op in ("param", "input"):
            place = self.frame.places.get(e.name)
            assert self.frame.lanes is not None
            return e.name == self.frame.lanes.iterator or (place is not None and place.varying)
        return any(self.varies(a) for a in e.args)

    # Values.

    def value(self, e: Expr) -> Value:
        """The value of `e`: uniform, or one text per group."""
        found = self.memo.get(e)
        if found is None:
            if self.base is not None and (e in self.base.memo or self.settled(e)):
                found = self.base.value(e)
            else:
                found = self._varying_value(e) if self.varies(e) else self._uniform(e)
            self.memo[e] = found
        return found

    def vector(self, e: Expr) -> tuple[str, ...]:
        """Texts of `e` by group, spread over the lanes if it is uniform."""
        return self.spread(self.value(e)).texts

    def spread(self, value: Value) -> Value:
        """A uniform value in all lanes."""
        if value.varying:
            return value
        if value.dtype == "bool":
            return self.masks.spread(value, self.groups)
        template = self.unit.isa.move("splat", value.dtype, self.count)
        text = value.texts[0]
        if template is None:
            text = vectors.splat(self.unit, value.dtype, self.count, text)
        else:
            text = self.expand(template, x=text)
        return Value(value.dtype, (text,) * self.groups, varying=True)

    def expand(self, template: str, **operands: str) -> str:
        """A template of the ISA with its operands."""
        return self.unit.expand(template, **operands)

    def scalar(self, e: Expr) -> str:
        """C text of a uniform expression."""
        value = self.value(e)
        if value.varying:
            raise NotVectorizable("a value that has to be the same in all lanes differs between them")
        return value.texts[0]

    def bound(self, dtype: str, kind: str, texts: tuple[str, ...], *, keep: bool) -> tuple[str, ...]:
        """Texts as temporaries of C type `kind`, or as they are when short or used only once."""
        limit = 0 if keep else _INLINE
        if all(t.isidentifier() or len(t) <= limit for t in texts):
            return texts
        names = []
        for text in texts:
            name = self.writer.temporary()
            self.writer.line(f"const {kind} {name} = {_stripped(text)};")
            names.append(name)
        return tuple(names)

    # Uniform expressions.

    def _uniform(self, e: Expr) -> Value:
        text = self._uniform_text(e)
        kind = "int" if e.dtype == "bool" else ctype(e.dtype)
        keep = e.op not in _LEAVES and self.uses.get(e, 2) > 1
        return Value(e.dtype, self.bound(e.dtype, kind, (text,), keep=keep))

    def _uniform_text(self, e: Expr) -> str:
        match e.op:
            case "const":
                return literal(e.value, e.dtype)
            case "size":
                return self.frame.names.get(e.name, e.name)
            case "param":
                return self._param(e)
            case "get":
                from accelcore.cgen.accesses import read_uniform

                return read_uniform(self, e)
            case "select":
                return self._uniform_select(e)
            case "cast":
                rounding, mode = str(e.attrs[0]), str(e.attrs[1])
                return scalars.convert(self.unit, self.scalar(e.args[0]), e.args[0].dtype, e.dtype, rounding, mode)
            case "call":
                return self._uniform_call(e)
        texts = [self.scalar(a) for a in e.args]
        operand = e.args[0].dtype
        if e.op in ("tdiv", "trem", "fdiv", "fmod") and self._plain_division(e):
            return f"({texts[0]} {'/' if e.op in ('tdiv', 'fdiv') else '%'} {texts[1]})"
        plain = self.is_index(e) if e.dtype == INDEX else self._exact(e)
        return scalars.apply(self.unit, e.op, e.dtype, texts, operand=operand, plain=plain)

    def _exact(self, e: Expr) -> bool:
        """Whether a sum or product of machine integers cannot leave its dtype."""
        from accelcore.cgen.narrow import overflows

        return e.op in ("add", "sub", "mul") and DTYPES[e.dtype].is_integer and not overflows(e)

    def _plain_division(self, e: Expr) -> bool:
        """Whether C's own division is right: unsigned or index operands, a divisor that is a positive constant."""
        divisor = e.args[1]
        if divisor.op != "const" or divisor.value <= 0 or DTYPES[e.dtype].is_float:
            return False
        return e.op in ("tdiv", "trem") or DTYPES[e.dtype].kind == "uint" or self._natural(e.args[0])

    def _natural(self, e: Expr) -> bool:
        """Whether an index expression cannot be negative."""
        low = address.bound(address.polynomial(e), self.frame.extents, upper=False)
        return self.is_index(e) and low is not None and address.nonnegative(low)

    def is_index(self, e: Expr) -> bool:
        """Whether `e` is made of sizes, iterators and constants only: such arithmetic does not overflow."""
        return e.dtype == INDEX and all(
            n.op in ("size", "const") or (n.op == "param" and n.name in self.frame.extents) or n.args
            for n in walk(e)
            if n.op != "get"
        ) and not any(n.op in ("get", "input") for n in walk(e))  # fmt: skip

    def _uniform_call(self, e: Expr) -> str:
        texts = [self.scalar(a) for a in e.args]
        if e.name in ("isnan", "isinf"):
            return scalars.test(e.name, texts[0])
        if e.name == "bitcast":
            return self._uniform_bitcast(e, texts[0])
        if e.dtype == "f16":
            wide = [f"(float){t}" for t in texts]
            return f"(_Float16){scalars.call(self.unit, e.name, 'f32', wide)}"
        return scalars.call(self.unit, e.name, e.dtype, texts)

    def _uniform_bitcast(self, e: Expr, text: str) -> str:
        source, target = ctype(e.args[0].dtype), ctype(e.dtype)
        name = f"ac_bits_{e.dtype}_{e.args[0].dtype}"
        body = f"{target} b; __builtin_memcpy(&b, &a, sizeof b); return b;"
        return f"{self.unit.helper(name, f'static inline {target} {name}({source} a) {{ {body} }}')}({text})"

    def _param(self, e: Expr) -> str:
        place = self.frame.places.get(e.name)
        if place is None:
            return self.frame.names.get(e.name, e.name)
        return f"{place.names[0]}[0]" if place.pointer else place.names[0]

    def _uniform_select(self, e: Expr) -> str:
        """condition ? a : b; statements of a branch that must not run otherwise go into an if."""
        condition = self.scalar(e.args[0])
        if all(self.settled(a) for a in e.args[1:]):
            a, b = (self.scalar(x) for x in e.args[1:])
            return f"({condition} ? {a} : {b})"
        name = self.writer.temporary()
        self.writer.line(f"{'int' if e.dtype == 'bool' else ctype(e.dtype)} {name};")
        for head, branch in ((f"if ({_stripped(condition)})", e.args[1]), ("else", e.args[2])):
            with self.writer.block(head):
                # What the branch computes is in scope inside its braces only: a memo layer of its own, and no base.
                inside = replace(self, memo=ChainMap({}, self.memo), base=None)
                self.writer.line(f"{name} = {_stripped(inside.scalar(branch))};")
        return name

    # Varying expressions.

    def _varying_value(self, e: Expr) -> Value:
        if e.op == "get" or (e.op == "param" and e.name in self.frame.places):
            from accelcore.cgen.accesses import read_varying

            return self._kept(e, read_varying(self, e))
        from accelcore.cgen.operators import exposed, is_iterator, turned_choice

        if e.op == "select":
            return self._kept(e, self._select(turned_choice(self, e)))
        mask = lane_mask(self, e)
        if mask is not None:
            return self._kept(e, mask)
        shown = exposed(self, e)
        counts = e.op == "param" or is_iterator(self, e)
        found = None if counts else self.unit.isa.match(shown, self.count, contract=self.contract)
        return self._kept(e, self._instruction(shown, found) if found else self._by_operator(shown))

    def _kept(self, e: Expr, value: Value) -> Value:
        """The value in temporaries; a leaf or a short text stays in place."""
        kind = self.masks.ctype(value) if e.dtype == "bool" else self.unit.vector(e.dtype, self.count)
        return replace(
            value, texts=self.bound(e.dtype, kind, value.texts, keep=e not in self.roots and self.uses.get(e, 2) > 1)
        )

    def _instruction(self, e: Expr, found: Match) -> Value:
        """An instruction of the ISA over its operands."""
        operands: dict[str, tuple[str, ...]] = {}
        template = found.instruction.template
        same = [name for name in found.instruction.scalars if not self.varies(found.operands[name])]
        if same:
            template = found.instruction.scalars[same[0]]
        for name, operand in found.operands.items():
            if name.startswith("imm"):
                operands[name] = (literal(operand.value, operand.dtype),) * self.groups
            elif name in same[:1]:
                operands[name] = (self.scalar(operand),) * self.groups
            else:
                operands[name] = self.masks.bare(self.spread(self.value(operand))).texts
        texts = tuple(self.expand(template, **{name: t[g] for name, t in operands.items()}) for g in range(self.groups))
        return Value(e.dtype, texts, varying=True, mask=self._mask_width(e))

    def _mask_width(self, e: Expr) -> int:
        """Lane width of the mask that an instruction gives for a bool."""
        if e.dtype != "bool" or self.unit.isa.masks != "lanes":
            return 0
        return DTYPES[e.args[0].dtype].bits or 0

    def _select(self, e: Expr) -> Value:
        found = self.unit.isa.match(e, self.count, contract=self.contract)
        decided = self.masks.opaque and not self.varies(e.args[0])
        if found is not None and not decided and all(self.settled(a) for a in found.operands.values()):
            return self._instruction(e, found)
        condition = self.value(e.args[0])
        if not condition.varying:
            return self._chosen(e, condition.texts[0])
        a = self.masked(e.args[1], condition, inverted=False)
        b = self.masked(e.args[2], condition, inverted=True)
        return self.blend(condition, a, b)

    def _chosen(self, e: Expr, condition: str) -> Value:
        """A select whose condition is the same in all lanes, between values that are not."""
        if not all(self.settled(a) for a in e.args[1:]):
            return self.blend(self.spread(Value("bool", (condition,))), *(
                self.masked(a, self.spread(Value("bool", (condition,))), inverted=bool(at))
                for at, a in enumerate(e.args[1:])
            ))  # fmt: skip
        a, b = (self.spread(self.value(x)) for x in e.args[1:])
        if e.dtype == "bool":
            a, b = self.masks.alike(a, b)
        texts = tuple(f"({condition} ? {x} : {y})" for x, y in zip(a.texts, b.texts, strict=True))
        return replace(a, texts=texts)

    def masked(self, e: Expr, condition: Value, *, inverted: bool) -> Value:
        """`e` where the condition holds (or does not), computed so that the other lanes do no harm."""
        if self.settled(e):
            return self.spread(self.value(e))
        active = self.masks.narrowed(self.frame.active, condition, inverted=inverted)
        active = self._mask_kept(active)
        inside = replace(
            self,
            frame=replace(self.frame, active=active),
            memo={},
            base=self.base or self,
            guarded=True,
        )
        return inside.spread(inside.value(e))

    def _mask_kept(self, mask: Value) -> Value:
        return replace(mask, texts=self.bound("bool", self.masks.ctype(mask), mask.texts, keep=True))

    def blend(self, condition: Value, a: Value, b: Value) -> Value:
        """a where the condition holds, else b, by lane."""
        a, b = self.spread(a), self.spread(b)
        if a.dtype == "bool":
            return self.masks.choose(condition, a, b)
        template = self.unit.isa.move("blend", a.dtype, self.count)
        if template is None and self.masks.whole:
            return self._blend_by_lane(condition, a, b)
        condition = self.masks.for_dtype(condition, a.dtype)
        texts = []
        for m, x, y in zip(self.spread(condition).texts, a.texts, b.texts, strict=True):
            if template is not None:
                texts.append(self.expand(template, m=m, a=x, b=y))
            else:
                texts.append(vectors.blend(self.unit, a.dtype, self.count, m, (x, y)))
        return Value(a.dtype, tuple(texts), varying=True)

    def _blend_by_lane(self, condition: Value, a: Value, b: Value) -> Value:
        from accelcore.cgen.operators import gathered, spilled

        columns = zip(spilled(self, condition), spilled(self, a), spilled(self, b), strict=True)
        return gathered(self, a.dtype, [f"{m} ? {x} : {y}" for m, x, y in columns])

    def rewritten(self, e: Expr) -> Expr | None:
        """The same value in operators that vectors have; None when `e` is written as it is."""
        from accelcore.cgen.operators import rewritten

        return rewritten(e)

    def _by_operator(self, e: Expr) -> Value:
        from accelcore.cgen.operators import varying

        return varying(self, e)

    # What may be computed where it is not asked for.

    def harmless(self, e: Expr) -> bool:
        """Whether computing `e` in lanes or on paths that do not ask for it can do no harm: every read is inside."""
        found = self._harmless.get(e)
        if found is None:
            here = e.op != "get" or self._read_inside(e)
            found = self._harmless[e] = here and all(self.harmless(a) for a in e.args)
        return found

    def settled(self, e: Expr) -> bool:
        """Whether computing `e` wherever the statement runs can do no harm: what it reads is inside, or read anyway."""
        found = self._settled.get(e)
        if found is None:
            here = e.op != "get" or e in self.certain or self._read_inside(e)
            found = self._settled[e] = here and all(self.settled(a) for a in e.args)
        return found

    def _read_inside(self, e: Expr) -> bool:
        place: Place | None = self.frame.places.get(e.args[0].name)
        if place is None or place.cells:
            return True
        shape = place.buffer.shape
        return len(shape) == len(e.args) - 1 and all(
            address.inside(at, extent, self.frame.extents) for at, extent in zip(e.args[1:], shape, strict=True)
        )


def _stripped(text: str) -> str:
    """Text without the parentheses around the whole of it."""
    if not text.startswith("(") or not text.endswith(")"):
        return text
    depth = 0
    for at, c in enumerate(text):
        depth += (c == "(") - (c == ")")
        if depth == 0 and at < len(text) - 1:
            return text
    return text[1:-1]


stripped = _stripped
