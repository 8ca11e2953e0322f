"""One call of a kernel on the device: arrays to files, a process that uses the vendor's package, files to arrays."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accelcore.errors import RunFailure
from accelcore.values import Cost, Kernel, Limits, Task
from accelcore_nki.judging.interface import Call, call_of
from accelcore_nki.kernels import Shape

if TYPE_CHECKING:
    from accelcore.protocols import Buffers

_CHILD = Path(__file__).with_name("child.py")
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "HOME", "TMPDIR", "VIRTUAL_ENV")


@dataclass
class NeuronRunner:
    """Runs one kernel of a task; the cost is the device's median latency, as the vendor's benchmark reports it."""

    task: Task
    kernel: Kernel
    iterations: int
    limits: Limits
    sandbox: str = "none"

    def __enter__(self) -> NeuronRunner:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is kept between calls."""

    def call(self, batch: Sequence[Buffers], sizes: Mapping[str, int]) -> Sequence[Cost]:
        """Run the kernel on each set, in order."""
        call = call_of(self.task, sizes)
        return [self._once(call, buffers) for buffers in batch]

    def _once(self, call: Call, buffers: Buffers) -> Cost:
        with tempfile.TemporaryDirectory(prefix="neuron-") as place:
            folder = Path(place)
            (folder / "kernel.py").write_text(self.kernel.text)
            request = {"entry": self.kernel.entry, "iterations": self.iterations,
                       "arguments": _arguments(folder, call, buffers)}  # fmt: skip
            (folder / "request.json").write_text(json.dumps(request))
            self._child(folder)
            return self._answer(folder, call, buffers)

    def _child(self, folder: Path) -> None:
        env = {k: v for k, v in os.environ.items() if k in _PASSED_ON or k.startswith("NEURON_")}
        argv, limit = [sys.executable, str(_CHILD), str(folder)], self.limits.seconds
        try:
            done = subprocess.run(argv, cwd=folder, env=env, capture_output=True, timeout=limit, check=False)
        except subprocess.TimeoutExpired:
            raise RunFailure(f"the device gave no answer in {limit} s", status="timeout") from None
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace")[-2000:]
            raise RunFailure(said or f"the process ended {done.returncode}", status="crashed")

    def _answer(self, folder: Path, call: Call, buffers: Buffers) -> Cost:
        import numpy as np

        from accelcore_nki.dtypes import numpy_type

        try:
            told = json.loads((folder / "answer.json").read_text())
            shapes = [(tuple(r["shape"]), r["dtype"]) for r in told["results"]]
            seconds = float(told["microseconds"]) / 1e6
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RunFailure(f"the process gave no answer: {error}", status="crashed") from error
        wanted = [(shape.shape, shape.dtype) for _, shape in call.results]
        if shapes != wanted:
            raise RunFailure(f"the kernel returns {shapes}, not {wanted}", status="wrong")
        for number, (name, shape) in enumerate(call.results):
            raw = np.frombuffer((folder / f"result{number}.bin").read_bytes(), numpy_type(shape.dtype))
            target = buffers[name]
            target[...] = raw.reshape(target.shape).astype(target.dtype, copy=False)
        return Cost(seconds, "s")


def _arguments(folder: Path, call: Call, buffers: Buffers) -> list[Any]:
    """The arguments as the child reads them: numbers as they are, arrays in files."""
    import numpy as np

    from accelcore_nki.dtypes import numpy_type

    told: list[Any] = []
    for name, argument in call.arguments:
        if not isinstance(argument, Shape):
            told.append(argument)
            continue
        values = np.ascontiguousarray(buffers[name]).astype(numpy_type(argument.dtype))
        (folder / f"{name}.bin").write_bytes(values.tobytes())
        told.append({"file": f"{name}.bin", "shape": argument.shape, "dtype": argument.dtype})
    return told
