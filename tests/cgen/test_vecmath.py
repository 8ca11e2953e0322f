"""Vector functions: the stated error in ulp over dense sweeps, and the edges."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from cgen_support import N, build_all, each_isa, given, isas, it, result, sizes, vector

from accelcore.cgen import VectorIsa
from accelcore.cgen.vecmath import ERRORS, supported
from accelcore.ir.expr import call, get
from accelcore.loops.nodes import For, Kind, Program, Store

NAMES = sorted(name for name, _ in ERRORS if name != "scalb")
TYPES = {"f32": np.float32, "f64": np.float64}

RANGES: dict[str, list[tuple[float, float]]] = {
    "exp": [(-87.3, 88.7), (-1e-3, 1e-3)],
    "exp2": [(-125.9, 127.9), (-1e-3, 1e-3)],
    "expm1": [(-20.0, 88.0), (-0.5, 0.5), (-1e-3, 1e-3)],
    "log": [(1e-37, 1e38), (0.5, 2.0), (0.99, 1.01)],
    "log2": [(1e-37, 1e38), (0.5, 2.0)],
    "log10": [(1e-37, 1e38), (0.5, 2.0)],
    "log1p": [(-0.999, 10.0), (-0.5, 1.0), (-1e-3, 1e-3), (1.0, 1e30)],
    "tanh": [(-9.0, 9.0), (-0.5, 0.5)],
    "sigmoid": [(-80.0, 80.0)],
    "sinh": [(-80.0, 80.0), (-0.5, 0.5)],
    "cosh": [(-80.0, 80.0)],
    "erf": [(-4.5, 4.5), (-1.0, 1.0)],
    "rsqrt": [(1e-37, 1e38)],
}
ROUNDINGS = {"round": np.rint, "floor": np.floor, "ceil": np.ceil, "trunc": np.trunc, "sign": np.sign}


def program(name: str, dtype: str) -> Program:
    """y[i] = name(x[i])."""
    body = (For("i", N, (Store("y", (it("i"),), call(name, get(vector("x", dtype), it("i")))),), Kind.VECTOR),)
    return Program(f"f_{dtype}", (given("x", dtype, N), result("y", dtype, N), *sizes("n")), body)


def functions(dtype: str) -> list[str]:
    """Functions with a vector form in this dtype."""
    return sorted(name for name, d in supported() if d == dtype and name != "scalb")


def reference(name: str, x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The function in a wider format."""
    wide = x.astype(np.longdouble)
    one = np.longdouble(1)
    with np.errstate(all="ignore"):
        match name:
            case "erf":
                return np.array([math.erf(float(v)) for v in x], np.longdouble)
            case "sigmoid":
                return one / (one + np.exp(-wide))
            case "rsqrt":
                return one / np.sqrt(wide)
        return getattr(np, name)(wide)


def ulps(got: np.ndarray[Any, Any], want: np.ndarray[Any, Any], kind: type) -> np.ndarray[Any, Any]:
    """Distance in units in the last place of the wanted value."""
    with np.errstate(all="ignore"):
        unit = np.spacing(np.abs(want.astype(kind)))
        return np.abs(got.astype(np.longdouble) - want) / unit


def sweep(name: str, dtype: str) -> np.ndarray[Any, Any]:
    """Points spread evenly and logarithmically over the ranges."""
    rng = np.random.default_rng(7)
    parts = []
    for low, high in RANGES[name]:
        parts.append(rng.uniform(low, high, 30000))
        if low > 0:
            parts.append(np.exp(rng.uniform(math.log(low), math.log(high), 30000)))
    return np.concatenate(parts).astype(TYPES[dtype])


@each_isa
@pytest.mark.parametrize("dtype", TYPES)
def test_errors_are_within_what_is_stated(isa: VectorIsa, dtype: str) -> None:
    names = functions(dtype)
    for name, run in zip(names, build_all([program(n, dtype) for n in names], isa), strict=True):
        if name in ROUNDINGS:
            continue
        x = sweep(name, dtype)
        got = run({"x": x}, n=len(x))["y"]
        want = reference(name, x)
        error = ulps(got, want, TYPES[dtype])
        normal = np.abs(want) >= np.finfo(TYPES[dtype]).tiny
        worst = int(np.argmax(np.where(normal, error, 0)))
        assert error[worst] <= ERRORS[name, dtype], f"{name}({x[worst]!r}) is off by {float(error[worst]):.2f} ulp"


SPECIAL = [0.0, -0.0, math.inf, -math.inf, math.nan, 1e-45, -1e-45, 1e-40, 3.4e38, -3.4e38, 1.0, -1.0, 0.5, 89.0, 104.5]
SPECIAL += [-104.5, 88.73, -87.4, 2.5, -2.5, 3.5, 8388609.0, -0.3, 1e10]


@each_isa
@pytest.mark.parametrize("dtype", TYPES)
def test_edges_are_those_of_the_c_library(isa: VectorIsa, dtype: str) -> None:
    names = functions(dtype)
    x = np.array(SPECIAL, TYPES[dtype])
    for name, run in zip(names, build_all([program(n, dtype) for n in names], isa), strict=True):
        got = run({"x": x}, n=len(x))["y"]
        with np.errstate(all="ignore"):
            want = (ROUNDINGS[name](x) if name in ROUNDINGS else reference(name, x)).astype(TYPES[dtype])
        for point, a, b in zip(x, got, want, strict=True):
            same = (np.isnan(a) and np.isnan(b)) or a == b
            close = np.isfinite(b) and np.isfinite(a) and abs(float(a) - float(b)) <= 5 * float(np.spacing(np.abs(b)))
            assert same or close, f"{name}({point!r}) = {a!r}, not {b!r}"


def test_every_stated_error_belongs_to_a_function() -> None:
    assert set(ERRORS) == {key for key in supported() if key[0] != "scalb"}
    assert isas()


def test_polynomials_are_those_of_the_fit() -> None:
    import importlib.util
    from pathlib import Path

    from accelcore.cgen.vecmath import elementary, smooth

    path = Path(__file__).parents[2] / "tools" / "fit_vecmath.py"
    spec = importlib.util.spec_from_file_location("fit_vecmath", path)
    assert spec is not None and spec.loader is not None
    fit = importlib.util.module_from_spec(spec)
    import sys

    sys.modules["fit_vecmath"] = fit
    spec.loader.exec_module(fit)
    tables = {
        "EXP_F32": elementary.EXP["f32"], "EXP_F64": elementary.EXP["f64"], "LOG_F32": elementary.LOG["f32"],
        "LOG_F64": elementary.LOG["f64"], "ERF_SMALL_F32": smooth.ERF_SMALL, "ERF_LARGE_F32": smooth.ERF_LARGE,
    }  # fmt: skip
    for one in fit.fits():
        if one.name in tables:
            coefficients, _ = fit.remez(one)
            assert [float(f"{fit.rounded(c, one.single):.17g}") for c in coefficients] == pytest.approx(
                tables[one.name], rel=1e-8 if one.single else 1e-15
            )
