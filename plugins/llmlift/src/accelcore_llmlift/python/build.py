"""A function as a whole: parameters with their storage, the body, the results, the sizes."""

from __future__ import annotations

import ast
from dataclasses import replace

from accelcore.ir.dtypes import INDEX
from accelcore.ir.expr import Expr, array, const, index, param, size
from accelcore.values import Param, Role, Source
from accelcore_llmlift.program import Assign, Program, extent
from accelcore_llmlift.python import sizes, statements
from accelcore_llmlift.python.aliasing import check_aliases
from accelcore_llmlift.python.annotations import Annotation, annotation, result_annotations
from accelcore_llmlift.python.cells import cells
from accelcore_llmlift.python.docstrings import with_docstring
from accelcore_llmlift.python.expressions import expression, refuse
from accelcore_llmlift.python.infer import Inference, infer
from accelcore_llmlift.python.inline import inline
from accelcore_llmlift.python.module import Module, read
from accelcore_llmlift.python.normalize import normalize
from accelcore_llmlift.python.scope import Scope, converted, natural, scalar, stored
from accelcore_llmlift.python.spellings import plain
from accelcore_llmlift.python.types import CyclicTypeError, Level, Need
from accelcore_llmlift.python.unroll import unroll
from accelcore_llmlift.rewriting import map_statements

STORAGE = {Level.BOOL: "bool", Level.INDEX: "i32", Level.INT: "i32", Level.REAL: "f32", Level.NONE: "f32"}
"""Where the source names no storage dtype: single precision, 32-bit integers."""

RESULTS = {**STORAGE, Level.INDEX: INDEX}
"""Counts and positions are returned as indices: nothing else is sure to hold them."""


def parse(source: Source) -> Program:
    """The program of one Python function.

    Raises UnsupportedSource at the construct that is outside the subset, UsageError when the function is missing.
    """
    module, function = read(source)
    arguments = _arguments(module, function)
    said = {name: annotation(node, module.place) for name, node in arguments.items()}
    promised = result_annotations(function.returns, module.place)
    if function.body:
        said = with_docstring(said, ast.get_docstring(function))
    return parse_function(module, function, said, promised, source.path)


def parse_function(
    module: Module, function: ast.FunctionDef, said: dict[str, Annotation], promised: tuple[Annotation, ...],
    path: str | None, kinds: dict[str, str] | None = None,
) -> Program:  # fmt: skip
    """The program of a function given as Python syntax, whatever language it was written in.

    said, promised: what annotations or declarations say about parameters and results; kinds: "real" or "int" for
    local variables that are declared.
    """
    function = unroll(module, inline(module, plain(module, sizes.apart_from_sizes(function))))
    function = cells(normalize(function, module.place))
    try:
        types = infer(module, function, said, promised, kinds or {})
    except (CyclicTypeError, RecursionError):  # the latter where two shapes grow each other
        raise module.place.refuse(function, "a value would be an array of itself: arrays of different ranks meet",
                                  "write the loops over the axes, or annotate every array") from None
    scope = Scope(module, types, function)
    scope.dimensions = sizes.named_dimensions(scope)
    params = [_parameter(scope, name, said[name]) for name in said]
    *body, last = function.body or [ast.Pass()]
    returned = last if isinstance(last, ast.Return) else None
    block = statements.block(scope, body if returned else [*body, last])
    check_aliases(block, scope.escapes, scope.in_place, scope.params, module.place.path)
    block = (*_copies(scope, params), *block)
    results, outputs = _results(scope, returned, promised, function)
    program = Program(
        function.name, tuple(params), tuple(scope.requires), block, tuple(results), "python", path
    )
    return _finished(scope, program, outputs)


def _arguments(module: Module, function: ast.FunctionDef) -> dict[str, ast.expr | None]:
    given = function.args
    if given.vararg or given.kwarg:
        raise module.place.refuse(function, "*args or **kwargs", "name the parameters")
    return {a.arg: a.annotation for a in (*given.posonlyargs, *given.args, *given.kwonlyargs)}


def _parameter(scope: Scope, name: str, said: Annotation) -> Param:
    """One parameter: its storage, role and extents; extents that nothing names get placeholders."""
    kind = scope.types.variables[name]
    leaf, rank = kind.leaf, kind.rank
    dtype = said.dtype or STORAGE[leaf.level]
    if said.rank is not None and said.dims is not None and said.rank != rank:
        raise refuse(scope, scope.function, f"{name!r} is annotated with {said.rank} axes but used with {rank}",
                     "make the annotation and the subscripts agree")
    scope.params.add(name)
    if not rank:
        return _scalar_parameter(scope, name, dtype, leaf.level, leaf.need)
    scope.storage[name] = dtype
    extents = tuple(
        sizes.dimension(scope, said.dims[axis]) if said.dims else size(sizes.placeholder(name, axis))
        for axis in range(rank)
    )
    scope.extents[name] = extents
    return Param(name, dtype, extents, Role.IN)


