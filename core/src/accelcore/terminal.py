"""What people read in a terminal: progress on standard error, one closing screen on standard output.

Plain lines unless standard error is a terminal; colours only there and never under NO_COLOR.  Text from kernels,
models and compilers passes through `plain`, so that it cannot steer the terminal.
"""

from __future__ import annotations

import os
import re
import sys
import time
from typing import TYPE_CHECKING, Any, TextIO

from accelcore.pipeline.progress import Event, Judged, Lifted, Note, Started
from accelcore.values import Fidelity, Proof, Status

if TYPE_CHECKING:
    from accelcore.health import Diagnosis
    from accelcore.pipeline.comparing import ComparisonResult, Ending
    from accelcore.pipeline.results import (
        LiftedFunction,
        LiftResult,
        Measured,
        OptimizeResult,
        ProgramResult,
        ReportResult,
        TargetInfo,
        TargetsResult,
    )
    from accelcore.values import Evaluation

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    """Foreign text with control characters and direction overrides shown as escapes; newlines and tabs stay."""
    return _CONTROL.sub(lambda match: match.group().encode("unicode_escape").decode(), text)


def seconds(value: float) -> str:
    """A duration with three significant digits and its unit."""
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= scale:
            return f"{value / scale:.3g} {unit}"
    return f"{value / 1e-9:.3g} ns"


def cost(evaluation: Evaluation) -> str:
    """A cost with its unit; what ended instead, where there is none."""
    if evaluation.cost is None:
        return str(evaluation.status).replace("_", " ")
    if evaluation.cost.unit == "s":
        return seconds(evaluation.cost.value)
    value = evaluation.cost.value
    return f"{value:,.0f} {evaluation.cost.unit}" if value >= 100 else f"{value:.3g} {evaluation.cost.unit}"


