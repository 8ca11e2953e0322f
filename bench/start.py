"""How long it takes until something happens: python bench/start.py prints the median of twenty starts, interleaved.

The bare interpreter is what the others stand on.  The compiled modules are kept in a folder of its own, as pip would
leave them, whatever the environment says about writing them.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time

STARTS = {
    "python": ["-c", ""],
    "import accelcore": ["-c", "import accelcore"],
    "accelcore --help": ["-m", "accelcore.cli", "--help"],
    "accelcore targets": ["-m", "accelcore.cli", "targets"],
}


def seconds(arguments: list[str], environment: dict[str, str]) -> float:
    """Wall seconds of one start."""
    before = time.perf_counter()
    subprocess.run([sys.executable, *arguments], env=environment, check=True, capture_output=True)
    return time.perf_counter() - before


def main() -> None:
    """Print the table."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as folder:
        environment = {**kept, "PYTHONPYCACHEPREFIX": folder}
        for arguments in STARTS.values():
            seconds(arguments, environment)
        taken = [{name: seconds(arguments, environment) for name, arguments in STARTS.items()} for _ in range(20)]
    for name in STARTS:
        times = [one[name] for one in taken]
        print(f"{name:20s} median {statistics.median(times) * 1000:6.0f} ms   least {min(times) * 1000:6.0f} ms")


if __name__ == "__main__":
    main()
