"""What goes wrong, said so that the reader can act: what, where, and what to do.

An exception means that the *caller*, a plugin or the machine is at fault.  A kernel or a summary that fails is no
exception: it is a `Status` or a `Proof` (see `values`).
"""

from __future__ import annotations


class AccelcoreError(Exception):
    """Base of all errors that accelcore raises on purpose.

    `what` is one sentence, `where` names the file, line, option or plugin, `hint` says what to do about it.
    `exit_code` is what the command line returns for it: 2 is wrong usage or a missing tool, 1 an honest no.
    """

    exit_code = 2

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what, self.where, self.hint = what, where, hint

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}\n  hint: {self.hint}" if self.hint else text

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.what, self.where, self.hint)


def _rebuild(cls: type[AccelcoreError], what: str, where: str, hint: str) -> AccelcoreError:
    return cls(what, where=where, hint=hint)


class UsageError(AccelcoreError):
    """Wrong argument, option or file, or a value out of its range."""


class UnsupportedSource(AccelcoreError):
    """A construct outside the subset of the front end; `where` is file:line:column."""

    exit_code = 1


class MissingTool(AccelcoreError):
    """A compiler, emulator or package that is needed here is not installed; the hint has the command."""


class PluginError(AccelcoreError):
    """A plugin is broken, incompatible or breaks its protocol; `where` names its distribution."""


class IrError(AccelcoreError):
    """An expression that does not type-check, does not parse, or has no meaning at these sizes."""


class IllegalRewrite(AccelcoreError):
    """A schedule step that would change what the program computes, with the reason."""

    exit_code = 1


class UnsupportedLowering(AccelcoreError):
    """A target that has no code for this part of a summary."""

    exit_code = 1


class BudgetSpent(AccelcoreError):
    """The search has used what it was given; it ends with the best so far."""

    exit_code = 1


class RunFailure(AccelcoreError):
    """A runner's kernel did not come back well; `status` is the Status that the judge records."""

    exit_code = 1

    def __init__(self, what: str, *, status: str = "crashed", where: str = "", hint: str = "") -> None:
        super().__init__(what, where=where, hint=hint)
        self.status = status

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild_failure, (self.what, self.status, self.where, self.hint)


def _rebuild_failure(what: str, status: str, where: str, hint: str) -> RunFailure:
    return RunFailure(what, status=status, where=where, hint=hint)


class JournalError(AccelcoreError):
    """The journal cannot be read or written: locked, full, newer, or damaged."""


class SandboxError(AccelcoreError):
    """The sandbox cannot give the isolation that was asked for."""


class ModelError(AccelcoreError):
    """A language model could not be reached or refused; never a plan."""
