"""What the lifter knows about loops: the form in which it hands it to verifiers.

For every loop (by its label) and every variable that is alive at the loop's head, an expression for the variable's
value there, before iteration number `param(label, INDEX)`, that is after so many completed iterations:

* The expression is *closed*: over the function's inputs at entry (`array`, `param` of parameters), sizes, the
  iteration number of this loop, and the iteration numbers of the loops around it (`param(their label, INDEX)`).
  No other variable occurs.
* The loop counter is not listed: it is `low + step * param(label, INDEX)`.  Iteration numbers run from 0; at exit the
  number equals the trip count, max(0, ceil((high - low) / step)).
* A scalar variable has a scalar expression in its own dtype, an array variable a tensor-valued one; the extents of
  a growing list are the extents of that tensor (`accelcore.ir.expr.shape`).
* A variable that each iteration overwrites before it reads it, and that nobody reads after the loop, is not listed:
  its value at the head does not matter.
* Extremes that start from an infinity are that infinity before the first iteration and the extreme of the terms
  from then on: select(0 < k, reduce("max", k, body), -inf).  Reductions whose first term was peeled off appear as one
  reduction over one more term.

So for a loop with invariants I_v(k): initiation says I_v(0) equals v's value before the loop, consecution that one
run of the body from the state I(k) gives I(k + 1) while 0 <= k < trips, and the state after the loop is I(trips).

Casts: a float storage cast that is read back (`cast(real, cast(f32, e))`) is `e` here, because the number model of
such a summary is "real"; an integer storage cast with mode "exact" that is read back is `e` too, its obligation being
the verifier's to check at the store.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from accelcore.ir.expr import Expr
from accelcore.values import Summary

Invariants = Mapping[str, Mapping[str, Expr]]
"""label -> variable -> its value before iteration param(label, INDEX)."""


@dataclass(frozen=True)
class Lifted:
    """A summary, the invariants from which it can be proved, and preconditions that only lifting reveals.

    requires: conditions over the entry values, such as divisors that must not be zero; the program's own
    `requires` are not repeated.
    """

    summary: Summary
    invariants: Invariants = field(default_factory=dict)
    requires: tuple[Expr, ...] = ()
