"""What tokens cost: a table that ships with accelcore, behind one that the user may write."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from accelcore.errors import UsageError

_FORM = 'a table per provider: [openai] then "NAME" = [input, cached input, output] in dollars per million tokens'


@dataclass(frozen=True)
class Price:
    """Dollars per million tokens."""

    input: float
    cached: float
    output: float

    def dollars(self, tokens_in: int, tokens_out: int, tokens_cached: int = 0) -> float:
        """Cost of a call; cached tokens are part of tokens_in."""
        fresh = max(0, tokens_in - tokens_cached)
        return (fresh * self.input + tokens_cached * self.cached + tokens_out * self.output) / 1e6


FREE = Price(0.0, 0.0, 0.0)


def price_of(prefix: str, name: str) -> Price | None:
    """The price of a model by the longest matching beginning of its name; None when it is not known."""
    for table in (_users(), _shipped()):
        rows = table.get(prefix, {})
        matching = [key for key in rows if name.startswith(key)]
        if matching:
            return rows[max(matching, key=len)]
    return None


def _shipped() -> Mapping[str, Mapping[str, Price]]:
    return _read(files("accelcore.models").joinpath("prices.toml").read_text(), "prices.toml")


def _users() -> Mapping[str, Mapping[str, Price]]:
    chosen = os.environ.get("ACCELCORE_PRICES")
    root = os.environ.get("XDG_CONFIG_HOME")
    file = Path(chosen) if chosen else (Path(root) if root else Path.home() / ".config") / "accelcore" / "prices.toml"
    try:
        return _read(file.read_text(), str(file))
    except OSError as error:
        if chosen:
            raise UsageError(f"cannot read the price table: {error.strerror}", where=chosen, hint=_FORM) from None
        return {}


def _read(text: str, where: str) -> Mapping[str, Mapping[str, Price]]:
    try:
        return {
            provider: {name: Price(*map(float, row)) for name, row in rows.items()}
            for provider, rows in tomllib.loads(text).items()
        }
    except (tomllib.TOMLDecodeError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(f"not a price table: {error}", where=where, hint=_FORM) from None
