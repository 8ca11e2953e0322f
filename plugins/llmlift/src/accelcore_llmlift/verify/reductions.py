"""Reductions and folds as terms: written out for small constant extents, else as prefix symbols."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from accelcore_llmlift.verify.arithmetic import Arithmetic, Unsupported
from accelcore_llmlift.verify.bank import Bank
from accelcore_llmlift.verify.prefix import Prefixes
from accelcore_llmlift.verify.terms import Term

_EXPANDED = 16
"""A reduction over a constant extent up to this is written out."""


class Reductions(Arithmetic):
    """Reductions over a body that is given as a function from index terms to terms."""

    def __init__(self, bank: Bank, exact: bool = False) -> None:
        super().__init__(bank, exact)
        self.prefixes = Prefixes(bank)
        self._depth = 0

    def _hole(self, sort: str = "Int", tag: str = "k") -> Term:
        return self.bank.hole(f"{tag}{self._depth}", sort)

    def reduction(self, kind: str, dtype: str, n: Term, body_at: Callable[[Term], Term], init: Term | None) -> Term:
        """kind over body_at(k) for k < n, with init folded in from the left."""
        if n.op == "num" and int(n.data) <= _EXPANDED:
            return self._expanded(kind, dtype, int(n.data), body_at, init)
        self._depth += 1
        try:
            k = self._hole()
            body = body_at(k)
            if body.sort not in ("Int", "Real", "Bool"):
                return self._opaque_reduction(kind, dtype, k, n, body, init)
            if kind in ("argmax", "argmin"):
                return self.prefixes.argument(kind, k, n, body)
            return self._plain_reduction(kind, dtype, k, n, body, init)
        finally:
            self._depth -= 1

    def _plain_reduction(self, kind: str, dtype: str, k: Term, n: Term, body: Term, init: Term | None) -> Term:
        bank = self.bank
        bits = self.wrap_bits(dtype)
        if kind in ("sum", "prod") and bits is not None and body.sort == "Int":
            body = bank.unwrapped(body, bits)  # the result wraps, and wrapping is a homomorphism of rings
        if kind == "sum":
            total = self.prefixes.sum(k, n, body)
            if body.sort == "Real" and bank.never_negative(body):
                bank.note(total)
            return self.machine(total if init is None else bank.add(init, total), dtype)
        value = self.prefixes.extreme(kind, k, n, body)
        if kind == "prod":
            return self.machine(value if init is None else bank.mul(init, value), dtype)
        if kind in ("any", "all"):
            return value if init is None else (bank.disj if kind == "any" else bank.conj)(init, value)
        if init is None:
            return value
        both = self.combine(kind, dtype, init, value)
        return bank.ite(bank.le(n, bank.num(0)), init, both)

    def _expanded(self, kind: str, dtype: str, n: int, body_at: Callable[[Term], Term], init: Term | None) -> Term:
        bank = self.bank
        values = [body_at(bank.num(k)) for k in range(n)]
        if kind in ("argmax", "argmin"):
            return self._expanded_arg(kind, values)
        result = init if init is not None else self.empty(kind, dtype)
        for value in values:
            result = value if result is None else self.combine(kind, dtype, result, value)
        return result if result is not None else self.undefined(self.sort(dtype))

    def _expanded_arg(self, kind: str, values: Sequence[Term]) -> Term:
        if not values:
            return self.undefined("Int")
        bank = self.bank
        best, where = values[0], bank.num(0)
        for k, value in enumerate(values[1:], 1):
            better = bank.lt(best, value) if kind == "argmax" else bank.lt(value, best)
            best, where = bank.ite(better, value, best), bank.ite(better, bank.num(k), where)
        return where

    def _opaque_reduction(self, kind: str, dtype: str, k: Term, n: Term, body: Term, init: Term | None) -> Term:
        """A reduction in an uninterpreted float sort: a fold in the order of the source."""
        if kind in ("argmax", "argmin"):
            raise Unsupported(f"{kind} in the exact float model")
        bank = self.bank
        acc = self._hole(body.sort, "acc")
        start = init if init is not None else self.empty(kind, dtype)
        step = self.combine(kind, dtype, acc, body)
        if start is None:
            start = self.undefined(body.sort)
            step = bank.ite(bank.eq(k, bank.num(0)), body, step)
        return self.prefixes.fold(k, (acc,), n, (start,), (step,))[0]

    def folded(
        self, n: Term, inits: Sequence[Term], step: Callable[[Term, Sequence[Term]], Sequence[Term]]
    ) -> Sequence[Term]:
        """All accumulators after n steps."""
        if n.op == "num" and int(n.data) <= _EXPANDED:
            state: Sequence[Term] = inits
            for at in range(int(n.data)):
                state = step(self.bank.num(at), state)
            return state
        self._depth += 1
        try:
            k = self._hole()
            accs = [self._hole(i.sort, f"acc{w}_") for w, i in enumerate(inits)]
            return self._eliminated(k, n, accs, inits, step(k, accs))
        finally:
            self._depth -= 1

    def _eliminated(
        self, k: Term, n: Term, accs: Sequence[Term], inits: Sequence[Term], bodies: Sequence[Term]
    ) -> Sequence[Term]:
        """A fold whose accumulators that are plain reductions are written as such; the others stay a fold.

        acc := acc + f(k) and acc := max(acc, f(k)), f free of accumulators, do not depend on the rest of the fold, so
        the value that the others see at step k is the reduction over the first k terms.
        """
        bank = self.bank
        plain: dict[int, tuple[str, Term]] = {}
        for w, (acc, body) in enumerate(zip(accs, bodies, strict=True)):
            found = self._plain(acc, body)
            if found is not None and not found[1].holes & set(accs):
                plain[w] = found
        if not plain:
            return self.prefixes.fold(k, accs, n, inits, bodies)
        end = self._hole("Int", "end")
        prefix = {w: self._from_init(kind, k, end, f, inits[w]) for w, (kind, f) in plain.items()}
        rest = [w for w in range(len(accs)) if w not in plain]
        seen = {accs[w]: bank.substitute(value, {end: k}) for w, value in prefix.items()}
        values = {w: bank.substitute(value, {end: n}) for w, value in prefix.items()}
        if rest:
            others = [bank.substitute(bodies[w], seen) for w in rest]
            folded = self.prefixes.fold(k, [accs[w] for w in rest], n, [inits[w] for w in rest], others)
            values.update(zip(rest, folded, strict=True))
        return [values[w] for w in range(len(accs))]

    def _plain(self, acc: Term, body: Term) -> tuple[str, Term] | None:
        """("sum", f) for acc + f, ("max", f) for max(acc, f); None for anything else."""
        bank = self.bank
        if body.op in ("max", "min") and acc in body.args and acc.sort in ("Int", "Real"):
            others = [a for a in body.args if a is not acc]
            result = others[0]
            for other in others[1:]:
                result = bank.max(result, other) if body.op == "max" else bank.min(result, other)
            return body.op, result
        if body.op == "poly" and bank.poly(body).get((acc,)) == 1:
            return "sum", bank.sub(body, acc)
        return None

    def _from_init(self, kind: str, k: Term, n: Term, f: Term, init: Term) -> Term:
        bank = self.bank
        if kind == "sum":
            return bank.add(init, self.prefixes.sum(k, n, f))
        value = self.prefixes.extreme(kind, k, n, f)
        both = bank.max(init, value) if kind == "max" else bank.min(init, value)
        return bank.ite(bank.le(n, bank.num(0)), init, both)