class Progress:
    """Prints events as they come.

    On a terminal the last line is rewritten for each candidate; elsewhere a line is printed when the best changes and
    otherwise at most every two seconds.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty() and os.environ.get("TERM") != "dumb"
        self._colour = self._live and not os.environ.get("NO_COLOR")
        self._open = False
        self._shown = 0.0
        self._best: str | None = None

    def __call__(self, event: Event) -> None:
        """Show one event."""
        match event:
            case Started():
                self._line(f"{event.stage}: {event.text}" if event.text else event.stage)
            case Lifted():
                self._line(lifted_line(event.function))
            case Note():
                self._line(event.text)
            case Judged():
                self._judged(event)

    def _judged(self, event: Judged) -> None:
        best = event.best
        what = (event.candidate.move.name if event.candidate.move else event.candidate.plan) or event.candidate.origin
        text = f"[{event.count}] {cost(event.evaluation)}  {plain(what).splitlines()[0] if what else 'seed'}"
        if best is not None and best.cost is not None:
            text += f"  (best {cost(best)})"
        if event.budget_left:
            text += f"  {event.budget_left}"
        new = best is not None and best.kernel != self._best
        if best is not None:
            self._best = best.kernel
        if new:
            self._line(self._green(text) if self._colour else text)
        elif self._live:
            self._rewrite(text)
        elif time.monotonic() - self._shown > 2:
            self._line(text)

    def _green(self, text: str) -> str:
        return f"\x1b[32m{text}\x1b[0m"

    def _line(self, text: str) -> None:
        self._clear()
        self._write(f"{text}\n")
        self._shown = time.monotonic()

    def _rewrite(self, text: str) -> None:
        width = _width()
        self._clear()
        self._write(text if len(text) < width else text[: width - 2] + "…")
        self._open = True

    def _clear(self) -> None:
        if self._open:
            self._write("\r\x1b[K")
            self._open = False

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (BrokenPipeError, ValueError):  # whoever read it went away; the work goes on
            self._live = False
        except UnicodeEncodeError:
            self._stream.write(text.encode("ascii", "replace").decode())


def _width() -> int:
    import shutil

    return shutil.get_terminal_size().columns


def _indent(text: str, by: str = "    ") -> str:
    return "\n".join(by + line for line in text.splitlines())


# lift


def lifted_line(function: LiftedFunction) -> str:
    """`softmax: summary PROVED by z3 (real) in 312 ms, 14 obligations`."""
    return f"{plain(function.function)}: {verdict_line(function)}"


def verdict_line(function: LiftedFunction) -> str:
    """One line about the summary, with the reason where it is not proved."""
    verdict = function.verdict
    by = f" by {verdict.verifier}" if verdict.verifier else ""
    model = f" ({verdict.number_model})" if verdict.number_model else ""
    line = f"summary {verdict.proof.name}{by}{model} in {seconds(max(verdict.seconds, 1e-9))}"
    if verdict.proof is Proof.UNSUPPORTED:
        line = "UNSUPPORTED"
    if verdict.obligations:
        line += f", {len(verdict.obligations)} obligations"
    if verdict.bound is not None:
        line += f", up to size {verdict.bound}"
    return f"{line}: {plain(verdict.reason)}" if verdict.reason else line


def lift_text(result: Any) -> str:
    """All functions of a lift, for people."""
    language, lifted = getattr(result, "language", ""), getattr(result, "result", result)
    return "\n\n".join(_function_text(f, language) for f in _functions(lifted))


def _functions(result: LiftResult) -> tuple[LiftedFunction, ...]:
    return result.functions


def _function_text(function: LiftedFunction, language: str) -> str:
    lines = [plain(function.function)]
    if function.mathematics:
        lines.append(_indent(function.mathematics))
    if function.operators:
        lines += [f"  by operators: {plain(line)}" for line in function.operators.splitlines()]
    lines.append(f"  {verdict_line(function)}")
    if function.requires:
        lines.append(f"  requires {', '.join(map(repr, function.requires))}")
    if function.summary:
        lines += [f"  invariant of {label}: {plain(text)}" for label, text in function.summary.invariants]
    counterexample = function.verdict.counterexample
    if counterexample is not None:
        lines.append("  counterexample, replayed in the interpreter:")
        lines += [f"    {name} = {value!r}" for name, value in counterexample.inputs]
        lines.append(f"    the source gives {counterexample.got!r}, the summary {counterexample.want!r}")
    if language:
        emitted, reason = function.emission(language)
        lines.append(emitted if emitted else f"  no {language} for it: {plain(reason)}")
    return "\n".join(lines)


# compile, optimize, resume


def optimize_text(result: OptimizeResult) -> str:
    """The closing screen: what was proved, what was judged, what it costs, where it is."""
    parts = [
        *_summary_part(result),
        *_kernel_part(result),
        *_cost_part(result),
        *_search_part(result),
    ]
    if result.out is not None:
        # What a kernel for another machine does not have, is not offered.
        ways = {"Makefile": "make check there", "wrapper.py": f"accelcore.load({str(result.out)!r})(...)"}
        here = [way for name, way in ways.items() if os.path.exists(os.path.join(result.out, name))]
        parts.append(f"export    {result.out}" + (f"  ({'; '.join(here)})" if here else ""))
    return "\n".join(parts)


def _summary_part(result: OptimizeResult) -> list[str]:
    lifted = result.lifted
    if lifted is None:
        return [f"task      {result.task.name}, not lifted: judged on inputs only"]
    lines = [_indent(lifted.mathematics, "  "), ""] if lifted.mathematics else []
    lines.append(verdict_line(lifted))
    if lifted.requires:
        lines.append(f"requires  {', '.join(map(repr, lifted.requires))}")
    return lines


def _kernel_part(result: OptimizeResult) -> list[str]:
    best = result.best
    if best is None or best.evaluation.status is not Status.OK:
        why = result.reason or (best.evaluation.feedback if best else "no kernel was judged")
        return (
            [f"kernel    none is correct: {plain(why)}"] if not _only_lowered(result) else [f"kernel    {plain(why)}"]
        )
    judged = f", judged on {result.inputs_judged} inputs" if result.inputs_judged else ", judged"
    lines = [f"kernel    {best.evaluation.grade.name}{judged} ({_isolation(best.evaluation)})"]
    if best.evaluation.fidelity is Fidelity.INTERPRETED:
        lines.append(f"machine   none; {plain(best.evaluation.fingerprint.partition(';')[0])}")
    elif result.machine is not None:
        lines.append(f"machine   {_machine(result)}")
    return lines


def _isolation(evaluation: Evaluation) -> str:
    """`strong sandbox`; the layers are in the report."""
    level = evaluation.sandbox.partition(":")[0]
    return f"{level} sandbox" if level else "no foreign code ran"


def _only_lowered(result: OptimizeResult) -> bool:
    return bool(result.kernel_text) and result.best is None


def _machine(result: OptimizeResult) -> str:
    from accelcore.html.roofline import roofline_line

    return roofline_line(result)


def _cost_part(result: OptimizeResult) -> list[str]:
    seed, best = result.seed, result.best
    if best is None or best.evaluation.status is not Status.OK:
        return []
    lines = []
    if seed is not None:
        sizes = ", ".join(f"{name}={value}" for name, value in seed.evaluation.sizes)
        lines.append(f"seed      {cost(seed.evaluation)}" + (f"  at {sizes}" if sizes else ""))
    same = seed is not None and seed.evaluation.kernel == best.evaluation.kernel
    gain = f", {result.speedup:.2f}x faster than the seed" if result.speedup else ""
    gain = ", the seed: nothing that was tried is faster" if same else gain
    if best.evaluation.fidelity is Fidelity.INTERPRETED:
        gain = ", without a cost: nothing was searched for (accelcore doctor says what is missing)"
    lines.append(f"best      {cost(best.evaluation)}{gain}  [{best.evaluation.fidelity}]")
    lines += [_baseline_line(b) for b in result.baselines]
    return lines


def _baseline_line(baseline: Measured) -> str:
    """`1.77x faster than gcc -O3 (902 µs)`; a ratio that was not measured side by side is marked."""
    from accelcore.session.standing import TIE

    ratio, found = baseline.ratio, cost(baseline.evaluation)
    if not ratio:
        return f"          {baseline.label}: {found}"
    paired = baseline.evaluation.metric("ratio") is not None
    apart = "" if paired or baseline.evaluation.cost is None or baseline.evaluation.cost.unit != "s" else ", not paired"
    if abs(ratio - 1) < TIE:
        return f"          as fast as {baseline.label} ({found}{apart})"
    word = f"{ratio:.2f}x faster than" if ratio > 1 else f"{1 / ratio:.2f}x slower than"
    return f"          {word} {baseline.label} ({found}{apart})"


def _search_part(result: OptimizeResult) -> list[str]:
    ended = ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in result.by_status.items())
    lines = [f"search    {len(result.candidates)} candidates judged: {ended or 'none'}{_spent(result)}"]
    if result.interrupted:
        lines.append(f"          interrupted; accelcore resume {result.run} goes on")
    if result.reason and result.best is not None:
        lines.append(f"          {plain(result.reason)}")
    if result.run:
        lines.append(f"run       {result.run}")
    return lines


def _spent(result: OptimizeResult) -> str:
    spent = result.spent
    words = [seconds(spent["seconds"])] if spent.get("seconds") else []
    if spent.get("tokens"):
        words.append(f"{spent['tokens']:,.0f} tokens")
    if spent.get("dollars"):
        words.append(f"${spent['dollars']:.2f}")
    return f" in {', '.join(words)}" if words else ""


# check, run, report, targets, doctor


def check_text(result: Any) -> str:
    """The judge's answer, or the verdict about a certificate."""
    if hasattr(result, "verdict"):
        verdict = result.verdict
        count = f", {len(verdict.obligations)} obligations" if verdict.obligations else ""
        model = f" ({verdict.number_model})" if verdict.number_model else ""
        line = f"{verdict.proof.name} by {verdict.verifier}{model}{count}"
        return f"{line}: {plain(verdict.reason)}" if verdict.reason else line
    e = result.evaluation
    lines = [f"{e.status.name.replace('_', ' ')}" + (f", graded {e.grade.name}" if e.status is Status.OK else "")]
    if e.cost is not None:
        lines.append(f"cost      {cost(e)}  [{e.fidelity}]")
    elif e.fidelity is Fidelity.INTERPRETED:
        lines.append(f"cost      none  [{e.fidelity}: {plain(e.fingerprint.partition(';')[0])}]")
    lines += [f"{name:9s} {value:.4g}" for name, value in e.metrics]
    lines += [plain(text) for text in (e.feedback, e.log) if text]
    return "\n".join([*lines, f"sandbox   {e.sandbox or 'none'}"])


