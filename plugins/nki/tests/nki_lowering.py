"""Tasks for tests of the lowering, and their kernels on arrays."""

import numpy as np

from accelcore.ir.expr import array, cast, size
from accelcore.values import Param, Role, Summary, Task, sizes_of
from accelcore_nki import install, simulate
from accelcore_nki.judging.interface import call_of
from accelcore_nki.lowering import kernel

FAST = ("rows(whole)", "fuse(all)", "name(functions)", "unroll(windows)", "engine(balance)", "pipeline(2)")
N, M = size("n"), size("m")
X = array("x", "f32", 2)


def real(e):
    return cast(e, "real")


def task_of(name, e, *params, sizes):
    """A task with one f32 result of the shape of x, or as given."""
    return Task(name, tuple(params), Summary((("y", e),), (), "real"), sizes=(sizes_of(sizes),))


def matrix(name, *shape, role=Role.IN):
    return Param(name, "f32", shape, role)


def run(task, schedule, inputs, sizes, near=1e-5):
    """The kernel on arrays, executed by the simulator in this process; its source for NKI 1 gives nearly the same."""
    install()
    second, first = (_executed(task, given, inputs, sizes) for given in (schedule, ("surface(1)", *schedule)))
    for a, b in zip(*((r if isinstance(r, tuple) else (r,)) for r in (first, second)), strict=True):
        np.testing.assert_allclose(np.asarray(a, "f8"), np.asarray(b, "f8"), rtol=near, atol=near)
    return second


def _executed(task, schedule, inputs, sizes):
    names = {}
    exec(compile(kernel(task, schedule).text, "kernel.py", "exec"), names)
    arguments = [inputs.get(name, value) for name, value in call_of(task, sizes).arguments]
    return simulate(names[task.name])(*arguments)
