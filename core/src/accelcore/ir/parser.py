"""Text to expressions: the inverse of `printer.text`, by recursive descent (grammar: docs/language.md).

The constructors of `ir.expr` do the type checking: their errors are reported with the place in the text.  A number
without a suffix takes the dtype of the other operand, an index in an index or extent, else "int" or "real".
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence

from accelcore.errors import IrError
from accelcore.ir import expr as E
from accelcore.ir.dtypes import DTYPES, INDEX
from accelcore.ir.lexer import Cursor
from accelcore.ir.printer import INFIX, PREFIX
from accelcore.values import Param, Role

_SIGNS = {sign: (op, strength) for op, (sign, strength) in INFIX.items()}
_PLAIN = frozenset({"tdiv", "trem", "min", "max", "pow"})
_NUMBERS = {"inf": math.inf, "nan": math.nan}

Operand = E.Expr | int | float
"""A literal without a suffix stays a number until its neighbour gives it a dtype."""


def parse(text: str, params: Iterable[Param] = (), *, sizes: Iterable[str] = ()) -> E.Expr:
    """The expression that the text says; names are those of the parameters, of sizes in their shapes, and of `sizes`.

    Raises IrError with line and column for text that does not parse or does not type-check.
    """
    parser = Parser(text, scope_of(params, sizes))
    e = parser.body({})
    if parser.cursor.token.kind != "end":
        parser.cursor.fail(f"unexpected {parser.cursor.token.text!r} after the expression")
    return E.coerce(e)


def scope_of(params: Iterable[Param], sizes: Iterable[str] = ()) -> dict[str, E.Expr]:
    """What the names of a task mean inside its expressions."""
    scope: dict[str, E.Expr] = {name: E.size(name) for name in sizes}
    for param in params:
        for extent in param.shape:
            scope.update((name, E.size(name)) for name in extent.sizes)
    for param in params:
        if param.role is Role.SIZE:
            scope[param.name] = E.size(param.name)
        elif param.shape:
            scope[param.name] = E.array(param.name, param.dtype, len(param.shape))
        else:
            scope[param.name] = E.param(param.name, param.dtype)
    return scope


Names = Mapping[str, E.Expr]


class Parser:
    """One text.  Methods take the bound variables and lets in scope and leave the cursor behind what they read."""

    def __init__(self, text: str, scope: Names) -> None:
        self.cursor = Cursor(text)
        self._scope = dict(scope)

    def body(self, names: Names) -> Operand:
        """[let name = e; ... in] e"""
        while self.cursor.accept("let"):
            inner = dict(names)
            while True:
                name = self.cursor.name()
                self.cursor.expect("=")
                inner[name] = E.coerce(self.expression(inner))
                if not self.cursor.accept(";"):
                    break
            self.cursor.expect("in")
            names = inner
        return self.expression(names)

    def expression(self, names: Names, strength: int = 0) -> Operand:
        """Operators that bind at least as much as `strength`, by precedence climbing."""
        at = self.cursor.token.at
        left = self._prefixed(names)
        while True:
            found = _SIGNS.get(self.cursor.token.text)
            if found is None or self.cursor.token.kind == "number" or found[1] < strength:
                return left
            self.cursor.next()
            right = self.expression(names, found[1] + 1)
            left = self._build(at, E.binary, found[0], left, right)

    def _prefixed(self, names: Names) -> Operand:
        token = self.cursor.token
        if token.text == "-" and (
            self.cursor.ahead().kind == "number" or self._is_number_word(self.cursor.ahead().text)
        ):
            self.cursor.next()
            return self._number(-1)
        for op, (sign, strength) in PREFIX.items():
            if token.kind != "number" and token.text == sign.strip():
                self.cursor.next()
                return self._build(token.at, E.unary, op, self.expression(names, strength))
        return self._suffixed(names)

    def _suffixed(self, names: Names) -> Operand:
        """An atom and the indices behind it."""
        e = self._atom(names)
        while self.cursor.token.text == "[":
            at = self.cursor.next().at
            indices = self._list(names, "]")
            e = self._build(at, E.get, e, *indices)
        return e

    def _atom(self, names: Names) -> Operand:
        token = self.cursor.token
        if token.kind == "number" or self._is_number_word(token.text):
            return self._number(1)
        if self.cursor.accept("("):
            e = self.expression(names)
            self.cursor.expect(")")
            return e
        if self.cursor.accept("["):
            return self._comp(names, token.at)
        if token.kind != "name":
            self.cursor.fail(f"expected an expression, found {token.text or 'the end'!r}")
        self.cursor.next()
        if token.text in ("true", "false"):
            return E.const(token.text == "true")
        if self.cursor.token.text == "(":
            self.cursor.next()
            return self._call(token.text, names, token.at)
        return self._name(token.text, names, token.at)

    def _name(self, name: str, names: Names, at: int) -> E.Expr:
        if name in names:
            return names[name]
        if name in self._scope:
            return self._scope[name]
        known = [*names, *self._scope]
        near = difflib.get_close_matches(name, known, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"known names: {', '.join(known) or 'none'}"
        return self.cursor.fail(f"unknown name {name!r}", hint, at)

    def _is_number_word(self, word: str) -> bool:
        stem, _, suffix = word.partition("_")
        return stem in _NUMBERS and (not suffix or suffix in DTYPES) and word not in self._scope

    def _number(self, sign: int) -> Operand:
        """A literal, with or without the suffix of a dtype."""
        token = self.cursor.next()
        if token.kind == "name":
            stem, _, suffix = token.text.partition("_")
            return self._typed(sign * _NUMBERS[stem], suffix or "real", token.at)
        value = sign * (int(token.text) if token.text.isdigit() else float(token.text))
        if value == 0 and sign < 0 and isinstance(value, float):
            value = -0.0
        after = self.cursor.token
        if after.kind == "name" and after.at == token.at + len(token.text) and after.text in DTYPES:
            self.cursor.next()
            return self._typed(value, after.text, token.at)
        return value

    def _typed(self, value: int | float, dtype: str, at: int) -> E.Expr:
        made = self._build(at, E.const, value, dtype)
        assert isinstance(made, E.Expr)
        return made

    def _list(self, names: Names, end: str) -> list[Operand]:
        items: list[Operand] = []
        while not self.cursor.accept(end):
            if items:
                self.cursor.expect(",")
            items.append(self.expression(names))
        return items

    def _build(self, at: int, build: Callable[..., E.Expr], *args: object) -> Operand:
        """A constructor's result; its complaint with the place in the text."""
        try:
            if build is E.unary and not isinstance(args[1], E.Expr):
                args = (args[0], E.coerce(args[1]))  # type: ignore[arg-type]  # a literal
            if build is E.get and not isinstance(args[0], E.Expr):
                raise IrError("a number has no elements")
            return build(*args)
        except IrError as error:
            self.cursor.fail(error.what, error.hint, at)
        except OverflowError:
            self.cursor.fail("a constant is too large", "", at)

    # Calls and binders.

    def _opens_range(self) -> bool:
        """Whether `name <` follows: in a place where no comparison can stand, that opens a binder."""
        return self.cursor.token.kind == "name" and self.cursor.ahead().text == "<"

    def _range(self, names: Names) -> tuple[E.Expr, E.Expr]:
        """name < extent: a fresh variable, to be named in the body, and the extent."""
        self.cursor.name()
        self.cursor.expect("<")
        return E.fresh(), E.coerce(self.expression(names, INFIX["lt"][1] + 1), INDEX)

    def _comp(self, names: Names, at: int) -> Operand:
        """[i < n: body]"""
        if not self._opens_range():
            self.cursor.fail("expected a range such as i < n")
        name = self.cursor.token.text
        i, extent = self._range(names)
        self.cursor.expect(":")
        body = E.coerce(self.body({**names, name: i}))
        self.cursor.expect("]")
        return self._build(at, E.comp, extent, _at(i, body))

    def _call(self, word: str, names: Names, at: int) -> Operand:
        """word( has been read."""
        scan = word.removeprefix("scan_")
        if self._opens_range() and (word in E.REDUCTIONS or (scan != word and scan in E.REDUCTIONS)):
            return self._running(word, names, at)
        special = {"fold": self._fold, "scatter": self._scatter, "filter": self._filter, "length": self._length}
        if word in special:
            return special[word](names, at)
        if word in DTYPES:
            return self._cast(word, names, at)
        args: list[Operand] = []
        dtype = None
        while not self.cursor.accept(")"):
            if args and self.cursor.accept(":"):
                dtype = self.cursor.name()
                self.cursor.expect(")")
                break
            if args:
                self.cursor.expect(",")
            args.append(self.expression(names))
        return self._applied(word, args, dtype, at)

    def _applied(self, word: str, args: list[Operand], dtype: str | None, at: int) -> Operand:
        arity = {"select": 3, "abs": 1, **dict.fromkeys(_PLAIN, 2)}.get(word, len(args))
        if len(args) != arity:
            self.cursor.fail(f"{word} takes {arity} arguments, not {len(args)}", "", at)
        if word == "select":
            return self._build(at, E.select, E.coerce(args[0]), *args[1:])
        if word == "abs":
            return self._build(at, E.unary, word, args[0])
        if word in _PLAIN:
            return self._build(at, E.binary, word, *args)
        if dtype is not None and dtype not in DTYPES:
            self.cursor.fail(f"unknown dtype {dtype!r}", "one of " + ", ".join(DTYPES), at)
        return self._build(at, lambda *a: E.call(word, *a, dtype=dtype), *args)

    def _cast(self, dtype: str, names: Names, at: int) -> Operand:
        """dtype(e) or dtype(e, rounding, mode)"""
        e = self.expression(names)
        how = ["nearest", "wrap"]
        if self.cursor.accept(","):
            how = [self.cursor.name()]
            self.cursor.expect(",")
            how.append(self.cursor.name())
        self.cursor.expect(")")
        return self._build(at, E.cast, E.coerce(e), dtype, *how)

    def _running(self, word: str, names: Names, at: int) -> Operand:
        """sum(k < n: body; init), and scans"""
        name = self.cursor.token.text
        k, extent = self._range(names)
        self.cursor.expect(":")
        body = E.coerce(self.body({**names, name: k}))
        init = [self.expression(names)] if self.cursor.accept(";") else []
        self.cursor.expect(")")
        build, kind = (E.scan, word[5:]) if word.startswith("scan_") else (E.reduce, word)
        return self._build(at, build, kind, extent, _at(k, body), *init)

    def _filter(self, names: Names, at: int) -> Operand:
        """filter(k < n, condition: value)"""
        name = self.cursor.token.text
        k, count = self._range(names)
        self.cursor.expect(",")
        holds = E.coerce(self.expression({**names, name: k}))
        self.cursor.expect(":")
        value = E.coerce(self.body({**names, name: k}))
        self.cursor.expect(")")
        return self._build(at, E.filtered, count, _at(k, holds), _at(k, value))

    def _length(self, names: Names, at: int) -> Operand:
        tensor, axis = E.coerce(self.expression(names)), 0
        if self.cursor.accept(","):
            axis = int(self.cursor.next().text)
        self.cursor.expect(")")
        return self._build(at, E.length, tensor, axis)

    def _scatter(self, names: Names, at: int) -> Operand:
        """scatter([extents], k < n: [indices] add= value; init)"""
        self.cursor.expect("[")
        extents = self._list(names, "]")
        self.cursor.expect(",")
        name = self.cursor.token.text
        k, count = self._range(names)
        self.cursor.expect(":")
        inner = {**names, name: k}
        self.cursor.expect("[")
        where = [E.coerce(i, INDEX) for i in self._list(inner, "]")]
        combine = self.cursor.name()
        self.cursor.expect("=")
        value = E.coerce(self.expression(inner))
        self.cursor.expect(";")
        init = self.expression(names)
        self.cursor.expect(")")

        def places(i: E.Expr) -> Sequence[E.Expr]:
            return [E.substitute(w, {k.number: i}) for w in where]

        return self._build(at, E.scatter, extents, count, places, _at(k, value), init, combine)

    def _fold(self, names: Names, at: int) -> Operand:
        """fold(a = init, b = init; k < n: update, update; a)"""
        accs: dict[str, E.Expr] = {}
        while True:
            name = self.cursor.name()
            self.cursor.expect("=")
            accs[name] = E.coerce(self.expression(names))
            if not self.cursor.accept(","):
                break
        self.cursor.expect(";")
        index = self.cursor.token.text
        k, extent = self._range(names)
        self.cursor.expect(":")
        variables = {name: E.fresh(start.dtype) for name, start in accs.items()}
        inner = {**names, **variables, index: k}
        updates: list[E.Expr] = []
        for start in accs.values():
            if updates:
                self.cursor.expect(",")
            updates.append(E.coerce(self.expression(inner), start.dtype))
        self.cursor.expect(";")
        which = self.cursor.name()
        if which not in accs:
            self.cursor.fail(f"{which!r} is no accumulator of this fold", f"one of {', '.join(accs)}")
        self.cursor.expect(")")

        def body(values: tuple[E.Expr, ...], i: E.Expr) -> Sequence[E.Expr]:
            opened = {k.number: i, **{v.number: new for v, new in zip(variables.values(), values, strict=True)}}
            return [E.substitute(u, opened) for u in updates]

        return self._build(at, E.fold, extent, list(accs.values()), body, list(accs).index(which))


def _at(variable: E.Expr, body: E.Expr) -> E.Body:
    """The body as a function of its variable, which the constructor renames."""
    return lambda i: E.substitute(body, {variable.number: i})