def program_text(result: ProgramResult) -> str:
    """How a program ended, and what it printed."""
    facts = result.json()
    lines = [str(facts["status"]).replace("_", " ") + (f", exit {facts['exit']}" if facts["exit"] is not None else "")]
    if facts["cost"]:
        lines.append(f"cost      {facts['cost']['value']:,.6g} {facts['cost']['unit']}  [{facts['cost']['fidelity']}]")
    lines += [plain(str(facts[key])) for key in ("feedback", "log") if facts[key]]
    return "\n".join([*lines, *([plain(str(facts["stdout"])).rstrip("\n")] if facts["stdout"] else [])])


def report_text(result: ReportResult | ComparisonResult) -> str:
    """Where the report and the export are; or two runs side by side."""
    from accelcore.pipeline.comparing import ComparisonResult

    if isinstance(result, ComparisonResult):
        return comparison_text(result)
    lines = [f"report    {result.report}"]
    return "\n".join([*lines, *([f"export    {result.export}"] if result.export else [])])


def comparison_text(result: ComparisonResult) -> str:
    """A column for each run, and which of them found the cheaper kernel."""
    columns = [_ending_rows(ending) for ending in (result.first, result.second)]
    wide = max(len(value) for _, value in columns[0])
    lines = [f"{label:11s} {a:{wide}s}   {b}" for (label, a), (_, b) in zip(*columns, strict=True)]
    if result.ratio is None:
        lines.append(f"not compared: {plain(result.reason)}")
    else:
        better, faster = ("first", result.ratio) if result.ratio >= 1 else ("second", 1 / result.ratio)
        lines.append(f"the {better} ended {faster:.2f}x faster; the two were not measured in one sitting")
    return "\n".join(lines)


