"""Closed forms of arrays that a loop changes, element by element.

After one iteration the array's element at `p` is an expression E(k, p) over the old array A.  Two cases:

* *Pinned.*  E chooses a new value only where a condition fixes the iteration, k = at(p) (a store at an index that is
  a one-to-one function of the counter; `lifter.pins` finds it).  Before iteration k the element is then its new value
  where 0 <= at(p) < k, and its old one elsewhere.  New values may read elements that are written later (still the old
  ones) or by the iteration before (a recurrence along the axis, solved as a scalar).
* *Pointwise.*  E reads A only at `p` itself: each element is a scalar recurrence of its own.

Everything else (reads of elements written by other iterations at unknown distances) is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from accelcore.ir.expr import Expr, binary, const, fresh, get, index, select, substitute, walk
from accelcore_llmlift.lifter.algebra import (
    TRUE,
    choose,
    conjunction,
    conjuncts,
    exchange,
    in_storage,
    natural,
    negation,
    simplify,
    tensor_of,
)
from accelcore_llmlift.lifter.filters import filter_of
from accelcore_llmlift.lifter.pins import Pin, Pins, divides
from accelcore_llmlift.lifter.recurrences import Recurrence, folded, occurs, solve
from accelcore_llmlift.lifter.state import State
from accelcore_llmlift.polynomial import Facts, decide, expression, polynomial
from accelcore_llmlift.program import Position


@dataclass
class ArrayRecurrence:
    """An array carried by a loop; `update` is its value after one iteration, over `carried` (its value before).

    length: the symbol of a growing list's length, None for arrays of fixed extents.  mapping: what symbols of the
    loop became; a filter adds its length to it.
    """

    name: str
    carried: Expr
    length: Expr | None
    number: Expr
    trips: Expr
    outer: State
    inner: State
    update: Expr
    at: Position
    mapping: dict[int, Expr]

    def refuse(self, what: str, hint: str) -> Exception:
        """The refusal of the loop because of this array."""
        return self.outer.refuse(self.at, f"{self.name!r}: {what}", hint)


def solve_array(a: ArrayRecurrence) -> Expr:
    """The array before iteration `a.number`, free of the loop's symbols."""
    if a.length is not None and a.length.number not in a.mapping:
        return filter_of(a)
    e = element_of(a)
    extents, variables = e.extents, e.variables
    body = simplify(get(a.update, *variables), e.facts)
    found = e.before(body)
    # The closed form also holds at exit: there the iteration number is the trip count, which no iteration has.
    inside = a.outer.facts.between(a.number, polynomial(index(0)), polynomial(a.trips))
    for variable, extent in zip(variables, extents, strict=True):
        inside = inside.counting(variable, extent)
    return tensor_of(extents, variables, simplify(found, inside))


def where_rows_are(tensor: Expr, facts: Facts) -> Facts:
    """The facts inside a tensor's elements: what divides an extent is no row length of 0, or there were no element."""
    extents, e = [], tensor
    while e.op == "comp":
        extents.append(polynomial(e.args[0]))
        e = e.args[1]
    divisors = dict.fromkeys(n.args[1] for n in walk(e) if n.op == "fdiv" and not n.args[1].free) if extents else {}
    rows = [w for w in map(polynomial, divisors) if any(divides(w, x) for x in extents)]
    return facts.knowing(*(w - 1 for w in rows)) if rows else facts


def element_of(a: ArrayRecurrence) -> Element:
    """The element at fresh index variables, with what is known of them inside an iteration."""
    start = a.outer.array(a.name)
    extents = _extents(a, start)
    variables = tuple(fresh() for _ in extents)
    facts = a.inner.facts
    for axis, (variable, extent) in enumerate(zip(variables, extents, strict=True)):
        grows = axis == 0 and a.length is not None
        # Inside one iteration a list is already as long as the iteration makes it.
        high = polynomial(_grown(a) if grows else extent) - 1
        facts = facts.between(variable, polynomial(index(0)), high)
    return Element(a, variables, facts, start, extents)


def _grown(a: ArrayRecurrence) -> Expr:
    """The length of a list after one iteration."""
    return simplify(substitute(a.inner.shape(a.update)[0], a.mapping), a.inner.facts)


def _extents(a: ArrayRecurrence, start: Expr) -> tuple[Expr, ...]:
    """Extents before iteration k; the inner ones of a list that starts empty are those of what is appended."""
    before = a.outer.shape(start)
    after = a.inner.shape(a.update) if a.update is not a.carried else before
    if a.length is None:
        pairs = zip(before, after, strict=True)
        if any(simplify(x, a.inner.facts) is not simplify(y, a.inner.facts) for x, y in pairs):
            raise a.refuse("its shape changes from one iteration to the next", "use one list for each shape")
        return before
    inner = after[1:]
    symbols = {s.number for s in (a.number, a.length, a.carried)}
    for extent in inner:
        if extent.free & symbols:
            raise a.refuse("its rows have different lengths",
                           "make rows of one length, such as with zeros for the rest")
    return (a.mapping[a.length.number], *inner)


