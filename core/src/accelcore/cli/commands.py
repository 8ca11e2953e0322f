"""The commands.  Each calls the public function of its name; docs/cli.md is their reference."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from accelcore.cli.app import command
from accelcore.errors import UsageError
from accelcore.pipeline.settings import Settings

Target = Annotated[str, typer.Option("--target", "-t", metavar="NAME[:OPTION=VALUE,...]", help="Target and options.")]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="Folder of the export.")]
TaskOption = Annotated[str, typer.Option("--task", metavar="FILE[:FUNC]|task.json", help="What is to be computed.")]
Binding = Annotated[
    list[str] | None, typer.Option("--bind", metavar="PARAM=ARG", help="Argument of a kernel with its own signature.")
]


def register(app: typer.Typer) -> None:
    """Add all commands, in the order of the straight line."""
    _lift(app)
    _compile(app)
    _optimize(app)
    _check(app)
    _run(app)
    _resume(app)
    _report(app)
    _targets(app)
    _doctor(app)


def _lift(app: typer.Typer) -> None:
    from accelcore.terminal import lift_text

    @command(app, "lift", lift_text)
    def lift(
        files: Annotated[list[str], typer.Argument(metavar="FILE[:FUNC]...", help="Programs with loops.")],
        settings: Settings,
        emit: Annotated[str, typer.Option("--emit", metavar="numpy|torch|jax|taco|c", help="Print code as well.")] = "",
        certificate: Annotated[
            Path | None,
            typer.Option("--certificate", metavar="DIR", help="Write a certificate for each proved function."),
        ] = None,
    ) -> Any:
        """Lift loops to a post-condition, prove it, print verdict and invariants."""
        from accelcore.pipeline.emitting import require_language
        from accelcore.pipeline.lifting import lift_with, write_certificates

        if emit:
            require_language(emit)
        result = lift_with(files, settings)
        if certificate is not None:
            write_certificates(result, certificate)
        return _Emitting(result, emit) if emit else result


class _Emitting:
    """A lift result that also shows its code in one language."""

    def __init__(self, result: Any, language: str) -> None:
        self.result, self.language, self.exit_code = result, language, result.exit_code

    def json(self) -> dict[str, Any]:
        """The lift's object with a key `emitted` in each function."""
        whole: dict[str, Any] = self.result.json()
        for row, function in zip(whole["functions"], self.result.functions, strict=True):
            text, reason = function.emission(self.language)
            row["emitted"] = {"language": self.language, "text": text, "reason": reason}
        return whole


def _compile(app: typer.Typer) -> None:
    from accelcore.terminal import optimize_text

    @command(app, "compile", optimize_text)
    def compile_(
        file: Annotated[str, typer.Argument(metavar="FILE[:FUNC]", help="Program with loops.")],
        settings: Settings,
        target: Target = "c",
        out: Out = None,
        accept: Annotated[str, typer.Option("--accept", metavar="bounded|tested", help="Go on without a proof.")] = "",
    ) -> Any:
        """Lift, lower, search, and write the export folder."""
        from dataclasses import replace

        from accelcore.pipeline.searching import compile_with

        return compile_with(file, target, replace(settings, accept=accept or "proved"), out=out)


def _optimize(app: typer.Typer) -> None:
    from accelcore.terminal import optimize_text

    @command(app, "optimize", optimize_text)
    def optimize(
        kernel: Annotated[str, typer.Argument(metavar="KERNEL", help="A kernel that you have.")],
        task: TaskOption,
        settings: Settings,
        target: Target = "c",
        out: Out = None,
        bind: Binding = None,
    ) -> Any:
        """Search from a kernel that you have."""
        from accelcore.pipeline.searching import optimize_with

        return optimize_with(kernel, task, target, settings, out=out, bind=_bindings(bind or []))


