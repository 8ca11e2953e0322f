"""Values as JSON text in the journal's columns: one place that knows the codec."""

from __future__ import annotations

import json
from typing import Any

from accelcore.errors import JournalError


def dumps(value: object) -> str:
    """JSON text of a value of `accelcore.values`."""
    from accelcore import codec

    return json.dumps(codec.encode(value), separators=(",", ":"))


def loads(text: str) -> Any:
    """The value again.  JournalError for text that is none, AccelcoreError for JSON of another form."""
    from accelcore import codec

    return codec.decode(unplain(text))


def plain(value: object) -> str:
    """JSON text of numbers, strings, lists and mappings."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True, default=str)


def unplain(text: str) -> Any:
    """Numbers, strings, lists and dicts again.  JournalError for text that is no JSON, as a damaged file may hold."""
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError) as error:
        hint = "its readable part: sqlite3 journal.sqlite .recover; start a new run"
        raise JournalError(f"the journal is damaged: a value in it does not read ({error})", hint=hint) from error
