"""The Typer application and the one wrapper that all commands share: output, errors, exit status.

A command is a function that returns a result with `json()` and `exit_code`.  `command` gives it `--json` and `--debug`,
and, when it has a parameter `settings`, the options of a paid run (`accelcore.cli.shared`).
"""

from __future__ import annotations

import functools
import inspect
import json
import os
import sys
from collections.abc import Callable
from typing import Annotated, Any, NoReturn

import typer

from accelcore.cli.shared import run_options
from accelcore.errors import AccelcoreError

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]

Render = Callable[[Any], str]


def command(app: typer.Typer, name: str, render: Render) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a function as a command; `render` turns its result into what people read on standard output."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        shared = inspect.signature(run_options, eval_str=True).parameters
        own = inspect.signature(function, eval_str=True).parameters
        paid = "settings" in own

        @functools.wraps(function)
        def wrapper(**given: Any) -> NoReturn:
            as_json, debug = given.pop("as_json"), given.pop("debug") or bool(os.environ.get("ACCELCORE_DEBUG"))
            with _Guard(as_json=as_json, debug=debug):
                if paid:
                    options = {key: given.pop(key) for key in shared}
                    given["settings"] = run_options(**options)
                result = function(**given)
                _print(json.dumps(_finite(result.json()), default=str) if as_json else render(result))
                raise typer.Exit(result.exit_code)

        parameters = [p.replace(kind=p.KEYWORD_ONLY) for n, p in own.items() if n != "settings"]
        parameters += [p.replace(kind=p.KEYWORD_ONLY) for p in shared.values()] if paid else []
        parameters += [_flag("as_json", Json), _flag("debug", Debug)]
        wrapper.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what Typer reads
        wrapper.__annotations__ = {p.name: p.annotation for p in parameters}
        app.command(name)(wrapper)
        return function

    return register


def _flag(name: str, annotation: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=annotation)


def _finite(value: Any) -> Any:
    """JSON has no infinities and no NaN: they become text."""
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return str(value)
    if isinstance(value, dict):
        return {str(k): _finite(v) for k, v in value.items()}
    return [_finite(v) for v in value] if isinstance(value, list | tuple) else value


def _print(text: str) -> None:
    """Standard output, where a reader that went away is no error of ours."""
    try:
        sys.stdout.write(text + "\n" if text else "")
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Guard:
    """Turns exceptions into one clear line on standard error and the exit status that they carry."""

    def __init__(self, *, as_json: bool, debug: bool) -> None:
        self._json, self._debug = as_json, debug

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is None or isinstance(error, typer.Exit):
            return
        if isinstance(error, KeyboardInterrupt):
            self._stop("interrupted", "", "", 130)
        if self._debug or not isinstance(error, Exception):
            return
        if isinstance(error, AccelcoreError):
            self._stop(error.what, error.where, error.hint, error.exit_code)
        if isinstance(error, OSError):
            self._stop(error.strerror or str(error), str(error.filename or ""), "", 2)
        what = f"internal error: {type(error).__name__}: {error}"
        self._stop(what, "", "run it again with --debug for the traceback, and report it", 2)

    def _stop(self, what: str, where: str, hint: str, code: int) -> NoReturn:
        from accelcore.terminal import plain

        line = f"{where}: {what}" if where else what
        sys.stderr.write(f"error: {plain(line)}\n" + (f"  hint: {plain(hint)}\n" if hint else ""))
        if self._json:
            _print(json.dumps({"error": {"what": what, "where": where, "hint": hint}, "exit_code": code}))
        raise typer.Exit(code)


def _version(value: bool) -> None:
    if value:
        from accelcore import __version__

        _print(f"accelcore {__version__}")
        raise typer.Exit


def build() -> typer.Typer:
    """The application with all commands."""
    from accelcore.cli import commands

    app = typer.Typer(
        name="accelcore",
        help="From plain loops to a proved summary and a fast, judged kernel, on any chip that has a plugin.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )

    @app.callback()
    def root(
        version: Annotated[
            bool, typer.Option("--version", "-V", callback=_version, is_eager=True, help="Show the version.")
        ] = False,
    ) -> None:
        """From plain loops to a proved summary and a fast, judged kernel, on any chip that has a plugin."""

    commands.register(app)
    return app
