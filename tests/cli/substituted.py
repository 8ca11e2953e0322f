"""The command line over the substitutes of the pipeline's tests, as a process of its own."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "pipeline"))

from substitutes import substitutes

from accelcore.cli import main
from accelcore.registry import using

with using(substitutes()):
    main(sys.argv[1:])
