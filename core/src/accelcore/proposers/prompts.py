"""Requests as messages: the templates of `accelcore/proposers/templates`, filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING

from accelcore.knowledge import IDEA, Example, Knowledge, Section, select
from accelcore.proposers.answers import fenced
from accelcore.values import Phase, Request, Source, Summary, Task, abi_arguments

if TYPE_CHECKING:
    from accelcore.protocols import Target

Message = Mapping[str, str]

KNOWLEDGE_LIMIT = 12_000
"""Characters of a target's architecture.md in a prompt: about 4,000 tokens."""

ISA_LIMIT, EXAMPLES_LIMIT = 24_000, 8_000
"""Characters of instruction-set documents and of examples in a prompt: about 8,000 and 2,500 tokens."""

MENU_LIMIT = 40
"""Rewrites, and as many ideas, in a menu."""

EDITS_FROM = 60
"""Lines of a kernel from which on a model may answer with edits: of a shorter one the whole costs little more."""

_NOTHING = Knowledge()


def messages(request: Request, target: Target | None, knowledge: Knowledge = _NOTHING) -> list[Message]:
    """The system and user message of a request about a kernel."""
    system = filled("system", target=request.target, **_about(request, target), **_known(request, knowledge))
    user = _user(request, language_of(request, target))
    return [{"role": "system", "content": system}, {"role": "user", "content": user}]


def language_of(request: Request, target: Target | None) -> str:
    """The language of the kernels that answer a request: the parent's, but a translation ends in the target's."""
    assert request.parent is not None, "requests about kernels have a parent"
    is_translated = request.phase is Phase.TRANSLATE and target is not None
    return target.language if is_translated and target else request.parent.kernel.language


def refusal(reason: str) -> str:
    """What a model is told when its answer could not be used."""
    return filled("refused", reason=reason)


def _user(request: Request, language: str) -> str:
    parent = request.parent
    assert parent is not None, "requests about kernels have a parent"
    plan = request.moves[0].text or request.moves[0].name if len(request.moves) == 1 else ""
    fields = {
        "task": _task(request.task),
        "kernel": fenced(parent.kernel.text, parent.kernel.language),
        "language": language,
        "measured": _measured(request.feedback),
        "history": _history(request),
        "feedback": fenced(request.feedback or "nothing", "text", 6_000),
        "menu": _menu(request),
        "plan": fenced(plan, "text") if plan else "",
        "edits": filled("edits") if parent.kernel.text.count("\n") >= EDITS_FROM else "",
    }
    return filled(_template(request, bool(plan)), **fields)


def _template(request: Request, has_plan: bool) -> str:
    if request.phase is Phase.IMPLEMENT:
        return "implement" if has_plan else "improve"
    return request.phase.value


def _about(request: Request, target: Target | None) -> dict[str, str]:
    machine = ""
    if target is not None:
        facts = target.machine()
        peaks = ", ".join(f"{dtype} {rate:.3g} operations/s" for dtype, rate in facts.peaks)
        memories = ", ".join(f"{m.name} {m.size} bytes at {m.bandwidth:.3g} bytes/s" for m in facts.memories)
        machine = "\n".join(line for line in (facts.name, peaks, memories) if line)
    return {"machine": machine, "interface": _interface(request)}


def _known(request: Request, knowledge: Knowledge) -> dict[str, str]:
    """What the target's knowledge says that matters here; the same text for all requests about one kernel and plan."""
    parent = request.parent
    about = " ".join([parent.kernel.text if parent else "", *(move.text or move.name for move in request.moves)])
    isa = select(knowledge.isa, about, ISA_LIMIT)
    rules = knowledge.rules.planning if request.phase is Phase.PLAN else knowledge.rules.coding
    kept = "\n".join(f"- {rule}" for rule in (*knowledge.rules.general, *rules))
    return {
        "architecture": knowledge.architecture[:KNOWLEDGE_LIMIT],
        "isa": f"# Instructions\n{isa}\n" if isa else "",
        "examples": _examples(knowledge, about),
        "rules": f"# Rules\n{kept}\n" if kept else "",
    }


def _examples(knowledge: Knowledge, about: str) -> str:
    """Examples that fit, the most similar first in line."""
    pages = [Section(e.name, f"## {e.name}\n{_page(e)}") for e in knowledge.examples]
    text = select(pages, about, EXAMPLES_LIMIT)
    return f"# Examples\n{text}\n" if text else ""


def _page(example: Example) -> str:
    """Markdown as it is, code as a block."""
    kind = example.name.rpartition(".")[2] if "." in example.name else "md"
    return example.text if kind == "md" else fenced(example.text, kind)


def _interface(request: Request) -> str:
    """The arguments of the kernel, in order."""
    parent = request.parent
    kernel = parent.kernel if parent else None
    if kernel is None or kernel.binding:
        return "As in the kernel; keep its signature."
    rows = [f"- {a.name}: {a.kind}, {a.dtype}{_shape(a.shape)}, {a.role.value}" for a in abi_arguments(request.task)]
    returns = "It returns 0, or 1 for sizes that it does not support.\n" if kernel.language == "c" else ""
    rule = "Pointers are aligned to their element only and do not overlap.\n" if kernel.language == "c" else ""
    return f"Function `{kernel.entry}`, arguments in this order:\n" + "\n".join(rows) + f"\n{returns}{rule}"


def _task(task: Task) -> str:
    parameters = "\n".join(f"- {p.name}: {p.dtype}{_shape(p.shape)}, {p.role.value}" for p in task.params)
    requires = "\n".join(f"- {condition!r}" for condition in task.requires)
    fields = {
        "parameters": parameters,
        "meaning": _meaning(task.reference),
        "requires": f"It may be assumed that\n{requires}" if requires else "",
    }
    sizes = "; ".join(", ".join(f"{name} = {value}" for name, value in row) for row in task.sizes if row)
    return filled("task", name=task.name, **fields) + (f"It is timed at {sizes}.\n" if sizes else "")


def _meaning(reference: Summary | Source) -> str:
    if isinstance(reference, Source):
        return "It computes what this program computes:\n" + fenced(reference.text, reference.language)
    from accelcore.ir.mathematics import equation

    rows = "\n".join(equation(name, expression) for name, expression in reference.post)
    return "It computes\n" + fenced(rows, "text")


def _shape(shape: Sequence[object]) -> str:
    return f"[{', '.join(map(repr, shape))}]" if shape else ""


def _measured(feedback: str) -> str:
    return f"What the judge says of it:\n{fenced(feedback, 'text', 6_000)}\n" if feedback else ""


def _history(request: Request) -> str:
    """How the kernel came to be: plans, which a model may have written, so they are data."""
    if not request.history:
        return ""
    return f"# How it came to be, oldest first\n{fenced(chr(10).join(request.history), 'text', 4_000)}\n"


def _menu(request: Request) -> str:
    rewrites = [move for move in request.moves if move.name != IDEA]
    ideas = [move for move in request.moves if move.name == IDEA]
    rows = [f"- {move.text or move.name}" for move in (*rewrites[:MENU_LIMIT], *ideas[:MENU_LIMIT])]
    return "\n".join(rows) or "(none is listed)"


@cache
def _source(name: str) -> Template:
    return Template(files("accelcore.proposers").joinpath("templates", f"{name}.md").read_text())


def filled(template: str, /, **fields: str) -> str:
    """A template with its fields; blank lines that empty fields leave are closed up."""
    lines = _source(template).substitute(fields).splitlines()
    kept = [line for at, line in enumerate(lines) if line.strip() or (at and lines[at - 1].strip())]
    return "\n".join(kept).strip() + "\n"
