"""The page: a template, a block of JSON data, inline style and script; no network, no foreign markup.

The data block is the only place where foreign text enters.  In it `<`, `>` and `&` are written as JSON escapes, so that
no text can end the block; the script puts text into the page by `textContent` alone.  The content policy allows the
page's own inline style and script, by hash, and nothing from anywhere.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Any

from accelcore.html.data import data

if TYPE_CHECKING:
    from accelcore.values import Machine, Run


def page(run: Run, machine: Machine | None = None) -> str:
    """The report of a run as one HTML text."""
    return render(data(run, machine))


def render(content: Mapping[str, Any]) -> str:
    """The page around its data."""
    style, script = _asset("report.css"), _asset("report.js")
    task = content.get("task") or {}
    return Template(_asset("report.html")).substitute(
        title=escape(f"accelcore: {task.get('name', 'run')}"),
        policy=_policy(style, script),
        style=style,
        script=script,
        data=_embedded(content),
    )


def _asset(name: str) -> str:
    return files("accelcore").joinpath("html/assets", name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    return f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; base-uri 'none'"


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _embedded(content: Mapping[str, Any]) -> str:
    """JSON that is safe inside a script element: no `<`, no line separators that old parsers mistake."""
    text = json.dumps(_finite(content), ensure_ascii=False, separators=(",", ":"), default=str)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _finite(value: Any) -> Any:
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    if isinstance(value, Mapping):
        return {str(k): _finite(v) for k, v in value.items()}
    return [_finite(v) for v in value] if isinstance(value, list | tuple) else value
