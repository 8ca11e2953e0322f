"""`make demo`: the main job on examples/softmax.py, with the best target that is usable here."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def best_target() -> str:
    """avx where its plugin is usable on this CPU, else portable C."""
    from accelcore.registry import registry

    usable = {target.name for target in registry().targets() if not target.missing()}
    return "avx" if "avx" in usable else "c"


def main() -> int:
    """Run the command line of the README."""
    from accelcore.cli import main as accelcore

    target = best_target()
    if target != "avx":
        print("this CPU has neither AVX-512 nor AVX2: taking the portable C target")
    command = ["compile", str(ROOT / "examples" / "softmax.py"), "--target", target]
    print("accelcore", " ".join(command), flush=True)
    return int(accelcore(command) or 0)


if __name__ == "__main__":
    sys.exit(main())