@dataclass
class Element:
    """The element at `variables` as a function of the iteration."""

    a: ArrayRecurrence
    variables: tuple[Expr, ...]
    facts: Facts
    start: Expr
    extents: tuple[Expr, ...]

    @property
    def own(self) -> Expr:
        """The element itself, before the iteration."""
        return get(self.a.carried, *self.variables)

    @property
    def old(self) -> Expr:
        """The element before the loop."""
        return simplify(get(self.start, *self.variables), self.facts)

    def before(self, body: Expr) -> Expr:
        """The element before iteration k, from its value E after one iteration."""
        if body is self.own:
            return self.old
        guards = self.guards(body)
        if guards:
            pins = [self.pins.of(test, value) for test, value in guards]
            if all(p is not None for p in pins):
                return self.pinned([p for p in pins if p is not None])
            if len(guards) == 1 and self.unchanging(guards[0][0]):
                test, value = guards[0]
                inside = replace(self, facts=self.facts.assuming([test]))
                narrowed = simplify(value, inside.facts)
                if narrowed is not body:
                    return choose(test, inside.before(narrowed), self.old)
            body = self.own
            for test, value in reversed(guards):
                body = choose(test, value, body)
        return self.pointwise(body)

    def unwritten(self, e: Expr) -> Expr:
        """Reads of this array in the update of another, where no earlier iteration wrote them, as old elements."""
        body = simplify(get(self.a.update, *self.variables), self.facts)
        pins = [self.pins.of(test, value) for test, value in self.guards(body)]
        if not pins or any(p is None for p in pins):
            return e
        replaced = {}
        for read in walk(e):
            if read.op == "get" and read.args[0] is self.a.carried and len(read.args) == 1 + len(self.variables):
                distances = [self.distance(p, read, elsewhere=True) for p in pins if p is not None]
                if all(d is not None and d >= 0 for d in distances):
                    replaced[read] = get(self.start, *read.args[1:])
        return exchange(e, replaced) if replaced else e

    def unchanging(self, test: Expr) -> bool:
        """Whether a condition is the same in every iteration."""
        return not occurs(self.a.number, test) and not occurs(self.a.carried, test)

    def guards(self, body: Expr) -> list[tuple[Expr, Expr]]:
        """body as `value1 where test1, else value2 where test2, ..., else the old element`; [] when it is not so."""
        body = self.focused(body)
        if not self.keeps(body):
            return []
        return [(conjunction(test), value) for test, value in self.leaves(body, ())]

    def focused(self, body: Expr) -> Expr:
        """Where all stores of branches are at one place (p == k), that condition outside and the branches inside."""
        for node in walk(body):
            if node.op != "select":
                continue
            places = [p for p in conjuncts(node.args[0]) if p.op == "eq" and not self.reads(p)]
            if not any(occurs(self.a.number, p) for p in places) or set(places) <= set(conjuncts(body.args[0])):
                continue
            if all(_decided(body, p, False) is self.own for p in places):
                inside = body
                for place in places:
                    inside = _decided(inside, place, True)
                return choose(conjunction(places), inside, self.own)
        return body

    def keeps(self, body: Expr) -> bool:
        """Whether the old element is one of the choices."""
        return body is self.own or (body.op == "select" and any(self.keeps(a) for a in body.args[1:]))

    def leaves(self, body: Expr, tests: tuple[Expr, ...]) -> list[tuple[tuple[Expr, ...], Expr]]:
        """The choices other than the old element, each with its conditions; the first that holds counts."""
        if body is self.own:
            return []
        if not self.keeps(body):
            return [(tests, self.in_place(body, tests))]
        test, then, other = body.args
        if test.op == "lor" and not self.keeps(then):  # two places, each with a pin of its own
            first, second = test.args
            return self.leaves(select(first, then, select(second, then, other)), tests)
        if self.reads(test) or not _only_own(test, self.a.carried, self.own) or self.own in walk(test):
            parts = conjuncts(test)
            places = [p for p in parts if p.op == "eq" and not self.reads(p)] if other is self.own else []
            body = choose(conjunction([p for p in parts if p not in places]), then, other) if places else body
            return [((*tests, *places), self.in_place(body, (*tests, *places)))]
        # Earlier choices win, so the negation is needed only where the first branch may keep the old element.
        no = conjuncts(negation(test)) if self.keeps(then) else []
        return [*self.leaves(then, (*tests, *conjuncts(test))), *self.leaves(other, (*tests, *no))]

    def in_place(self, value: Expr, tests: tuple[Expr, ...]) -> Expr:
        """Reads of the element that is being written (c[i][j] under p = i, q = j) are reads of the element itself."""
        reads = self.reads(value)
        if not reads:
            return value
        known = self.facts.assuming(tests)
        same = {
            read: self.own for read in reads
            if all(decide(binary("eq", q, p), known) for q, p in zip(read.args[1:], self.variables, strict=True))
        }  # fmt: skip
        return exchange(value, same) if same else value

    def reads(self, e: Expr) -> list[Expr]:
        """Reads of the old array other than of the element itself."""
        return [
            n for n in walk(e)
            if n.op == "get" and n.args[0] is self.a.carried and n is not self.own
        ]  # fmt: skip

    # Pinned.

    @property
    def pins(self) -> Pins:
        """Finds the pin that a guard gives."""
        return Pins(self.a.number, self.variables, self.extents, self.facts)

    def pinned(self, pins: list[Pin]) -> Expr:
        """The element where each pin was reached, the later pin of an iteration first."""
        if len(pins) > 1:
            self.check_disjoint(pins)
        found = self.old
        for pin in reversed(pins):
            found = choose(self.reached(pin, self.a.number), self.written(pins, pin), found)
        return found

    def reached(self, pin: Pin, k: Expr) -> Expr:
        """Whether the pin's iteration comes before iteration k: 0 <= at < k and the other conditions hold there."""
        there = {self.a.number.number: pin.iteration}
        others = [substitute(p, there) for p in pin.others]
        return conjunction([*self.between(pin.iteration, k), *others])

    def between(self, at: Expr, k: Expr) -> list[Expr]:
        """0 <= at < k; of a quotient only where its divisor is not 0: then no iteration wrote anything."""
        found = [binary("le", index(0), at), binary("lt", at, k)]
        if at.op == "fdiv" and not self.facts.nonnegative(polynomial(at.args[1]) - 1):
            return [binary("lt", index(0), at.args[1]), *found]
        return found

    def check_disjoint(self, pins: list[Pin]) -> None:
        """No element is written by two pins in the wrong order of time."""
        for at, first in enumerate(pins):
            for second in pins[at + 1 :]:
                both = [*conjuncts(self.reached(first, self.a.trips)), *conjuncts(self.reached(second, self.a.trips))]
                if simplify(conjunction(both), self.facts) is const(False):
                    continue
                later = polynomial(first.iteration) - polynomial(second.iteration)
                known = self.facts.assuming(both)
                if not known.nonnegative(later) and not _contradict(both):
                    raise self.a.refuse("two stores may write one element in different iterations",
                                        "write each element once in a loop")
                if later.terms and self.reads(first.value):
                    raise self.a.refuse("stores that overlap read each other", "use two arrays")

    def written(self, pins: list[Pin], pin: Pin) -> Expr:
        """The new element as a function of the index variables."""
        value = exchange(pin.value, {self.own: self.old})
        others = self.reads(value)
        if others:
            value = self.with_earlier(pins, pin, value, others)
        return substitute(value, {self.a.number.number: pin.iteration})

    def with_earlier(self, pins: list[Pin], pin: Pin, value: Expr, reads: list[Expr]) -> Expr:
        """The new value when it reads other elements: old ones, or the one that the iteration before wrote."""
        replaced: dict[Expr, Expr] = {}
        previous: dict[Expr, Expr] = {}
        for read in reads:
            distances = [self.distance(p, read) for p in pins]
            known = [d for d in distances if d is not None]
            distance = min(known) if len(known) == len(pins) and (len(pins) == 1 or min(known) >= 0) else None
            if distance is None:
                raise self.a.refuse("reads elements that other iterations write, at a distance that is not known "
                                    "(as substitution in a triangular system does), which is no reduction",
                                    "read from a copy of the list")
            old = simplify(get(self.start, *read.args[1:]), self.facts)
            if distance >= 0:
                replaced[read] = old
            elif distance == -1:
                previous[read] = substitute(old, {self.a.number.number: index(0)})
            else:
                raise self.a.refuse(f"a linear recurrence of order {-distance} is no reduction",
                                    "carry the last values in variables")
        value = exchange(value, replaced)
        return self.along_axis(pin, value, previous) if previous else value

    def distance(self, pin: Pin, read: Expr, *, elsewhere: bool = False) -> int | None:
        """Iteration that writes what is read, minus this one; 0 when no iteration writes it.

        elsewhere: the read is in the update of another variable, so this iteration is not tied to the index.
        """
        there = {v.number: i for v, i in zip(self.variables, read.args[1:], strict=True)}
        if elsewhere:
            return self.apart(simplify(substitute(pin.iteration, there), self.facts), self.a.number, self.facts)
        here = {self.a.number.number: pin.iteration}
        facts = self.facts.assuming(conjuncts(self.reached(pin, self.a.trips)))
        when = simplify(substitute(substitute(pin.iteration, there), here), facts)
        rest = simplify(conjunction(substitute(substitute(p, there), here) for p in pin.others), facts)
        if rest is const(False):
            return 0
        distance = self.apart(when, pin.iteration, facts)
        return distance if distance is None or distance >= 0 or rest is TRUE else None

    def apart(self, when: Expr, current: Expr, facts: Facts) -> int | None:
        """when - current, as far as it is a number; 0 when it is at least that, or outside the loop's range."""
        written, now = polynomial(when), polynomial(current)
        difference = (written - now).constant
        if difference is not None:
            return difference
        later = facts.nonnegative(written - now)
        never = facts.nonnegative(-written - 1) or facts.nonnegative(written - polynomial(self.a.trips))
        return 0 if later or never else None

    def along_axis(self, pin: Pin, value: Expr, previous: dict[Expr, Expr]) -> Expr:
        """value(k) reads value(k - 1): a scalar recurrence whose start is the element read in iteration 0.

        Index variables that the iteration fixes are replaced by their functions of it, so that the recurrence is one
        over iterations alone.
        """
        starts = set(previous.values())
        if len(starts) != 1:
            raise self.a.refuse("reads several elements of the iteration before", "carry them in variables")
        dtype = value.dtype
        stored = fresh(dtype)
        here = substitute(exchange(value, dict.fromkeys(previous, stored)), pin.place)
        found = self.scalar(stored, starts.pop(), here, self.a.inner.facts)
        if found is None:
            raise self.a.refuse("a recurrence from element to element that is no reduction",
                                "use sums, products, extremes or linear recurrences")
        after = expression(polynomial(self.a.number) + 1)
        return in_storage(substitute(found, {self.a.number.number: after}), dtype)

    def scalar(self, stored: Expr, start: Expr, update: Expr, facts: Facts) -> Expr | None:
        """The closed form of an element, over exact numbers: storage casts are taken off on the way."""
        carried = fresh(natural(stored).dtype)
        exact = natural(exchange(simplify(update, facts), {natural(stored): carried}))
        exact = exchange(exact, {natural(stored): carried})  # a branch that keeps the element was a bare one before
        exact = simplify(exchange(exact, {stored: carried}) if stored.dtype == carried.dtype else exact, facts)
        if occurs(stored, exact):
            return None
        r = Recurrence(carried, self.a.number, simplify(natural(start), facts), exact, facts)
        return solve(r) or folded([r], 0)

    # Pointwise.

    def pointwise(self, body: Expr) -> Expr:
        """Each element is a scalar recurrence."""
        if self.reads(body) or not _only_own(body, self.a.carried, self.own):
            raise self.a.refuse("an iteration reads elements that earlier iterations may have changed",
                                "read from a copy, or store at an index that is a simple function of the counter")
        stored = fresh(body.dtype)
        update = exchange(body, {self.own: stored})
        if not occurs(stored, update):
            raise self.a.refuse("every iteration overwrites the same elements", "keep the last value only")
        found = self.scalar(stored, self.old, update, self.facts)
        if found is None:
            raise self.a.refuse("the elements follow a recurrence that is no reduction",
                                "use +=, *=, max, min or a linear update")
        return in_storage(found, body.dtype)


