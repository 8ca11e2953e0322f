"""The suite of a language model provider, without a network."""

from __future__ import annotations

from typing import ClassVar

from accelcore.registry import registry
from accelcore.testing.light import heavy_imports


class ModelSuite:
    """Subclass it and set `prefix`."""

    prefix: ClassVar[str] = ""
    module: ClassVar[str] = ""

    def test_import_is_light(self) -> None:
        """The SDK is imported at the first call, never before."""
        module = self.module or type(registry().model(self.prefix)).__module__
        assert heavy_imports(module) == ()

    def test_missing_gives_lines_for_people(self) -> None:
        """What it lacks, in words: a package, never a key."""
        assert all(isinstance(line, str) and line for line in registry().model(self.prefix).missing())
