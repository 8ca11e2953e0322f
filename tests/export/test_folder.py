"""Folders are written whole or not at all, and what cannot be written is said in one line."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from accelcore.errors import AccelcoreError, UsageError
from accelcore.export import folder as module
from accelcore.export.folder import MARK, require_writable, write_file, write_folder


def leftovers(parent: Path) -> list[str]:
    return [p.name for p in parent.iterdir() if p.name.startswith(".")]


def test_files_and_bytes_are_written(tmp_path: Path) -> None:
    out = write_folder(tmp_path / "deep" / "out", {MARK: "{}", "sub/data.bin": b"\x00\x01"})
    assert (out / "sub" / "data.bin").read_bytes() == b"\x00\x01"
    assert not leftovers(tmp_path / "deep")


def test_an_older_export_is_replaced_whole(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_folder(out, {MARK: "old", "gone.txt": "x"})
    write_folder(out, {MARK: "new"})
    assert sorted(p.name for p in out.iterdir()) == [MARK]
    assert (out / MARK).read_text() == "new"
    assert not leftovers(tmp_path)


def test_foreign_folders_and_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("x")
    (tmp_path / "file").write_text("x")
    for name in ("mine", "file"):
        with pytest.raises(UsageError) as caught:
            require_writable(tmp_path / name)
        assert "--out" in caught.value.hint
    with pytest.raises(UsageError):
        write_folder(tmp_path / "mine", {MARK: "x"})
    assert (tmp_path / "mine" / "thesis.tex").read_text() == "x"


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "no space is left"), (errno.EROFS, "read-only"), (errno.EIO, "cannot be written")],
)
def test_a_failure_in_the_middle_leaves_the_old_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    out = write_folder(tmp_path / "out", {MARK: "old"})
    write = module._write
    count = iter(range(10))

    def failing(path: Path, content: str | bytes) -> None:
        if next(count) == 1:
            raise OSError(number, os.strerror(number), str(path))
        write(path, content)

    monkeypatch.setattr(module, "_write", failing)
    with pytest.raises(AccelcoreError, match=words):
        write_folder(out, {MARK: "new", "second": "x"})
    assert (out / MARK).read_text() == "old"
    assert not leftovers(tmp_path)


def test_a_read_only_parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*, prefix: str, dir: Path) -> str:
        raise PermissionError(errno.EACCES, "Permission denied", str(dir))

    monkeypatch.setattr(module.tempfile, "mkdtemp", refused)
    for attempt in (require_writable, lambda out: write_folder(out, {MARK: "x"})):
        with pytest.raises(UsageError, match="read-only") as caught:
            attempt(tmp_path / "out")
        assert caught.value.where == str(tmp_path)
    assert not (tmp_path / "out").exists()


def test_one_file(tmp_path: Path) -> None:
    assert write_file(tmp_path / "a.txt", "x").read_text() == "x"
    with pytest.raises(AccelcoreError):
        write_file(tmp_path / "a.txt" / "b", "x")
    assert not leftovers(tmp_path)
