"""Certificates: a proof as JSON that somebody else can check without trusting whoever wrote it.

A certificate binds the source text, the summary, the claimed loop states, the preconditions, the number model and
every obligation (its SMT-LIB text, the answers it must get) by hashes.  The hashes only locate a change; what makes a
re-check worth something is that *all obligations are derived again* from the source and the summary and compared with
those listed: one that is missing, weaker, swapped or added is refused before any solver runs.  docs/certificate.md
describes the format.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accelcore import codec
from accelcore.errors import AccelcoreError
from accelcore.ir.expr import Expr
from accelcore.values import Proof, Source, Summary, Verdict
from accelcore_llmlift.frontend import program_of
from accelcore_llmlift.verify.arithmetic import Unsupported
from accelcore_llmlift.verify.execute import Claims
from accelcore_llmlift.verify.models import model_for
from accelcore_llmlift.verify.prover import Prover, Step
from accelcore_llmlift.verify.solver import cvc5_script, z3_script

FORMAT = "accelcore-certificate"
VERSION = 1
EXPECTED = ["sat", "unsat"]
"""Answers of each script: its assertions can be met, and not together with the negated goal."""

_OTHER_SECONDS = 3.0
"""Limit of the second solver for one question; no answer from it is noted and no objection."""


class Refused(Exception):
    """A certificate that does not prove what it says; the text is the reason."""


@dataclass(frozen=True)
class Content:
    """What a certificate is about, decoded."""

    source: Source
    summary: Summary
    claims: Claims
    given: tuple[Expr, ...]
    requires: tuple[Expr, ...]
    model: str
    obligations: Sequence[Mapping[str, Any]]


def write(
    source: Source, summary: Summary, claims: Claims, stated: Sequence[Expr], given: Sequence[Expr],
    requires: Sequence[Expr], model: str, steps: Sequence[Step],
) -> str:  # fmt: skip
    """The certificate of a proof.

    stated: preconditions that the source itself has (listed for people, derived again by whoever checks); given: those
    of the task beside them; requires: those that the proof added.
    """
    body: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "verifier": "z3",
        "number_model": model,
        "source": {"text": source.text, "language": source.language, "entry": source.entry},
        "summary": codec.encode(summary),
        "summary_text": {name: str(e) for name, e in summary.post},
        "claims": {label: {name: codec.encode(e) for name, e in sorted(of.items())} for label, of in claims.items()},
        "given": [codec.encode(e) for e in given],
        "requires": [codec.encode(e) for e in requires],
        "requires_text": [str(e) for e in (*stated, *given, *requires)],
        "obligations": [_entry(step) for step in steps],
    }
    body["digests"] = digests(body)
    return json.dumps(body, indent=1, sort_keys=True)


def _entry(step: Step) -> dict[str, Any]:
    text = step.script.standalone
    return {
        "label": step.label, "effort": step.effort, "expected": EXPECTED, "script": text, "sha256": _sha(text),
    }  # fmt: skip


def digests(body: Mapping[str, Any]) -> dict[str, str]:
    """sha256 of the parts that a reader may want to compare on their own, and of all of them together."""
    parts = ("source", "summary", "claims", "given", "requires", "number_model", "obligations")
    found = {part: _sha(json.dumps(body[part], sort_keys=True, separators=(",", ":"))) for part in parts}
    return {**found, "all": _sha("".join(found[part] for part in parts))}


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def read(text: str) -> Content:
    """A certificate's content, its hashes checked; Refused for what is none."""
    try:
        body = json.loads(text)
        if not isinstance(body, dict) or body.get("format") != FORMAT:
            raise Refused("it is no accelcore certificate")
        if body.get("version") != VERSION:
            raise Refused(f"version {body.get('version')!r} of the format is not known here")
        expected = digests(body)
        wrong = [part for part, digest in expected.items() if body.get("digests", {}).get(part) != digest]
        if wrong:
            raise Refused(f"its {wrong[0]} do not match their hash" if wrong[0] != "all" else "its hash is wrong")
        source = Source(**{key: str(body["source"][key]) for key in ("text", "language", "entry")})
        summary = codec.decode(body["summary"])
        if not isinstance(summary, Summary):
            raise Refused("its summary is no summary")
        claims = {label: {n: _expr(e) for n, e in of.items()} for label, of in body["claims"].items()}
        given, requires = (tuple(_expr(e) for e in body[part]) for part in ("given", "requires"))
        return Content(source, summary, claims, given, requires, str(body["number_model"]), body["obligations"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(f"it is damaged: {type(error).__name__} {error}") from error
    except AccelcoreError as error:
        raise Refused(f"it holds a malformed value: {error.what}") from error


def _expr(data: Any) -> Expr:
    e = codec.decode(data)
    if not isinstance(e, Expr):
        raise Refused("a value where an expression belongs")
    return e


def recheck(text: str, *, source: Source | None = None, timeout: float = 60.0) -> Verdict:
    """The verdict that a certificate deserves: PROVED, or UNKNOWN with the reason why it is refused.

    source: check against this source instead of the text inside (then the two must agree).
    """
    start = time.monotonic()

    def refused(reason: str) -> Verdict:
        return Verdict(Proof.UNKNOWN, "z3", reason=f"certificate refused: {reason}", seconds=time.monotonic() - start)

    try:
        content = read(text)
        if source is not None and (source.text, source.entry) != (content.source.text, content.source.entry):
            raise Refused("it is about another source")
        steps, stated, requires = _derive(content, start + timeout)
        _compare(content, steps, requires)
        answers = _solve(content, start + timeout)
    except (Refused, Unsupported) as reason:
        return refused(str(reason))
    except AccelcoreError as error:
        return refused(f"its source is not read: {error.what}")
    return Verdict(
        Proof.PROVED, "z3", content.model, (*stated, *content.given, *requires),
        seconds=time.monotonic() - start, obligations=answers, certificate=text,
    )  # fmt: skip


def _derive(content: Content, deadline: float) -> tuple[list[Step], tuple[Expr, ...], list[Expr]]:
    """Obligations, preconditions that the source states, and those that the proof needs.

    All from the source and the summary; the claims serve as hints again.
    """
    program = program_of(content.source)
    model = model_for(program, content.summary)
    if model.label != content.model:
        raise Refused(f"its number model is {content.model!r}, the source and the summary need {model.label!r}")
    proof = Prover(deadline).prove(program, content.summary, content.claims, model, content.given)
    if not proof.complete:
        raise Refused(f"the obligations of its source are not proved: {proof.failed}")
    return proof.steps, program.requires, proof.requires


def _compare(content: Content, steps: Sequence[Step], requires: Sequence[Expr]) -> None:
    """What is listed must be exactly what was derived."""
    if list(content.requires) != list(requires):
        raise Refused("its preconditions are not those that its source needs")
    listed = [str(o.get("label")) for o in content.obligations]
    derived = [s.label for s in steps]
    if listed != derived:
        missing = [name for name in derived if name not in listed]
        extra = [name for name in listed if name not in derived]
        what = f"obligation {missing[0]!r} is missing" if missing else (
            f"obligation {extra[0]!r} does not belong to it" if extra else "its obligations are in another order"
        )  # fmt: skip
        raise Refused(what)
    for entry, step in zip(content.obligations, steps, strict=True):
        script = step.again(str(entry.get("effort")))
        if entry.get("script") != script.standalone or entry.get("expected") != EXPECTED:
            raise Refused(f"obligation {step.label!r} is not the one that the source and the summary give")


def _solve(content: Content, deadline: float) -> tuple[tuple[str, str, float], ...]:
    """Every script in a fresh solver, and in cvc5 when that is installed: it must not contradict."""
    found = []
    for entry in content.obligations:
        start = time.monotonic()
        answers = z3_script(entry["script"], _left(deadline))
        if answers != EXPECTED:
            raise Refused(f"obligation {entry['label']!r}: z3 answers {' '.join(answers) or 'nothing'}")
        other = cvc5_script(entry["script"], min(_OTHER_SECONDS, _left(deadline)))
        if other is not None and (len(other) != 2 or other[0] == "unsat" or other[1] == "sat"):
            raise Refused(f"obligation {entry['label']!r}: cvc5 answers {' '.join(other) or 'nothing'}")
        note = "unsat" if other is None else f"unsat, cvc5 {other[1]}"
        found.append((str(entry["label"]), note, 1000 * (time.monotonic() - start)))
    return tuple(found)


def _left(deadline: float) -> float:
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise Refused("out of time")
    return seconds
