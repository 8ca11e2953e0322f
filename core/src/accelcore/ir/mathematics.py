"""Expressions as mathematics for people: one equation a result, shared parts named below it.

    out[i, j] = exp(x[i, j] − m[i]) / Σ_{k<n} exp(x[i, k] − m[i])    for i < m, j < n
      where m[i] = max_{l<n} x[i, l]

This form is for reading only.  Casts that change no value (to "int" and "real", and exact ones) and the rounding of a
result to its float dtype are left out; the text form (`printer.text`) shows them all.
"""

from __future__ import annotations

from accelcore.ir import expr as E
from accelcore.ir.dtypes import DTYPES
from accelcore.values import Summary, Task

_INFIX = {
    "lor": ("∨", 1), "land": ("∧", 2), "lt": ("<", 4), "le": ("≤", 4), "eq": ("=", 4), "ne": ("≠", 4),
    "or": ("|", 5), "xor": ("^", 6), "and": ("&", 7), "shl": ("<<", 8), "shr": (">>", 8), "add": ("+", 9),
    "sub": ("−", 9), "mul": ("·", 10), "div": ("/", 10), "fmod": ("mod", 10),
}  # fmt: skip
_BIG = {
    "sum": "Σ",
    "prod": "Π",
    "max": "max",
    "min": "min",
    "any": "∃",
    "all": "∀",
    "argmax": "argmax",
    "argmin": "argmin",
}
_STEM = {"sum": "s", "prod": "p", "max": "m", "min": "m", "argmax": "a", "argmin": "a"}
_POWERS = {2: "²", 3: "³", 4: "⁴"}
_PRODUCT, _UNARY, _ATOM = 10, 11, 12
_SHARED = 5
"""Nodes from which a repeated part is named in a where-line."""


def mathematics(task: Task) -> str:
    """All results of a task whose reference is a summary, one paragraph each; "" when it was not lifted."""
    if not isinstance(task.reference, Summary):
        return ""
    return "\n".join(equation(name, e) for name, e in task.reference.post)


def equation(name: str, e: E.Expr) -> str:
    """`name` equals `e`, elementwise."""
    return _Writer(e, name).equation()


