"""The export folder: a kernel with all that is needed to use, check and reproduce it; and `load`, which opens one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from accelcore.errors import UsageError


def load(folder: str | Path) -> Callable[..., Any]:
    """The kernel of an export folder as a function of NumPy arrays.

    It takes the arguments of the original function, checks dtypes, shapes and preconditions at its border, and returns
    the results: `accelcore.load("softmax-export")(x)`.  This runs the code in the folder.  Raises UsageError when the
    folder is no export.
    """
    import importlib.util

    path = Path(folder) / "wrapper.py"
    if not path.is_file():
        hint = "accelcore compile FILE --out DIR writes one"
        raise UsageError("is no export folder: it has no wrapper.py", where=str(folder), hint=hint)
    spec = importlib.util.spec_from_file_location(f"accelcore_export_{abs(hash(str(path.resolve())))}", path)
    if spec is None or spec.loader is None:
        raise UsageError("its wrapper.py cannot be imported", where=str(folder))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return cast("Callable[..., Any]", module.load())


__all__ = ["load"]
