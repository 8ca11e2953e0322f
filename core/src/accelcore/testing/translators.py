"""The suite of a front end."""

from __future__ import annotations

from typing import ClassVar

from accelcore.errors import UnsupportedSource
from accelcore.protocols import Translator
from accelcore.registry import registry
from accelcore.values import Role, Source


class TranslatorSuite:
    """Subclass it, set `translator` and one program that it reads, with inputs and the results that they give.

    program: text; language; entry: its function.  inputs: values by parameter; results: values by result.
    outside: a program in its language, outside its subset.
    """

    translator: ClassVar[str] = ""
    language: ClassVar[str] = "python"
    program: ClassVar[str] = ""
    entry: ClassVar[str] = ""
    inputs: ClassVar[dict[str, object]] = {}
    results: ClassVar[dict[str, object]] = {}
    outside: ClassVar[str] = ""

    def chosen(self) -> Translator:
        """The front end under test; skips where it is not usable."""
        import pytest

        found = next((t for t in registry().translators() if t.name == self.translator), None)
        assert found is not None, f"no translator {self.translator!r} is installed"
        if found.missing():
            pytest.skip(f"not usable here: {found.missing()[0]}")
        return found

    def source(self, text: str | None = None) -> Source:
        """The program as a source."""
        return Source(self.program if text is None else text, self.language, self.entry, "program")

    def test_it_accepts_its_language_and_no_other(self) -> None:
        """Which front end reads a file is decided by `accepts` alone."""
        assert self.chosen().accepts(self.source())
        assert not self.chosen().accepts(Source("(define (f) 1)", "scheme", "f"))

    def test_the_task_describes_the_function(self) -> None:
        """Parameters in order, at least one result, the source kept."""
        task = self.chosen().task(self.source(), {})
        assert task.results
        assert task.source == self.source() or task.reference == self.source()
        assert all(p.role in Role for p in task.params)

    def test_interpretation_gives_the_results(self) -> None:
        """The source's own semantics."""
        import numpy as np

        got = self.chosen().interpret(self.source(), self.inputs)
        for name, want in self.results.items():
            np.testing.assert_allclose(np.asarray(got[name], float), np.asarray(want, float))

    def test_what_is_outside_is_refused_with_its_place(self) -> None:
        """UnsupportedSource names file, line and column."""
        import pytest

        if not self.outside:
            pytest.skip("no program outside the subset was given")
        with pytest.raises(UnsupportedSource) as caught:
            task = self.chosen().task(self.source(self.outside), {})
            from accelcore.session import Session

            with Session() as session:
                self.chosen().lift(task, session)
        assert caught.value.where.count(":") >= 2, caught.value.where