def _ending_rows(ending: Ending) -> list[tuple[str, str]]:
    run, found = ending.run, ending.json()
    statuses = ", ".join(f"{n} {status.replace('_', ' ')}" for status, n in ending.statuses.items())
    return [
        ("run", f"{plain(run.id)} ({plain(run.status)})"),
        ("task", plain(str(found["task"]))),
        ("target", plain(str(found["target"]))),
        ("verdict", plain(str(found["verdict"] or "not lifted"))),
        ("best", cost(ending.best) if ending.best else "none"),
        ("speed-up", f"{ending.speedup:.2f}x over the seed" if ending.speedup else "-"),
        ("judged", statuses or "nothing"),
        ("took", seconds(float(run.spent.get("seconds", 0.0)))),
        ("dollars", f"{float(run.spent.get('dollars', 0.0)):.2f}"),
        ("schedule", plain("; ".join(ending.schedule)) or "-"),
    ]


def targets_text(result: TargetsResult) -> str:
    """A table of targets, or one target in full; broken plugins at the end."""
    if not result.others and len(result.targets) == 1:
        lines = _target_in_full(result.targets[0])
    else:
        lines = [_target_line(t) for t in result.targets]
        lines.append("\nfurther plugins")
        for kind, rows in result.others:
            lines += [f"  {kind:12s} {name:16s} {plain(about)}" for name, about, _, _, _ in rows]
        lines.append("\naccelcore targets NAME shows the options of one")
    if result.problems:
        lines += ["\nbroken plugins", *(f"  {plain(p)}" for p in result.problems)]
    return "\n".join(lines)


def _target_line(target: TargetInfo) -> str:
    state = "usable" if not target.missing else f"missing: {plain(target.missing[0])}"
    return f"{target.name:10s} {plain(target.about)}  [{state}; {target.owner}]"


def _target_in_full(target: TargetInfo) -> list[str]:
    lines = [f"{target.name}: {plain(target.about)}", f"  language   {target.language}", f"  from       {target.owner}"]
    lines += [f"  missing    {plain(line)}" for line in target.missing] or ["  usable here"]
    for option in target.options:
        lines.append(f"  option     {option.name} = {option.default}  ({option.type}) {plain(option.help)}")
    for name, about, missing in target.evaluators:
        lines.append(f"  evaluator  {name}: {plain(about)}" + (f"  [missing: {missing[0]}]" if missing else ""))
    if target.machine is not None:
        lines.append(f"  machine    {plain(target.machine.name)}")
        lines += [f"             {dtype}: {peak / 1e9:.4g} Gop/s" for dtype, peak in target.machine.peaks]
        lines += [
            f"             {m.name}: {m.size / 1024:.4g} KiB, {m.bandwidth / 1e9:.4g} GB/s"
            for m in target.machine.memories
        ]
    return lines


def doctor_text(result: Diagnosis) -> str:
    """What was examined, what is well, what is not and what mends it."""
    marks = {"ok": "ok     ", "missing": "missing", "broken": "BROKEN ", "weak": "weak   "}
    lines: list[str] = []
    group = ""
    for finding in result.findings:
        if finding.group != group:
            group = finding.group
            lines.append(group if not lines else f"\n{group}")
        lines.append(f"  {marks[finding.state]}  {finding.name}: {plain(finding.text)}")
        if finding.mend:
            lines.append(f"           -> {plain(finding.mend)}")
    return "\n".join(lines)
