"""Type inference: ranks and kinds of all variables of a function, from annotations and from use.

One walk over the (normalized) function builds type variables and flows between them; `types.settle` solves them.
Parameters without an annotation whose elements nothing decides are integers where an integer is needed, else reals.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field

from accelcore_llmlift.python import array_types, call_types
from accelcore_llmlift.python.annotations import Annotation
from accelcore_llmlift.python.module import Module, qualified
from accelcore_llmlift.python.types import Flow, Level, Link, Need, Type, raise_rank, settle

LEVELS = {"int": Level.INT, "real": Level.REAL, "bool": Level.BOOL, "": Level.NONE}


@dataclass(frozen=True)
class Wish:
    """A parameter is used as a whole with `rank` axes where nothing says more; None when nobody can tell."""

    name: str
    type: Type
    rank: int | None
    node: ast.expr


@dataclass
class Inference:
    """The state of one walk.

    leaves, reals: types whose numbers are known once their ranks are.  rules: laws of ranks.  wished: ranks of
    parameters that no subscript tells.  spread: operands of one element-wise operation.
    """

    module: Module
    variables: dict[str, Type] = field(default_factory=dict)
    flows: list[Flow] = field(default_factory=list)
    results: list[Type] = field(default_factory=list)
    assignments: dict[str, int] = field(default_factory=dict)
    appended: set[str] = field(default_factory=set)
    written: dict[str, None] = field(default_factory=dict)
    leaves: list[tuple[Level, Type]] = field(default_factory=list)
    reals: list[Type] = field(default_factory=list)
    rules: list[Callable[[], bool]] = field(default_factory=list)
    wished: list[Wish] = field(default_factory=list)
    indexed_names: set[str] = field(default_factory=set)
    kinds: frozenset[str] = frozenset()
    spread: list[tuple[Type, tuple[tuple[ast.expr, Type], ...]]] = field(default_factory=list)

    def variable(self, name: str) -> Type:
        """The type variable of a name."""
        if name not in self.variables and name in self.module.constants:
            return self.expression(self.module.constants[name])
        return self.variables.setdefault(name, Type())

    def flow(self, source: Type, target: Type, *, arithmetic: bool = True) -> None:
        """Values of source reach target."""
        self.flows.append(Flow(source, target, arithmetic))

    def numbers(self, source: Type, target: Type) -> None:
        """The numbers of source reach target, whatever their axes."""
        self.flows.append(Flow(source, target, link=Link.NUMBERS))

    def wide_as(self, target: Type, source: Type, change: int = 0) -> None:
        """The target has at least as many axes as the source turns out to have, and `change` more."""
        self.rules.append(lambda: raise_rank(target, source.rank + change))

    def least(self, node: ast.expr, kind: Type, rank: int, *, preferred: int | None) -> None:
        """A use as a whole asks so many axes; a parameter of which nothing says more gets `preferred`."""
        raise_rank(kind, rank)
        if isinstance(node, ast.Name):
            self.wished.append(Wish(node.id, kind, preferred, node))

    def index(self, node: ast.expr) -> None:
        """An extent or a position."""
        self.need(self.expression(node), Need.INDEX)

    def need(self, node: Type, need: Need) -> None:
        """A use asks something of a value."""
        node = node.find()
        node.need = max(node.need, need)

    # Statements.

    def block(self, statements: list[ast.stmt]) -> None:
        """Every statement of a block."""
        for statement in statements:
            self.statement(statement)

    def statement(self, node: ast.stmt) -> None:
        """One statement: flows into the variables that it changes."""
        match node:
            case ast.Assign(targets=targets, value=value):
                self.assign(targets, value)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self.assign([target], value)
            case ast.AugAssign(target=target, op=op, value=value):
                self.flow(self.arithmetic(target, op, value), self.target(target))
            case ast.For(target=target, iter=source, body=body):
                self.iterate(target, source)
                self.block(body)
            case ast.While(test=test, body=body):
                self.expression(test)
                self.counted(test, body)
                self.block(body)
            case ast.If(test=test, body=body, orelse=orelse):
                self.expression(test)
                self.block(body)
                self.block(orelse)
            case ast.Return(value=ast.expr() as value):
                self.returned(value)
            case ast.Expr(value=value):
                self.expression(value)
            case ast.Assert(test=test):
                self.expression(test)

    def counted(self, test: ast.expr, body: list[ast.stmt]) -> None:
        """`while i < n: ...; i += 1` asks an index of its bound."""
        last = body[-1] if body else None
        if isinstance(last, ast.AugAssign) and isinstance(last.target, ast.Name) and isinstance(test, ast.Compare):
            parts = [test.left, *test.comparators]
            if any(isinstance(p, ast.Name) and p.id == last.target.id for p in parts):
                for part in parts:
                    self.need(self.expression(part), Need.INDEX)

    def returned(self, value: ast.expr) -> None:
        """The values of a return statement."""
        parts = value.elts if isinstance(value, ast.Tuple) else [value]
        for at, part in enumerate(parts):
            if at == len(self.results):
                self.results.append(Type())
            self.flow(self.expression(part), self.results[at])

    def assign(self, targets: list[ast.expr], value: ast.expr) -> None:
        """One value to one or more targets; tuples part by part."""
        for target in targets:
            if isinstance(target, ast.Tuple | ast.List):
                self.unpack(target.elts, value)
            else:
                self.flow(self.expression(value), self.target(target))

    def unpack(self, targets: list[ast.expr], value: ast.expr) -> None:
        """`a, b = x, y`, `m, n = x.shape`, `a, b = row`."""
        if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(targets):
            for target, part in zip(targets, value.elts, strict=True):
                self.flow(self.expression(part), self.target(target))
            return
        if isinstance(value, ast.Attribute) and value.attr == "shape":
            node = self.expression(value.value)
            if isinstance(value.value, ast.Name):
                self.indexed_names.add(value.value.id)
            for target in targets:
                node = node.elements()
                self.flow(Type(Level.INDEX), self.target(target))
            return
        elements = self.expression(value).elements()
        for target in targets:
            self.flow(elements, self.target(target))

    def target(self, node: ast.expr) -> Type:
        """The type of what is assigned to."""
        if isinstance(node, ast.Name):
            self.assignments[node.id] = self.assignments.get(node.id, 0) + 1
        return self.expression(node)

    def iterate(self, target: ast.expr, source: ast.expr) -> None:
        """The loop variable takes the elements of what is iterated over."""
        name, args = _call(self.module, source)
        if name == "range":
            for bound in args:
                self.need(self.expression(bound), Need.INDEX)
            self.flow(Type(Level.INDEX), self.target(target))
        elif name == "enumerate" and isinstance(target, ast.Tuple):
            self.flow(Type(Level.INDEX), self.target(target.elts[0]))
            self.iterate(target.elts[1], args[0])
        elif name == "zip" and len(args) == 1 and isinstance(args[0], ast.Starred):  # columns
            self.flow(Type(element=self.expression(args[0].value).elements().elements()), self.target(target))
        elif name == "zip" and isinstance(target, ast.Tuple):
            for part, array in zip(target.elts, args, strict=False):
                self.iterate(part, array)
        elif name == "reversed":
            self.iterate(target, args[0])
        elif isinstance(target, ast.Tuple):
            elements = self.expression(source).elements().elements()
            for part in target.elts:
                self.flow(elements, self.target(part))
        else:
            self.flow(self.expression(source).elements(), self.target(target))

    # Expressions.

    def expression(self, node: ast.expr) -> Type:
        """The type of an expression."""
        match node:
            case ast.Constant(value=bool()):
                return Type(Level.BOOL)
            case ast.Constant(value=int()):
                return Type(Level.INDEX)
            case ast.Constant(value=float()):
                return Type(Level.REAL)
            case ast.Name(id=name):
                return self.variable(name)
            case ast.BinOp(left=left, op=op, right=right):
                return self.arithmetic(left, op, right)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                self.expression(operand)
                return Type(Level.BOOL)
            case ast.UnaryOp(operand=operand):
                return self.combined(self.expression(operand))
            case ast.Compare(left=left, comparators=others):
                return self.compared([left, *others])
            case ast.BoolOp(values=values):
                return self.joined(*(self.expression(v) for v in values))
            case ast.IfExp(test=test, body=body, orelse=orelse):
                self.expression(test)
                return self.merged(self.expression(body), self.expression(orelse))
            case ast.Subscript():
                return self.subscript(node)
            case ast.List(elts=elts) | ast.Tuple(elts=elts):
                found = Type(element=Type())
                for part in elts:
                    self.flow(self.expression(part), found.elements())
                return found
            case ast.ListComp(elt=elt, generators=generators) | ast.GeneratorExp(elt=elt, generators=generators):
                self.generators(generators)
                found = Type(element=Type())
                self.flow(self.expression(elt), found.elements())
                return found
            case ast.Call():
                return call_types.called(self, node)
            case ast.Attribute(value=value, attr=attr):
                return self.attribute(node, value, attr)
        return Type()

    def generators(self, generators: list[ast.comprehension]) -> None:
        """The `for ... if ...` parts of a comprehension."""
        for part in generators:
            self.iterate(part.target, part.iter)
            for test in part.ifs:
                self.expression(test)

    def attribute(self, node: ast.expr, value: ast.expr, attr: str) -> Type:
        """`math.pi`, `x.T`, `x.size`, `x.shape`."""
        if qualified(self.module, node).startswith(call_types.LIBRARIES):
            return Type(Level.REAL)
        if attr in ("T", "mT"):
            inner, found = self.expression(value), Type()
            self.least(value, inner, 2, preferred=2)
            self.wide_as(found, inner)
            self.numbers(inner, found)
            return found
        if attr == "shape":
            self.expression(value).elements()
            return Type(element=Type(Level.INDEX))
        return Type(Level.INDEX)

    def joined(self, *parts: Type) -> Type:
        """A new type that takes values of each part."""
        found = Type()
        for part in parts:
            self.flow(part, found)
        return found

    def combined(self, *parts: Type, arithmetic: bool = True) -> Type:
        """The result of an element-wise operation: as many axes as the largest operand."""
        found = Type()
        for part in parts:
            self.flows.append(Flow(part, found, arithmetic, Link.BROADCAST))
        return found

    def compared(self, parts: list[ast.expr]) -> Type:
        """The truth of a comparison, for each element."""
        found = Type()
        for part in parts:
            self.wide_as(found, self.expression(part))
        self.leaves.append((Level.BOOL, found))
        return found

    def merged(self, left: Type, right: Type) -> Type:
        """The type of one value or the other."""
        return self.joined(left, right)

    def arithmetic(self, left: ast.expr, op: ast.operator, right: ast.expr) -> Type:
        """The type of a binary operator."""
        if isinstance(op, ast.MatMult):
            return array_types.product(self, left, left, right)
        a, b = self.expression(left), self.expression(right)
        if isinstance(op, ast.Div):
            found = self.combined(a, b, arithmetic=False)
            found.level = Level.REAL
            self.spread.append((found, ((left, a), (right, b))))
            return found
        if isinstance(op, ast.Mult) and (isinstance(left, ast.List) or isinstance(right, ast.List)):
            array, count = (a, b) if isinstance(left, ast.List) else (b, a)
            self.need(count, Need.INDEX)
            return array
        found = self.combined(a, b)
        self.spread.append((found, ((left, a), (right, b))))
        if isinstance(op, ast.FloorDiv | ast.Mod | ast.BitAnd | ast.BitOr | ast.BitXor | ast.LShift | ast.RShift):
            self.need(found, Need.INTEGER)
        if isinstance(op, ast.Pow):
            found.level = Level.INDEX if _natural(right) else Level.REAL
        if not isinstance(op, ast.BitAnd | ast.BitOr | ast.BitXor):
            found.level = max(found.level, Level.INDEX)  # True + True is an integer
        return found

    def subscript(self, node: ast.Subscript) -> Type:
        """`x[i]`, `x[i, j]`, `x[i][a:b]`, `x.shape[0]`."""
        value = node.value
        if isinstance(value, ast.Attribute) and value.attr == "shape":
            axis = node.slice.value if isinstance(node.slice, ast.Constant) and type(node.slice.value) is int else 0
            found = self.expression(value.value)
            for _ in range(axis + 1):
                found = found.elements()
            return Type(Level.INDEX)
        subscripts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if isinstance(value, ast.Name) and not any(isinstance(s, ast.Slice | ast.Constant) for s in subscripts):
            self.indexed_names.add(value.id)
        return self.indexed(self.expression(value), list(subscripts))

    def indexed(self, node: Type, subscripts: list[ast.expr]) -> Type:
        """The type after subscripts: a slice keeps its axis, an index takes it away."""
        if not subscripts:
            return node
        first, *rest = subscripts
        if isinstance(first, ast.Constant) and first.value is Ellipsis:
            return self.after_ellipsis(node, rest)
        if isinstance(first, ast.Constant) and first.value is None:
            return Type(element=self.indexed(node, rest))
        if isinstance(first, ast.Slice):
            for bound in (first.lower, first.upper, first.step):
                if bound is not None:
                    self.need(self.expression(bound), Need.INDEX)
            return Type(element=self.indexed(node.elements(), rest))
        if isinstance(first, ast.Compare) or (where := self.expression(first)).rank:  # a mask, or positions
            if isinstance(first, ast.Compare):
                self.expression(first)
            else:
                self.need(where.leaf, Need.INDEX)
            return Type(element=self.indexed(node.elements(), rest))
        self.need(where, Need.INDEX)
        return self.indexed(node.elements(), rest)

    def after_ellipsis(self, node: Type, rest: list[ast.expr]) -> Type:
        """`x[..., k]`: as many axes fewer as indices follow."""
        lost = sum(not isinstance(r, ast.Slice) for r in rest)
        found = Type()
        raise_rank(node, max(1, len(rest)))
        for part in rest:
            if not isinstance(part, ast.Slice | ast.Constant):
                self.index(part)
        self.wide_as(found, node, -lost)
        self.numbers(node, found)
        return found


def _call(module: Module, node: ast.expr) -> tuple[str, list[ast.expr]]:
    if isinstance(node, ast.Call):
        return qualified(module, node.func), node.args
    return "", []


def _natural(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int and node.value >= 0


def infer(
    module: Module, function: ast.FunctionDef, said: dict[str, Annotation], results: tuple[Annotation, ...],
    kinds: dict[str, str],
) -> Inference:  # fmt: skip
    """Types of every variable of a normalized function; kinds: of local variables that are declared."""
    found = Inference(module, kinds=frozenset(kinds))
    found.variables.update({name: Type(LEVELS[kind], fixed=True) for name, kind in kinds.items()})
    for name, annotation in said.items():
        found.variables[name] = _declared(annotation)
    found.block(function.body)
    for node, annotation in zip(found.results, results, strict=False):
        found.flow(node, _declared(annotation)) if annotation.rank else None
    settle(found.flows, found.rules)
    _undecided(found, said)
    while _spread(found, said):
        settle(found.flows, found.rules)
    for level, node in found.leaves:  # the rank of what zeros_like gives is known only now
        node.leaf.level = max(node.leaf.level, level)
    for node in found.reals:
        node.leaf.level = Level.REAL
    for name in said:
        _default(found.variables[name].leaf, scalar=not found.variables[name].rank)
    settle(found.flows, found.rules)
    return found


def _undecided(found: Inference, said: dict[str, Annotation]) -> None:
    """Ranks of parameters that are only used as a whole: what their uses prefer, one axis for a bare ndarray."""
    open_names = {n for n, a in said.items() if a.rank is None} - found.indexed_names
    for wish in found.wished:
        if wish.name not in open_names or wish.type.find() is not found.variables[wish.name].find():
            continue
        if wish.rank is None and not any(w.name == wish.name and w.rank for w in found.wished):
            raise found.module.place.refuse(
                wish.node, f"nothing says how many axes {wish.name!r} has",
                f'annotate it, such as {wish.name}: "f32[m, n]", or give its shape in the docstring',
            )  # fmt: skip
        raise_rank(wish.type, wish.rank or 1)
    for name, annotation in said.items():
        if annotation.ndarray and annotation.rank is None:
            raise_rank(found.variables[name], 1)
    settle(found.flows, found.rules)


def _spread(found: Inference, said: dict[str, Annotation]) -> bool:
    """`out[i] = a[i] * b[i]` with rows of out: the rows of unannotated a and b have as many axes."""
    changed = False
    for result, parts in found.spread:
        wanted = result.rank
        if wanted and all(kind.rank < wanted for _, kind in parts):
            for node, kind in parts:
                if _is_row(node, said):
                    changed |= raise_rank(kind, wanted)
    return changed


def _is_row(node: ast.expr, said: dict[str, Annotation]) -> bool:
    """An element of a parameter whose rank nothing says, or arithmetic with one."""
    match node:
        case ast.Subscript(value=ast.Name(id=name)):
            return name in said and said[name].rank is None
        case ast.BinOp(left=left, right=right):
            return _is_row(left, said) or _is_row(right, said)
    return False


def _declared(annotation: Annotation) -> Type:
    level = LEVELS[annotation.kind]
    leaf = Type(level, fixed=bool(annotation.kind))
    for _ in range(annotation.rank or 0):
        leaf = Type(element=leaf)
    return leaf


def _default(leaf: Type, *, scalar: bool) -> None:
    """A parameter that nothing decides: an integer where one is needed, else a real; bounds and indices are sizes."""
    if scalar and leaf.need is Need.INDEX and leaf.level in (Level.NONE, Level.INDEX, Level.INT):
        leaf.level, leaf.fixed = Level.INDEX, True
    if leaf.fixed:
        return
    if leaf.level in (Level.NONE, Level.INDEX, Level.BOOL, Level.INT) and leaf.need:
        leaf.level = Level.INT
    elif leaf.level is not Level.INT:
        leaf.level = Level.REAL
    leaf.fixed = True
