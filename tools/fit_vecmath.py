"""Fit the polynomials of accelcore.cgen.vecmath.

Each is a minimax fit f(x) ~ base(x) + factor(x) * P(x) in relative error, by Remez exchange (E. Remez, 1934) in decimal
arithmetic of 50 digits.  Run it and paste the printed tuples; a test compares them.

    python tools/fit_vecmath.py
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal as D
from decimal import getcontext

getcontext().prec = 50
Real = Callable[[D], D]
GRID = 600
PI = D("3.14159265358979323846264338327950288419716939937510")


@dataclass(frozen=True)
class Fit:
    """f ~ base + factor * P(variable) on [low, high] with relative error measured against `scale`."""

    name: str
    f: Real
    base: Real
    factor: Real
    variable: Real
    scale: Real
    low: D
    high: D
    degree: int
    single: bool = True


def solve(rows: list[list[D]], right: list[D]) -> list[D]:
    """Gaussian elimination with pivoting."""
    n = len(rows)
    a = [[*row, b] for row, b in zip(rows, right, strict=True)]
    for i in range(n):
        pivot = max(range(i, n), key=lambda r: abs(a[r][i]))
        a[i], a[pivot] = a[pivot], a[i]
        for r in range(i + 1, n):
            ratio = a[r][i] / a[i][i]
            a[r] = [x - ratio * y for x, y in zip(a[r], a[i], strict=True)]
    x = [D(0)] * n
    for i in reversed(range(n)):
        x[i] = (a[i][n] - sum((a[i][j] * x[j] for j in range(i + 1, n)), D(0))) / a[i][i]
    return x


def evaluate(coefficients: Sequence[D], x: D) -> D:
    """P(x), lowest coefficient first."""
    total = D(0)
    for c in reversed(coefficients):
        total = total * x + c
    return total


def weight(fit: Fit, x: D) -> D:
    """What an error of P at x does to the result, relatively; not below 1/50, lest P be free where factor vanishes."""
    return max(abs(fit.factor(x) / fit.scale(x)), D("0.02"))


def wanted(fit: Fit, x: D) -> D:
    """What P is to be at x."""
    return (fit.f(x) - fit.base(x)) / fit.factor(x)


def error(fit: Fit, coefficients: Sequence[D], x: D) -> D:
    """Signed weighted error of P at x."""
    return weight(fit, x) * (evaluate(coefficients, fit.variable(x)) - wanted(fit, x))


def cosine(x: D) -> D:
    """cos by its series, for Chebyshev points only."""
    total = term = D(1)
    for n in range(1, 40):
        term = -term * x * x / ((2 * n - 1) * (2 * n))
        total += term
    return total


def remez(fit: Fit, rounds: int = 12) -> tuple[list[D], D]:
    """Coefficients and the levelled error.  Stops when the largest error exceeds the levelled one by under 1 %."""
    count = fit.degree + 2
    middle, half = (fit.low + fit.high) / 2, (fit.high - fit.low) / 2
    points = [middle - half * cosine(PI * k / (count - 1)) for k in range(count)]
    # No point of the grid is 0, where base and f agree and the quotient has no value.
    grid = [fit.low + (fit.high - fit.low) * k / GRID + D("1e-9") for k in range(GRID + 1)]
    points = [x + D("1e-9") for x in points]
    for _ in range(rounds):
        rows, right = [], []
        for k, x in enumerate(points):
            w, v = weight(fit, x), fit.variable(x)
            rows.append([w * (v**j if j else ONE) for j in range(fit.degree + 1)] + [D((-1) ** k)])
            right.append(w * wanted(fit, x))
        *coefficients, level = solve(rows, right)
        errors = [error(fit, coefficients, x) for x in grid]
        points = extremes(grid, errors, count)
        worst = max(map(abs, errors))
        if worst <= abs(level) * D("1.01"):
            break
    return coefficients, worst


def extremes(grid: list[D], errors: list[D], count: int) -> list[D]:
    """One point of largest error per run of equal sign, the best `count` in a row."""
    runs: list[int] = []
    for k in range(len(grid)):
        if runs and (errors[runs[-1]] < 0) == (errors[k] < 0):
            if abs(errors[k]) > abs(errors[runs[-1]]):
                runs[-1] = k
        else:
            runs.append(k)
    while len(runs) > count:
        runs.pop(0 if abs(errors[runs[0]]) < abs(errors[runs[-1]]) else -1)
    if len(runs) < count:
        raise ArithmeticError(f"{len(runs)} alternations, {count} needed")
    return [grid[k] for k in runs]


def erf(x: D) -> D:
    """erf by its series; x up to 5 keeps 25 digits with 50 of precision."""
    total = term = x
    for n in range(1, 200):
        term = -term * x * x / n
        total += term / (2 * n + 1)
    return total * 2 / PI.sqrt()


ONE, LN2 = D(1), D(2).ln()
HALF_LN2 = LN2 / 2
ROOT = D("0.5").sqrt()


def fits() -> list[Fit]:
    """All fits: exp, log, expm1 and erf in single and double precision where used."""

    def identity(x: D) -> D:
        return x

    def exp_fit(name: str, degree: int, single: bool) -> Fit:
        edge = HALF_LN2 * D("1.005")
        base, factor = (lambda r: 1 + r), (lambda r: r * r)
        return Fit(name, lambda r: r.exp(), base, factor, identity, lambda r: r.exp(), -edge, edge, degree, single)

    def log_fit(name: str, degree: int, single: bool) -> Fit:
        # log(1 + f) = f - f*f/2 + f*f*f * P(f)
        base, factor = (lambda f: f - f * f / 2), (lambda f: f**3)
        return Fit(
            name, lambda f: (1 + f).ln(), base, factor, identity, identity, ROOT - 1, 2 * ROOT - 1, degree, single
        )

    def erf_small(name: str, degree: int, single: bool) -> Fit:
        # erf(x) = x * P(x*x) on [0, 1]
        return Fit(name, erf, lambda _: D(0), identity, lambda x: x * x, identity, D(0), ONE, degree, single)

    def erf_large(name: str, degree: int, single: bool) -> Fit:
        # erf(x) = 1 - exp2(P(x)) on [1, 4]: P fits log2(erfc), weighted by what an error in it does to erf.
        def log2erfc(x: D) -> D:
            return (1 - erf(x)).ln() / LN2

        return Fit(
            name, log2erfc, lambda _: D(0), lambda _: ONE, identity, lambda x: 1 / (1 - erf(x)), D("0.95"),
            D("4.0"), degree, single,
        )  # fmt: skip

    return [
        exp_fit("EXP_F32", 4, True),
        exp_fit("EXP_F32_SHORT", 3, True),
        exp_fit("EXP_F64", 9, False),
        log_fit("LOG_F32", 7, True),
        log_fit("LOG_F64", 18, False),
        erf_small("ERF_SMALL_F32", 6, True),
        erf_large("ERF_LARGE_F32", 7, True),
    ]


def rounded(value: D, single: bool) -> float:
    """The coefficient in the precision that it is used in."""
    return struct.unpack("f", struct.pack("f", float(value)))[0] if single else float(value)


def main() -> None:
    """Print every fit."""
    for fit in fits():
        coefficients, worst = remez(fit)
        values = [rounded(c, fit.single) for c in coefficients]
        digits = 9 if fit.single else 17
        print(f"# relative error {float(worst):.2e} (2**{float(worst.ln() / LN2):.1f}) before rounding")
        print(f"{fit.name} = ({', '.join(f'{v:.{digits}g}' for v in values)})")


if __name__ == "__main__":
    main()