class _Writer:
    """Names of variables and shared parts, and the where-lines collected so far."""

    def __init__(self, root: E.Expr, name: str) -> None:
        self._root, self._name = root, name
        self._taken = {n.name for n in E.walk(root) if n.op in ("size", "param", "input", "call")} | {name}
        self._variables: dict[int, str] = {}
        self._parts: dict[E.Expr, str] = {}
        self._lines: list[str] = []

    def equation(self) -> str:
        """The equation, with its where-lines."""
        indices, ranges, e = [], [], self._root
        while e.op == "comp":
            i = self._variable(e.number)
            ranges.append(f"{i} < {self.show(e.args[0])}")
            indices.append(i)
            e = e.args[1]
        for node in _repeated(e):
            self._parts[node] = ""  # named when first shown, so that names come in order of reading
        left = f"{self._name}[{', '.join(indices)}]" if indices else self._name
        shown = self.show(_stored(e))
        head = f"{left} = {shown}" + (f"    for {', '.join(ranges)}" if ranges else "")
        return "\n  ".join([head, *(f"where {line}" for line in self._lines)])

    def _variable(self, number: int) -> str:
        if number not in self._variables:
            letters = (stem + suffix for suffix in ("", *map(str, range(1, 1000))) for stem in "ijklpqruv")
            self._variables[number] = self._fresh(letters)
        return self._variables[number]

    def _fresh(self, candidates: object) -> str:
        name = next(n for n in candidates if n not in self._taken)  # type: ignore[attr-defined]  # an iterator of str
        self._taken.add(name)
        return str(name)

    def show(self, e: E.Expr, strength: int = 0, tail: bool = True) -> str:
        """`e`, in parentheses where it binds less than `strength`; tail: nothing follows that Σ could swallow."""
        e = _bare(e)
        if e in self._parts:
            return self._part(e)
        if e.op in _INFIX:
            return self._infix(e, strength, tail)
        if e.op == "reduce" or (e.op == "get" and e.args[0].op == "scan"):
            shown = self._big(e)
            return f"({shown})" if strength and not tail else shown
        if e.op == "select":
            shown = " ".join(
                (self.show(e.args[1], 1, False), "if", self.show(e.args[0], 1, False), "else", self.show(e.args[2], 0))
            )
            return f"({shown})" if strength else shown
        if e.op in ("neg", "not", "lnot"):
            sign = {"neg": "−", "not": "~", "lnot": "¬"}[e.op]
            shown = sign + self.show(e.args[0], _UNARY, False)
            return f"({shown})" if strength > _PRODUCT else shown
        return self._atom(e)

    def _part(self, e: E.Expr) -> str:
        """A shared part, as a function of the indices that it uses."""
        if not self._parts[e]:
            stem = _STEM.get(e.kind, "t") if e.op == "reduce" else "t"
            name = self._fresh(stem + suffix for suffix in ("", *map(str, range(1, 1000))))
            indices = ", ".join(self._variable(n) for n in sorted(e.free, reverse=True))
            self._parts[e] = f"{name}[{indices}]" if indices else name
            mark = self._parts.pop(e)
            place = len(self._lines)
            self._lines.insert(place, f"{mark} = {self.show(e)}")
            self._parts[e] = mark
        return self._parts[e]

    def _infix(self, e: E.Expr, strength: int, tail: bool) -> str:
        sign, own = _INFIX[e.op]
        wrap = own < strength
        tail = tail or wrap
        chain: list[str] = []
        while True:
            left, right = (_bare(a) for a in e.args)
            chain.append(f" {sign} {self.show(right, own + 1, tail and not chain)}")
            if left in self._parts or left.op not in _INFIX or _INFIX[left.op][1] != own:
                chain.append(self.show(left, own, False))
                break
            e, sign = left, _INFIX[left.op][0]
        shown = "".join(reversed(chain))
        return f"({shown})" if wrap else shown

    def _big(self, e: E.Expr) -> str:
        """A reduction, or the running one behind an element of a scan."""
        node = e.args[0] if e.op == "get" else e
        k = self._variable(node.number)
        if e.op == "get":
            where = f"{k}≤{self.show(e.args[1], 9)}"
        else:
            where = f"{k}<{self.show(node.args[0], 9)}"
        body = self.show(node.args[1], _PRODUCT)
        big = f"{_BIG[node.kind]}_{{{where}}} {body}"
        if len(node.args) < 3 or _is_neutral(node):
            return big
        start = self.show(node.args[2], 9, False)
        if node.kind in ("max", "min"):
            return f"{node.kind}({start}, {big})"
        return f"{start} {({'sum': '+', 'prod': '·', 'any': '∨', 'all': '∧'})[node.kind]} {big}"

    def _atom(self, e: E.Expr) -> str:
        match e.op:
            case "const":
                return _constant(e)
            case "size" | "param" | "input":
                return e.name
            case "var":
                return self._variable(e.number)
            case "get":
                return f"{self.show(e.args[0], _ATOM, False)}[{self._list(e.args[1:])}]"
            case "abs":
                return f"|{self.show(e.args[0])}|"
            case "fdiv":
                return f"⌊{self.show(e.args[0], _PRODUCT, False)} / {self.show(e.args[1], _UNARY)}⌋"
            case "tdiv":
                return f"trunc({self.show(e.args[0], _PRODUCT, False)} / {self.show(e.args[1], _UNARY)})"
            case "pow":
                exponent = e.args[1]
                power = (
                    _POWERS.get(int(exponent.value)) if exponent.op == "const" and exponent.value in _POWERS else None
                )
                return self.show(e.args[0], _ATOM, False) + (power or f"^{self.show(exponent, _ATOM)}")
            case "call" if e.name == "sqrt":
                return f"√({self.show(e.args[0])})"
            case "call":
                return f"{e.name}({self._list(e.args)})"
            case "cast":
                return f"{_cast_name(e)}({self.show(e.args[0])})"
        return self._binder(e) if e.op in E.BINDERS else f"{e.op}({self._list(e.args)})"

    def _list(self, args: tuple[E.Expr, ...]) -> str:
        return ", ".join(self.show(a) for a in args)

    def _binder(self, e: E.Expr) -> str:
        before, inside, after = E.parts(e)
        k = self._variable(e.number)
        where = f"{k}<{self.show(before[-1] if e.op == 'scatter' else before[0], 9)}"
        if e.op == "comp":
            return f"[{self.show(inside[0])}]_{{{where}}}"
        if e.op == "filter":
            return f"⟨{self.show(inside[1])} : {where}, {self.show(inside[0])}⟩"
        if e.op == "scan":
            return f"[{_BIG[e.kind]}_{{≤{k}}} {self.show(inside[0], _PRODUCT)}]_{{{where}}}"
        if e.op == "scatter":
            sign = {"set": "=", "add": "+=", "mul": "·=", "max": "max=", "min": "min="}[str(e.attrs[1])]
            update = f"t[{self._list(inside[:-1])}] {sign} {self.show(inside[-1])}"
            return f"(t of [{self._list(before[:-1])}] from {self.show(after[0])}; for {where}: {update})"
        return self._fold(e, where)

    def _fold(self, e: E.Expr, where: str) -> str:
        before, updates, _ = E.parts(e)
        accs = [self._variable(n) for n in e.bound[1:]]
        which = e.attrs[2]
        assert isinstance(which, int)
        steps = "; ".join(
            f"{a} ← {self.show(u)} from {self.show(s)}" for a, u, s in zip(accs, updates, before[1:], strict=True)
        )
        return f"({accs[which]} after {where}: {steps})"


