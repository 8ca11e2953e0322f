"""The files of an export that belong to its kernel: code, header, harness, wrapper."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from accelcore.errors import AccelcoreError, UnsupportedLowering
from accelcore.export.cases import draw
from accelcore.export.harness import Case, check_c, makefile, vectors
from accelcore.export.interface import Interface, header
from accelcore.export.wrapper import wrapper
from accelcore.values import Kernel, Task

_SUFFIX = {"c": ".c", "c++": ".cpp", "python": ".py"}
_FLAGS = ("cc", "-O3", "-lm")


def kernel_files(
    task: Task, kernel: Kernel, foreign: tuple[str, str] | None = None, check: str | None = None
) -> dict[str, str | bytes]:
    """`kernel.c` with header, harness and wrapper; other languages have the kernel and, for Python, a harness.

    foreign: cross compiler and emulator of a kernel for another machine; Python cannot load it, so it has no wrapper.
    check: shell command that checks a kernel which only the evaluator of its target runs, "" when there is none; such a
    kernel has neither a harness nor a wrapper.

    A harness needs stored inputs with exact results; a task whose oracle cannot be had here is exported without one,
    and README.txt says so.
    """
    name = f"kernel{_SUFFIX.get(kernel.language, '.txt')}"
    found: dict[str, str | bytes] = {name: kernel.text}
    if check is not None:
        return found | _evaluated_files(task, kernel, check)
    cases, why = _cases(task, kernel)
    if kernel.language == "c":
        found |= _c_files(Interface(task, kernel), cases, foreign)
    elif kernel.language == "python":
        found |= _python_files(task, kernel, cases)
    found["README.txt"] = _readme(task, found, why)
    return found


def _cases(task: Task, kernel: Kernel) -> tuple[Sequence[Case], str]:
    try:
        return draw(task, kernel), ""
    except AccelcoreError as error:
        return (), error.what


def command_of(kernel: Kernel) -> tuple[str, ...]:
    """The compiler and flags of a C kernel, as its evaluator was told them."""
    build = dict(kernel.build)
    flags = build.get("flags", "").split()
    return (build.get("cc", _FLAGS[0]), *(flags or _FLAGS[1:-1]), _FLAGS[-1])


def _c_files(
    interface: Interface, cases: Sequence[Case], foreign: tuple[str, str] | None
) -> dict[str, str | bytes]:
    command = command_of(interface.kernel)
    found: dict[str, str | bytes] = {"kernel.h": header(interface)}
    if foreign is None:
        found["wrapper.py"] = wrapper(interface, command)
    if interface.checked is not None:
        found["checked.c"] = interface.checked
    if cases:
        try:
            found["check.c"] = check_c(interface, len(cases))
        except UnsupportedLowering:
            return found
        found["vectors.bin"] = vectors(interface, cases)
        found["Makefile"] = makefile(command, foreign)
    return found


def _evaluated_files(task: Task, kernel: Kernel, check: str) -> dict[str, str | bytes]:
    """Files of a kernel that only its target's evaluator runs."""
    found: dict[str, str | bytes] = {"kernel.h": header(Interface(task, kernel))} if kernel.language == "c" else {}
    if check:
        found["Makefile"] = f"check:\n\t{check}\n\n.PHONY: check\n"
    found["README.txt"] = _readme(task, found, "" if check else "only the evaluator of its target runs this kernel")
    return found


def _python_files(task: Task, kernel: Kernel, cases: Sequence[Case]) -> dict[str, str | bytes]:
    runtime = files("accelcore").joinpath("export/data/python_wrapper.py.in").read_text(encoding="utf-8")
    inputs = [p.name for p in task.params if p.role != "out"]
    results = [p.name for p in task.results]
    head = f"ENTRY = {kernel.entry!r}\nINPUTS = {inputs!r}\nRESULTS = {results!r}\n"
    found: dict[str, str | bytes] = {"wrapper.py": runtime.replace("# INTERFACE\n", head)}
    if cases:
        found["vectors.npz"] = _archive(cases)
        found["Makefile"] = "check:\n\tpython3 wrapper.py\n\n.PHONY: check\n"
    return found


def _archive(cases: Sequence[Case]) -> bytes:
    """Inputs, results and deviations of all cases as one NumPy archive without pickles."""
    import io

    import numpy as np

    arrays: dict[str, Any] = {}
    for number, case in enumerate(cases):
        for kind, values in (("in", case.inputs), ("want", case.expected), ("deviation", case.deviation)):
            arrays |= {f"{number}/{kind}/{name}": value for name, value in values.items()}
        arrays |= {f"{number}/in/{name}": np.int64(value) for name, value in case.sizes.items()}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def _readme(task: Task, found: dict[str, str | bytes], why: str) -> str:
    """What each file is."""
    about = {
        "kernel.h": "the prototype, what each argument is, what it requires",
        "checked.c": "the entry that tests what is required before it calls the kernel",
        "check.c": "runs the kernel on stored inputs: `make check` compares with exact results",
        "vectors.bin": "the stored inputs, exact results and accepted deviations",
        "vectors.npz": "the stored inputs, exact results and accepted deviations: `make check` compares",
        "Makefile": "`make check` runs the kernel and compares",
        "wrapper.py": "calls the kernel with NumPy arrays: `from wrapper import load; load()(...)`",
    }
    lines = [f"{task.name}: a kernel written by accelcore.", ""]
    lines += [f"  {name:14s} {about[name]}" for name in found if name in about]
    lines += [
        "  task.json      what it computes, in accelcore's own form",
        "  schedule.json  the rewrites that made it",
        "  certificate.json, where the summary was proved: `accelcore check certificate.json` proves it again",
        "  report.html    how it was found; run.json: the same in figures",
    ]
    if why:
        lines += ["", f"There is no harness: {why}"]
    return "\n".join([*lines, ""])
