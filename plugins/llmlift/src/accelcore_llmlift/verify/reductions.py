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
                return self._arg_extreme(kind, k, n, body)
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

    def _arg_extreme(self, kind: str, k: Term, n: Term, body: Term) -> Term:
        """First index of the extreme: a fold that compares with the extreme so far."""
        bank = self.bank
        acc = self._hole("Int", "acc")
        end = self._hole("Int", "end")
        extreme = self.prefixes.extreme("max" if kind == "argmax" else "min", k, end, body)
        so_far = bank.substitute(extreme, {end: k})
        better = bank.lt(so_far, body) if kind == "argmax" else bank.lt(body, so_far)
        step = bank.ite(bank.eq(k, bank.num(0)), bank.num(0), bank.ite(better, k, acc))
        return self.prefixes.fold(k, (acc,), n, (self.undefined("Int"),), (step,))[0]

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
            return self.prefixes.fold(k, accs, n, inits, step(k, accs))
        finally:
            self._depth -= 1