def _only_own(body: Expr, carried: Expr, own: Expr) -> bool:
    """The old array occurs in no other way than as its own element."""
    return carried.number not in exchange(body, {own: const(0, own.dtype) if own.dtype != "bool" else TRUE}).free


def _decided(body: Expr, condition: Expr, holds: bool) -> Expr:
    """A body of choices where a condition is known to hold, or not to."""
    if body.op != "select":
        return body
    parts = conjuncts(body.args[0])
    if condition in parts and not holds:
        return _decided(body.args[2], condition, holds)
    then, other = (_decided(b, condition, holds) for b in body.args[1:])
    left = [p for p in parts if p is not condition]
    return then if then is other or not left else choose(conjunction(left), then, other)


def _contradict(parts: Sequence[Expr]) -> bool:
    """Two conditions x % c == 0 and y % c == 0 with x - y a constant that c does not divide."""
    remainders = [
        (polynomial(p.args[0].args[0]), p.args[0].args[1].value)
        for p in parts
        if p.op == "eq" and p.args[0].op == "fmod" and p.args[0].args[1].op == "const"
        and p.args[1].op == "const" and p.args[1].value == 0
    ]  # fmt: skip
    for at, (x, c) in enumerate(remainders):
        for y, d in remainders[at + 1 :]:
            gap = (x - y).constant
            if c == d and gap is not None and gap % int(c):
                return True
    return False