def _check(app: typer.Typer) -> None:
    from accelcore.terminal import check_text

    @command(app, "check", check_text)
    def check(
        kernel: Annotated[str, typer.Argument(metavar="KERNEL|certificate.json")],
        settings: Settings,
        task: Annotated[str, typer.Option("--task", metavar="FILE[:FUNC]|task.json")] = "",
        target: Target = "c",
        bind: Binding = None,
    ) -> Any:
        """Judge one kernel, or prove a certificate again."""
        from accelcore.pipeline.checking import check_with

        return check_with(kernel, task or None, target, settings, bind=_bindings(bind or []))


def _bindings(texts: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        name, equals, argument = text.partition("=")
        if not equals:
            raise UsageError(f"{text!r} binds nothing", where="--bind", hint="write --bind PARAMETER=ARGUMENT")
        found[name] = argument
    return found


def _run(app: typer.Typer) -> None:
    from accelcore.terminal import program_text

    @command(app, "run", program_text)
    def run(
        program: Annotated[Path, typer.Argument(help="A program for the target.")],
        arguments: Annotated[list[str] | None, typer.Argument(metavar="[ARG]...")] = None,
        target: Target = "c",
        seconds: Annotated[float, typer.Option("--seconds", help="Wall time that it gets.")] = 60.0,
    ) -> Any:
        """Run somebody's unmodified program on the machine, emulator or simulator."""
        from accelcore.cli.shared import piped_input
        from accelcore.pipeline import run as run_program

        return run_program(program, arguments or (), target=target, seconds=seconds, stdin=piped_input())


def _resume(app: typer.Typer) -> None:
    from accelcore.terminal import optimize_text

    @command(app, "resume", optimize_text)
    def resume(
        run: Annotated[str, typer.Argument(metavar="RUN", help="Path, id, or `last`.")] = "last",
        runs: Annotated[Path, typer.Option("--runs", help="Folder of the journals.")] = Path("accelcore-runs"),
        out: Out = None,
    ) -> Any:
        """Go on with a run that was interrupted."""
        from accelcore.pipeline import resume as resume_run
        from accelcore.terminal import Progress

        return resume_run(run, runs=runs, out=out, progress=Progress())


def _report(app: typer.Typer) -> None:
    from accelcore.terminal import report_text

    @command(app, "report", report_text)
    def report(
        run: Annotated[str, typer.Argument(metavar="RUN", help="Path, id, or `last`.")] = "last",
        runs: Annotated[Path, typer.Option("--runs", help="Folder of the journals.")] = Path("accelcore-runs"),
        export: Annotated[
            Path | None,
            typer.Option("--export", metavar="DIR", help="Write the export folder of the best kernel."),
        ] = None,
        show: Annotated[bool, typer.Option("--open", help="Open the report in a browser.")] = False,
        compared: Annotated[
            tuple[str, str] | None, typer.Option("--compare", metavar="RUN RUN", help="Show two runs side by side.")
        ] = None,
    ) -> Any:
        """Write the report of a run, and its export."""
        from accelcore.pipeline import compare
        from accelcore.pipeline import report as write_report

        if compared is not None:
            return compare(*compared, runs=runs)
        result = write_report(run, runs=runs, export=export)
        if show:
            import webbrowser

            webbrowser.open(result.report.resolve().as_uri())
        return result


def _targets(app: typer.Typer) -> None:
    from accelcore.terminal import targets_text

    @command(app, "targets", targets_text)
    def targets(name: Annotated[str | None, typer.Argument(help="One target, with its options.")] = None) -> Any:
        """List what is installed, its options, what is missing."""
        from accelcore.pipeline import targets as list_targets

        return list_targets(name)


def _doctor(app: typer.Typer) -> None:
    from accelcore.terminal import doctor_text

    @command(app, "doctor", doctor_text)
    def doctor(
        attacks: Annotated[bool, typer.Option(help="Try attacks in the sandbox that candidates get.")] = True,
    ) -> Any:
        """Say what is usable here, and the command that mends what is not."""
        from accelcore.pipeline import doctor as examine

        return examine(attacks=attacks)
