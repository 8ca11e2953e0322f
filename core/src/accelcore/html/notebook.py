"""What a notebook shows of a value: a small table of its own, with all foreign text escaped."""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch
from html import escape

from accelcore.values import Evaluation, Run, Summary, Verdict

Rows = Sequence[tuple[str, str]]


def html(value: object) -> str:
    """The HTML of a Summary, Verdict, Evaluation or Run."""
    title, rows = _rows(value)
    body = "".join(
        f"<tr><th style='text-align:left'>{escape(label)}</th><td style='text-align:left'><pre style='margin:0'>"
        f"{escape(text)}</pre></td></tr>"
        for label, text in rows
        if text
    )
    return f"<table><caption style='text-align:left'><b>{escape(title)}</b></caption><tbody>{body}</tbody></table>"


@singledispatch
def _rows(value: object) -> tuple[str, Rows]:
    return type(value).__name__, [("value", repr(value))]


@_rows.register
def _(value: Summary) -> tuple[str, Rows]:
    from accelcore.ir.mathematics import equation

    rows = [(name, equation(name, e)) for name, e in value.post]
    return f"summary over {value.number_model}", [*rows, *((f"invariant {a}", text) for a, text in value.invariants)]


@_rows.register
def _(value: Verdict) -> tuple[str, Rows]:
    from accelcore.ir.printer import text

    rows = [
        ("by", f"{value.verifier} ({value.number_model or 'no number model'})"),
        ("requires", ", ".join(text(e) for e in value.requires)),
        ("up to size", "" if value.bound is None else str(value.bound)),
        ("reason", value.reason),
        ("counterexample", value.counterexample.script if value.counterexample else ""),
        ("obligations", str(len(value.obligations)) if value.obligations else ""),
        ("seconds", f"{value.seconds:.3g}"),
    ]
    return str(value.proof).upper(), rows


@_rows.register
def _(value: Evaluation) -> tuple[str, Rows]:
    from accelcore.terminal import cost

    rows = [
        ("task", value.task),
        ("sizes", ", ".join(f"{name}={size}" for name, size in value.sizes)),
        ("cost", f"{cost(value)} [{value.fidelity}]" if value.cost else ""),
        ("grade", str(value.grade)),
        ("feedback", value.feedback),
        ("log", value.log[:2000]),
        ("measured by", value.fingerprint),
        ("sandbox", value.sandbox),
    ]
    return str(value.status).replace("_", " ").upper(), rows


@_rows.register
def _(value: Run) -> tuple[str, Rows]:
    from accelcore.pipeline.comparing import ending_of
    from accelcore.terminal import cost

    found = ending_of(value)
    rows = [
        ("task", value.task.name if value.task else ""),
        ("target", str(value.config.get("target") or "")),
        ("verdict", str(value.verdict.proof) if value.verdict else "not lifted"),
        ("best", cost(found.best) if found.best else "no correct kernel"),
        ("speed-up", f"{found.speedup:.2f}x over the seed" if found.speedup else ""),
        ("judged", ", ".join(f"{n} {status}" for status, n in found.statuses.items())),
        ("schedule", "\n".join(found.schedule)),
    ]
    return f"run {value.id}, {value.status}", rows
