"""The child of a judged kernel: it traces the kernel on shapes, and writes the calls that it made to a file.

    python -m accelcore_nki.judging.tracer REQUEST KERNEL ANSWER

It holds no data: arguments are shapes.  Whatever a kernel does in this process, the answer is only a program, which
the parent checks and executes on its own inputs.
"""

from __future__ import annotations

import json
import linecache
import os
import sys
import traceback
from pathlib import Path
from typing import Any

from accelcore_nki import isa, surface
from accelcore_nki.errors import NkiError, UnsupportedCall
from accelcore_nki.generations import TARGET, generation
from accelcore_nki.judging.calls import Log, TracingRecorder, written
from accelcore_nki.kernels import Kernel, _leaves
from accelcore_nki.recorder import Program, recording

_FILE = "kernel.py"
_SHOWN = 12  # lines of a traceback that people need
_UNWRAPPED = frozenset(("NkiValidationError", "VirtualRegister", "get_nc_version"))


def main(argv: list[str]) -> int:
    """Trace; a kernel that fails is an answer too, so the exit is 0 unless the process is ended."""
    request, kernel, answer = argv
    asked = json.loads(Path(request).read_text())
    os.environ[TARGET] = asked["chip"]
    log = Log()
    for name in isa.__all__:
        function = getattr(isa, name)
        if callable(function) and not isinstance(function, type) and name not in _UNWRAPPED:
            setattr(isa, name, log.wrapped(function))
    surface.install()
    try:
        told = _traced(asked, Path(kernel), log)
    except UnsupportedCall as error:
        told = {"status": "unsupported", "what": str(error)}
    except NkiError as error:
        told = {"status": "compile_error", "what": str(error)}
    except Exception as error:  # noqa: BLE001  # a kernel may raise anything; the parent says that it crashed
        told = {"status": "crashed", "what": _raised(error)}
    Path(answer).write_text(json.dumps(told, separators=(",", ":")))
    return 0


def _traced(asked: dict[str, Any], path: Path, log: Log) -> dict[str, Any]:
    recorder = TracingRecorder(Program(generation(asked["chip"])))
    recorder.log = log
    function = _entry(path, asked["entry"])
    arguments = [_argument(recorder, a) for a in asked["arguments"]]
    with recording(recorder):
        returned = function(*arguments)
    return {"status": "ok", **written(recorder, list(_leaves(returned)))}


def _raised(error: Exception) -> str:
    """The traceback from the kernel's first line on."""
    start = error.__traceback__
    while start is not None and start.tb_frame.f_code.co_filename != _FILE:
        start = start.tb_next
    lines = traceback.format_exception(type(error), error, start or error.__traceback__)
    return "\n".join("".join(lines).splitlines()[-_SHOWN:])


def _argument(recorder: TracingRecorder, told: Any) -> Any:
    if not isinstance(told, dict):
        return told
    return recorder.input(tuple(told["shape"]), told["dtype"], told["name"])


def _entry(path: Path, name: str) -> Any:
    """The kernel's function; the usual names are there already."""
    import numpy as np

    modules = {key: sys.modules[key] for key in ("nki", "nki.language", "nki.isa")}
    names: dict[str, Any] = {
        "nki": modules["nki"], "nl": modules["nki.language"], "nisa": modules["nki.isa"], "np": np,
        "__name__": "kernel",
    }  # fmt: skip
    text = path.read_text()
    linecache.cache[_FILE] = (len(text), None, text.splitlines(keepends=True), _FILE)  # for tracebacks
    exec(compile(text, _FILE, "exec"), names)
    found = names.get(name)
    if not callable(found):
        raise NkiError(f"the kernel defines no function {name}", rule="entry", hint=f"def {name}(...):")
    return found.function if isinstance(found, Kernel) else found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
