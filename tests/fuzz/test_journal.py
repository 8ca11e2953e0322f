"""A journal that was damaged is read as it is, or refused in one line; never with a traceback of the database."""

from __future__ import annotations

import shutil
import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelcore.errors import AccelcoreError
from accelcore.journal import EvaluationRow, Journal, read
from accelcore.testing.tasks import row_sum
from accelcore.values import Candidate, Cost, Evaluation, Kernel, Run, Status, sizes_of


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The folder of a finished run."""
    journal = Journal.create(tmp_path_factory.mktemp("runs"), id="whole", config={"verb": "compile"})
    task = row_sum().task
    journal.set_task(task, "a machine")
    for number in range(20):
        kernel = Kernel(f"int k{number};\n" * 20, "c", "ac_row_sum")
        sizes, cost = sizes_of({"m": 3, "n": 4}), Cost(1e-3 / (number + 1))
        found = Evaluation(kernel.digest, task.name, sizes, Status.OK, cost=cost)
        journal.put_evaluation(f"key{number}", EvaluationRow(found, None, cached=False))
        journal.put_candidate(Candidate(kernel, plan="a plan", origin="rules", step=1, slot=number))
    journal.progress(best=None, spent={"evaluations": 20}, status="done")
    journal.close()
    return journal.path if journal.path.is_dir() else journal.path.parent


@given(
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=40)), max_size=6),
    kept=st.floats(0, 1),
)
def test_damage_is_refused_or_harmless(whole, tmp_path, changes, kept):
    folder = tmp_path / "damaged"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole, folder)
    for file in (f for f in folder.rglob("*") if f.is_file()):
        data = bytearray(file.read_bytes())
        for place, text in changes:
            at = int(place * len(data))
            data[at : at + len(text)] = text
        file.write_bytes(bytes(data[: int(kept * len(data))]) if kept < 0.7 else bytes(data))
    try:
        assert isinstance(read(folder), Run)
    except AccelcoreError as error:
        assert error.what and "\n" not in error.what


@pytest.mark.parametrize("column", ["evaluation.data", "run.spent", "run.config", "run.task", "blob.data"])
@pytest.mark.parametrize("text", ["?", "{", "\0{}", "[" * 100_000])
def test_a_value_that_does_not_read_is_refused(whole, tmp_path, column, text):
    folder = tmp_path / "damaged"
    shutil.copytree(whole, folder)
    table, _, name = column.partition(".")
    with sqlite3.connect(folder / "journal.sqlite") as db:
        db.execute(f"UPDATE {table} SET {name}=?", (text,))
    db.close()
    with pytest.raises(AccelcoreError) as refused:
        read(folder)
    assert "\n" not in refused.value.what


@pytest.mark.parametrize("keep", [0, 10, 100, 4096])
def test_a_journal_that_was_cut_off_is_refused(whole, tmp_path, keep):
    folder = tmp_path / "cut"
    shutil.copytree(whole, folder)
    for file in (f for f in folder.rglob("*") if f.is_file()):
        file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(AccelcoreError):
        read(folder)
