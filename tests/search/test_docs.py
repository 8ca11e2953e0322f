"""The strategy in docs/strategies.md, run."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from accelcore.bench import landscapes, trace
from accelcore.protocols import Strategy

PAGE = Path(__file__).parents[2] / "docs" / "strategies.md"


def test_the_strategy_of_the_page_searches():
    code = re.search(r"```python\n(@dataclass.*?)```", PAGE.read_text(), re.S)
    assert code is not None
    names = {"dataclass": dataclass, "field": field, "ClassVar": ClassVar}
    exec(code[1], names)  # the page's own example
    found = names["FirstImprovement"]()
    assert isinstance(found, Strategy)
    gemm = landscapes()[0]
    assert trace(found, gemm, 1).reached(1100)


def test_the_page_names_every_strategy():
    from accelcore.strategies.beam import Beam
    from accelcore.strategies.greedy import Greedy
    from accelcore.strategies.random import RandomSearch
    from accelcore_autocomp.evolution import Evolution
    from accelcore_autocomp.strategy import Autocomp

    page = PAGE.read_text()
    assert all(f"| `{s.name}`" in page for s in (Greedy, Beam, RandomSearch, Autocomp, Evolution))
