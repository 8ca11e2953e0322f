"""Writing a folder in one step: it is there whole, or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from accelcore.errors import AccelcoreError, UsageError

MARK = "task.json"
"""An existing folder with this file is an export of ours, which a new export replaces."""


def require_writable(folder: Path) -> None:
    """UsageError when an export could not be written there; asked before hours of search, not after."""
    if folder.exists() and not folder.is_dir():
        raise UsageError("is a file, not a folder", where=str(folder), hint="choose another with --out DIR")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise UsageError("is not empty and no export", where=str(folder), hint="choose another with --out DIR")
    parent = _existing(folder.absolute().parent)
    try:
        Path(tempfile.mkdtemp(prefix=".accelcore-", dir=parent)).rmdir()
    except OSError as error:
        raise _explained(error, parent) from None


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder


def write_folder(folder: Path, contents: Mapping[str, str | bytes]) -> Path:
    """Write files (by relative path) as the folder, replacing an earlier export.

    The files are written beside it and moved in one step, so that a crash leaves the old folder or the new one.
    Raises UsageError for a folder that is not ours or cannot be written, AccelcoreError when the disk is full.
    """
    require_writable(folder)
    whole = folder.absolute()
    try:
        whole.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=f".{whole.name}-", dir=whole.parent))
    except OSError as error:
        raise _explained(error, whole.parent) from None
    try:
        for name, content in contents.items():
            _write(staging / name, content)
        staging.chmod(0o777 & ~_umask())
        _replace(staging, whole)
    except OSError as error:
        raise _explained(error, folder) from None
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return folder


def write_file(path: Path, content: str | bytes) -> Path:
    """Write one file in one step; the errors of `write_folder`."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        _write(partial, content)
        partial.replace(path)
    except OSError as error:
        raise _explained(error, path) from None
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
    return path


def _write(path: Path, content: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
    with open(path, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _replace(staging: Path, whole: Path) -> None:
    """Put the new folder in the place of the old one, which is removed last."""
    if not whole.exists():
        staging.rename(whole)
        return
    old = staging.with_name(staging.name + "-old")
    whole.rename(old)
    try:
        staging.rename(whole)
    except OSError:
        old.rename(whole)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _explained(error: OSError, where: Path) -> AccelcoreError:
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return UsageError("cannot be written: it is read-only", where=str(where), hint="choose another with --out DIR")
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        hint = "free some space; `accelcore report last --export DIR` writes it again"
        return AccelcoreError("no space is left on the device", where=str(where), hint=hint)
    return AccelcoreError(
        f"cannot be written: {error.strerror}", where=str(where), hint="choose another with --out DIR"
    )
