"""Make the virtual environment of a checkout: core and plugins editable, and the tools of the test suite.

Where the C compiler is missing, the ziglang wheel is installed as well, and that is said.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

EXTRAS = {
    "accelcore-dask (distributed)": ["--no-build-isolation", "-e", "plugins/dask"],
    "optuna": ["optuna>=4"],
}
"""What the suite can do without: packages with many dependencies, for one part each."""


def main(folder: str) -> int:
    """Create the environment in `folder` and install requirements-dev.txt into it."""
    if sys.version_info < (3, 11):  # noqa: UP036  # the check must run on the Python that users happen to have
        print(f"accelcore needs Python 3.11 or newer; this is {sys.version.split()[0]}", file=sys.stderr)
        print("  hint: make PYTHON=python3.12 ...", file=sys.stderr)
        return 2
    python = ROOT / folder / "bin" / "python"
    if not python.exists():  # one that is there stays, however it was made; one whose Python is gone is made anew
        venv.create(ROOT / folder, with_pip=True, clear=True)
    # A leftover of the caller's shell must not redirect the installation elsewhere.
    environment = {k: v for k, v in os.environ.items() if k not in ("PIP_TARGET", "PIP_PREFIX", "PYTHONPATH")}
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    steps = [[*pip, "hatchling>=1.25", "editables"], [*pip, "--no-build-isolation", "-r", "requirements-dev.txt"]]
    if not any(map(shutil.which, ("gcc", "cc", "clang"))) and "ACCELCORE_CC" not in os.environ:
        print("no C compiler found: installing the ziglang wheel, which contains one (about 90 MB)")
        steps.append([*pip, "ziglang>=0.13"])
    for step in steps:
        if subprocess.run(step, cwd=ROOT, env=environment, check=False).returncode:
            print("setting up failed; run this to see why:\n  " + " ".join(step), file=sys.stderr)
            return 2
    for what, arguments in EXTRAS.items():
        if subprocess.run([*pip, *arguments], cwd=ROOT, env=environment, check=False).returncode:
            print(f"{what} cannot be installed here; it is left out, and so are its tests")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
