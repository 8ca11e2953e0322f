"""The process that uses the vendor's package; it imports nothing of accelcore.

    python child.py FOLDER

FOLDER holds kernel.py, request.json and the arrays.  `nki.baremetal(kernel)(arrays)` gives the values, `nki.benchmark`
the latency; answer.json and result*.bin are what it leaves.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any


def main(place: str) -> None:
    """Run the request in a folder."""
    import ml_dtypes
    import numpy as np

    nki: Any = importlib.import_module("nki")

    folder = Path(place)
    request = json.loads((folder / "request.json").read_text())

    def type_of(name: str) -> Any:
        return np.dtype(getattr(ml_dtypes, name)) if hasattr(ml_dtypes, name) else np.dtype(name)

    def argument(told: Any) -> Any:
        if not isinstance(told, dict):
            return told
        raw = np.frombuffer((folder / told["file"]).read_bytes(), type_of(told["dtype"]))
        return raw.reshape(told["shape"]).copy()

    spec = importlib.util.spec_from_file_location("kernel", folder / "kernel.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    kernel = getattr(module, request["entry"])
    returned = nki.baremetal(kernel)(*map(argument, request["arguments"]))
    results = [np.asarray(r) for r in (returned if isinstance(returned, tuple | list) else (returned,))]
    timed = nki.benchmark(warmup=5, iters=request["iterations"])(kernel)
    timed(*map(argument, request["arguments"]))
    for number, values in enumerate(results):
        (folder / f"result{number}.bin").write_bytes(np.ascontiguousarray(values).tobytes())
    told = [{"shape": r.shape, "dtype": r.dtype.name} for r in results]
    microseconds = timed.benchmark_result.nc_latency.get_latency_percentile(50)
    (folder / "answer.json").write_text(json.dumps({"results": told, "microseconds": float(microseconds)}))


if __name__ == "__main__":
    main(sys.argv[1])
