"""The file around the function: its constants, helper functions and imports, read without executing anything."""

from __future__ import annotations

import ast
import copy
import difflib
from dataclasses import dataclass, field

from accelcore.errors import UnsupportedSource, UsageError
from accelcore.values import Source
from accelcore_llmlift.python.errors import Place

LIBRARIES = ("math", "numpy", "torch")


@dataclass(frozen=True)
class Module:
    """What a function can see: named constants, other functions, and what import names stand for.

    names: local name -> "numpy", "math", "math.exp", ... for whatever comes from a known library.
    """

    place: Place
    constants: dict[str, ast.expr] = field(default_factory=dict)
    functions: dict[str, ast.FunctionDef] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)


def read(source: Source) -> tuple[Module, ast.FunctionDef]:
    """The module of a source and the function that counts.  A syntax error or a missing function is refused."""
    path = source.path or "<source>"
    try:
        tree = ast.parse(source.text)
    except SyntaxError as error:
        where = f"{path}:{error.lineno or 1}:{error.offset or 1}"
        raise UnsupportedSource(f"syntax error: {error.msg}", where=where, hint="mend the Python source") from None
    except ValueError as error:  # a null byte: no SyntaxError in every Python
        raise UnsupportedSource(f"is no Python: {error}", where=path, hint="mend the Python source") from None
    module = Module(Place(path))
    for statement in tree.body:
        _collect(module, statement)
    function = copy.deepcopy(_entry(module, source.entry, path))
    for statement in function.body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            _collect(module, statement)
    function.body = [s for s in function.body if not isinstance(s, ast.Import | ast.ImportFrom)]
    return module, function


def _entry(module: Module, entry: str, path: str) -> ast.FunctionDef:
    if entry in module.functions:
        return module.functions[entry]
    if not entry and module.functions:
        public = [f for f in module.functions.values() if not f.name.startswith("_")]
        return (public or list(module.functions.values()))[-1]
    close = difflib.get_close_matches(entry, module.functions, n=1)
    names = ", ".join(module.functions) or "none"
    hint = f"did you mean {close[0]!r}?" if close else f"functions in it: {names}"
    raise UsageError(f"no function {entry!r}", where=path, hint=hint)


def _collect(module: Module, statement: ast.stmt) -> None:
    match statement:
        case ast.FunctionDef(name=name):
            module.functions[name] = statement
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            module.constants[name] = value
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            module.constants[name] = value
        case ast.Import(names=aliases):
            for alias in aliases:
                root = alias.name.split(".")[0]
                if root in LIBRARIES:
                    module.names[alias.asname or root] = alias.name if alias.asname else root
        case ast.ImportFrom(module=str() as library, names=aliases) if library.split(".")[0] in LIBRARIES:
            for alias in aliases:
                module.names[alias.asname or alias.name] = f"{library}.{alias.name}"


def qualified(module: Module, node: ast.expr) -> str:
    """The dotted name of a function expression, with imports resolved: "math.exp", "numpy.zeros", "len"."""
    if isinstance(node, ast.Name):
        return module.names.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        base = qualified(module, node.value)
        return f"{base}.{node.attr}" if base else ""
    return ""


def array_function(name: str) -> str:
    """The short name of a function of NumPy or PyTorch by its dotted name, torch.nn.functional included; else ""."""
    return name.rsplit(".", 1)[-1] if name.startswith(("numpy.", "torch.")) else ""