def _scalar_parameter(scope: Scope, name: str, dtype: str, level: Level, need: Need) -> Param:
    counts = level in (Level.INT, Level.INDEX) and (need is Need.INDEX or name in scope.dimensions)
    if counts:
        scope.scalars[name] = size(name)
        found = Param(name, INDEX, (), Role.SIZE)
    else:
        scope.scalars[name] = natural(param(name, dtype))
        found = Param(name, dtype, (), Role.SCALAR)
    if scope.types.assignments.get(name):  # the function changes its own copy
        entry = scope.scalars[name]
        scope.entries[name] = entry
        local = replace_level(scope, name, level)
        scope.scalars[name] = local
    return found


def replace_level(scope: Scope, name: str, level: Level) -> Expr:
    """The local variable that holds a changed scalar parameter."""
    return scalar(scope.temporary(name), level)


def _copies(scope: Scope, params: list[Param]) -> tuple[Assign, ...]:
    at = scope.module.place.at(scope.function)
    found = []
    for name, entry in scope.entries.items():
        variable = scope.scalars[name]
        found.append(Assign(variable.name, converted(entry, variable.dtype), at))
    return tuple(found)


def _results(
    scope: Scope, returned: ast.Return | None, promised: tuple[Annotation, ...], function: ast.FunctionDef
) -> tuple[list[tuple[str, Expr]], list[Param]]:
    """Result values, and an OUT parameter for each that is not an array parameter changed in place."""
    written = [n for n in scope.types.written if n in scope.params]
    results: list[tuple[str, Expr]] = []
    outputs: list[Param] = []
    value = returned.value if returned else None
    parts = [] if value is None or (isinstance(value, ast.Constant) and value.value is None) else (
        list(value.elts) if isinstance(value, ast.Tuple) else [value])
    for at, part in enumerate(parts):
        said = promised[at] if at < len(promised) else Annotation()
        found = expression(scope, part)
        if found.op == "input" and found.name in scope.params:
            if found.name not in written:
                written.append(found.name)
            continue
        name = _result_name(scope, part, len(parts), results)
        output, entry = _output(scope, name, found, said, part)
        outputs.append(output)
        results.append(entry)
    results = [*((n, scope.array(n)) for n in written), *results]
    if not results:
        raise refuse(scope, function, "the function has no result", "return a value, or store into a parameter")
    return results, outputs


def _result_name(scope: Scope, part: ast.expr, count: int, results: list[tuple[str, Expr]]) -> str:
    taken = scope.params | {n for n, _ in results}
    base = part.id if isinstance(part, ast.Name) and part.id not in taken else "out"
    name, number = base, 1
    while name in taken or (name == "out" and count > 1):
        name, number = f"{base}{number}", number + 1
        if name not in taken:
            break
    return name


def _output(
    scope: Scope, name: str, value: Expr, said: Annotation, node: ast.expr
) -> tuple[Param, tuple[str, Expr]]:
    """The OUT parameter of a returned value and the value in its storage dtype."""
    levels = {"bool": Level.BOOL, INDEX: Level.INDEX, "int": Level.INT, "real": Level.REAL}
    level = levels.get(value.dtype)
    dtype = said.dtype or (RESULTS[level] if level is not None else value.dtype)
    if said.dims and len(said.dims) != value.rank:
        raise refuse(scope, node, f"the result has {value.rank} axes, its annotation {len(said.dims)}",
                     "make the annotation and the value agree")
    extents: tuple[Expr, ...] = ()
    if value.rank:
        known = scope.extents_of(value)
        dims = said.dims or ()
        extents = tuple(sizes.dimension(scope, d) for d in dims) or tuple(
            extent(array(name, dtype, value.rank), axis) if e.inputs and e.op != "length" else e
            for axis, e in enumerate(known)
        )
    return Param(name, dtype, extents, Role.OUT), (name, _in_storage(value, dtype))


def _in_storage(value: Expr, dtype: str) -> Expr:
    """A result in its storage dtype; a whole array by one cast of all elements."""
    if value.dtype == dtype:
        return value
    if not value.rank or value.op == "comp":
        return stored(value, dtype)
    from accelcore.ir.dtypes import DTYPES
    from accelcore.ir.expr import cast

    if DTYPES[dtype].is_float and value.dtype != "real":
        value = cast(value, "real")
    return cast(value, dtype, "nearest", "wrap") if DTYPES[dtype].is_float else cast(value, dtype, "trunc", "exact")


def _finished(scope: Scope, program: Program, outputs: list[Param]) -> Program:
    """Roles of array parameters, then sizes: placeholders resolved, preconditions gathered."""
    written = scope.types.written
    params = [replace(p, role=Role.INOUT if p.name in written else p.role) for p in program.params]
    program = replace(program, params=(*params, *outputs))
    mapping, requires = sizes.resolve(scope, program)
    return _mapped(program, mapping, requires)


def _mapped(program: Program, mapping: dict[str, Expr], requires: tuple[Expr, ...]) -> Program:
    rename = sizes.renamer(mapping)
    return replace(
        program,
        params=tuple(replace(p, shape=tuple(rename(e) for e in p.shape)) for p in program.params),
        requires=requires,
        body=map_statements(program.body, rename),
        results=tuple((n, rename(e)) for n, e in program.results),
    )


__all__ = ["Inference", "const", "index", "parse"]