def _bare(e: E.Expr) -> E.Expr:
    """Without casts that change no value, and without rounding to a float dtype of reals."""
    while e.op == "cast":
        source, target = DTYPES[e.args[0].dtype], DTYPES[e.dtype]
        widening = target.bits is None and (target.is_float or not source.is_float)
        wider = source.is_float and target.is_float and 0 < source.digits <= target.digits
        same = source.is_integer and target.is_integer and _contains(target.name, source.name)
        rounding = source.is_float and target.name in ("f32", "f64") and e.attrs[1] == "wrap"
        if not (widening or wider or same or rounding or (e.attrs[1] == "exact" and source.is_integer)):
            return e
        e = e.args[0]
    return e


def _contains(wide: str, narrow: str) -> bool:
    """Whether an integer dtype holds all values of another."""
    a, b = DTYPES[wide], DTYPES[narrow]
    if a.low is None or a.high is None:
        return True
    return b.low is not None and b.high is not None and a.low <= b.low and b.high <= a.high


def _stored(e: E.Expr) -> E.Expr:
    """The element without the cast that stores it in a float dtype."""
    return e.args[0] if e.op == "cast" and DTYPES[e.dtype].is_float and e.attrs[1] == "wrap" else e


def _cast_name(e: E.Expr) -> str:
    rounding, mode = (str(a) for a in e.attrs)
    words = [e.dtype]
    if DTYPES[e.args[0].dtype].is_float and not DTYPES[e.dtype].is_float:
        words.insert(0, {"nearest": "round"}.get(rounding, rounding))
    if mode == "saturate":
        words.insert(0, "saturate")
    return "_".join(words)


def _is_neutral(node: E.Expr) -> bool:
    start = node.args[2]
    return start.op == "const" and (node.kind, start.value) in {("sum", 0), ("prod", 1), ("any", False), ("all", True)}


def _constant(e: E.Expr) -> str:
    if e.dtype == "bool":
        return "true" if e.value else "false"
    if isinstance(e.value, float) and e.value.is_integer() and abs(e.value) < 1e15:
        return str(int(e.value)).replace("-", "−")
    return str(e.value).replace("inf", "∞").replace("-", "−")


def _repeated(root: E.Expr) -> list[E.Expr]:
    """The parts with several occurrences that are worth a name: large, or a reduction."""
    uses: dict[E.Expr, int] = {_bare(root): 1}
    sizes: dict[E.Expr, int] = {}
    found = []
    for node in E.walk(root):
        if _bare(node) is node:
            for a in node.args:
                uses[_bare(a)] = uses.get(_bare(a), 0) + 1
        sizes[node] = (_bare(node) is node) + sum(sizes[a] for a in node.args)
    for node in E.walk(root):
        large = sizes[node] >= _SHARED or node.op == "reduce"
        if uses.get(node, 0) > 1 and large and node.rank == 0 and node.op not in ("var", "get", "const"):
            found.append(node)
    return found
