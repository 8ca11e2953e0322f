"""`python -m accelcore.cli`, where the script is not on the path."""

from __future__ import annotations

from accelcore.cli import main

main()
