"""Values as JSON text in the journal's columns: one place that knows the codec."""

from __future__ import annotations

import json
from typing import Any


def dumps(value: object) -> str:
    """JSON text of a value of `accelcore.values`."""
    from accelcore import codec

    return json.dumps(codec.encode(value), separators=(",", ":"))


def loads(text: str) -> Any:
    """The value again."""
    from accelcore import codec

    return codec.decode(json.loads(text))


def plain(value: object) -> str:
    """JSON text of numbers, strings, lists and mappings."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True, default=str)
