"""The journal's file: what it remembers, and how it says no."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys

import pytest

from accelcore import journal
from accelcore.errors import JournalError
from accelcore.journal import EvaluationRow, Journal, schema
from accelcore.values import (
    Candidate,
    Cost,
    Evaluation,
    Kernel,
    Move,
    Proof,
    Source,
    Status,
    Summary,
    Task,
    Usage,
    Verdict,
)


def kernel(text="x"):
    return Kernel(text, "c", "f", schedule=("unroll(i, 4)",), build=(("cc", "gcc"),))


def evaluation(text="x", value=1.5):
    return Evaluation(kernel(text).digest, "t", (("n", 3),), Status.OK, cost=Cost(value), samples=(1.5, 1.6))


@pytest.fixture
def run(tmp_path):
    with Journal.create(tmp_path, id="r", seed=3, config={"name": "t"}) as opened:
        yield opened


def test_it_returns_what_was_written(tmp_path, run):
    candidate = Candidate(kernel(), None, "plan", Move("unroll(i, 4)", "unroll"), "rules", 2, 5)
    summary, verdict = Summary((), number_model="int"), Verdict(Proof.PROVED, "z3", seconds=0.5)
    run.set_task(Task("t", (), Source("f", "c", "f")), "machine 1")
    run.put_candidate(candidate)
    run.put_evaluation("k", EvaluationRow(evaluation(), "other", cached=False))
    run.put_verdict("v", summary, verdict)
    run.event("note", "hello")
    run.progress(best=candidate.digest, spent={"evaluations": 1}, status="done")
    assert run.evaluation("k") == EvaluationRow(evaluation(), "other", cached=False)
    assert run.verdict("v") == verdict
    assert run.kernel(candidate.digest) == kernel()
    assert run.evaluation("absent") is run.verdict("absent") is run.kernel("absent") is run.call("absent") is None
    found = journal.read(tmp_path / "r")
    assert found.candidates == (candidate,)
    assert found.evaluations == (evaluation(),)
    assert found.verdict == verdict
    assert found.task is not None and found.task.name == "t"
    assert (found.status, found.best, found.spent) == ("done", candidate.digest, {"evaluations": 1})
    assert [(kind, text) for _, kind, text in found.events] == [("note", "hello")]


def test_calls_are_counted_from_sent_to_done(run):
    run.call_sent("k", model="m", request="{}", place="p", ordinal=0)
    run.call_sent("k", model="m", request="{}", place="p", ordinal=0)
    lost = run.call("k")
    assert lost is not None and (lost.status, lost.attempts) == ("sent", 2)
    run.call_done("k", reply="text", finish="stop", usage=Usage("m", 10, 20, 5, 0.25))
    done = run.call("k")
    assert done is not None and (done.status, done.reply, done.usage.dollars) == ("done", "text", 0.25)
    assert run.usage() == Usage("", 10, 20, 5, 0.25)
    run.call_sent("f", model="m", request="{}", place="p", ordinal=1)
    run.call_failed("f", "no host")
    failed = run.call("f")
    assert failed is not None and failed.status == "failed"
    assert run.usage().dollars == 0.25


def test_a_reply_is_synced_to_the_disk(run):
    levels = []
    run._db.set_trace_callback(lambda statement: levels.append(statement) if "synchronous" in statement else None)
    run.call_sent("k", model="m", request="{}", place="p", ordinal=0)
    run.call_done("k", reply="text", finish="stop", usage=Usage())
    assert levels == ["PRAGMA synchronous=FULL", "PRAGMA synchronous=NORMAL"]


def test_another_candidate_at_the_same_place_is_refused(run):
    run.put_candidate(Candidate(kernel("a"), step=1, slot=2))
    run.put_candidate(Candidate(kernel("a"), step=1, slot=2))
    with pytest.raises(JournalError, match="another candidate at step 1, slot 2"):
        run.put_candidate(Candidate(kernel("b"), step=1, slot=2))


def test_a_second_writer_in_this_process_is_refused(tmp_path, run):
    with pytest.raises(JournalError, match="being written by this process"):
        Journal.resume(tmp_path / "r")
    run.close()
    Journal.resume(tmp_path / "r").close()


def test_a_second_writer_in_another_process_is_refused_with_the_owner(tmp_path, run):
    code = (
        "import sys; from accelcore.journal import Journal; from accelcore.errors import JournalError\n"
        "try: Journal.resume(sys.argv[1])\n"
        "except JournalError as error: print(error)"
    )
    out = subprocess.run([sys.executable, "-c", code, str(tmp_path / "r")], capture_output=True, text=True, check=True)
    assert f"being written by process {os.getpid()}" in out.stdout
    assert "hint:" in out.stdout


def test_a_forked_child_does_not_keep_the_lock(tmp_path):
    first = Journal.create(tmp_path, id="r")
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(writer)
        os.read(reader, 1)
        os._exit(0)
    try:
        first.close()
        Journal.resume(tmp_path / "r").close()
    finally:
        os.close(writer)
        os.waitpid(child, 0)
        os.close(reader)


def test_a_reader_does_not_disturb_a_writer(tmp_path, run):
    run.event("note", "one")
    run.commit()
    assert journal.read(tmp_path / "r").status == "running"
    run.event("note", "two")
    run.commit()
    assert len(journal.read(tmp_path / "r").events) == 2


def test_a_newer_format_is_refused(tmp_path, run):
    run.close()
    db = sqlite3.connect(tmp_path / "r" / schema.FILE)
    db.execute(f"PRAGMA user_version={schema.VERSION + 1}")
    db.close()
    for reading in (lambda: Journal.resume(tmp_path / "r"), lambda: journal.read(tmp_path / "r")):
        with pytest.raises(JournalError, match=f"has format {schema.VERSION + 1}") as caught:
            reading()
        assert "pip install" in caught.value.hint


def test_a_refused_journal_leaves_no_lock(tmp_path, run):
    run.close()
    file = tmp_path / "r" / schema.FILE
    good = file.read_bytes()
    file.write_bytes(b"no database at all, but long enough to be looked at" * 20)
    with pytest.raises(JournalError, match="damaged"):
        Journal.resume(tmp_path / "r")
    file.write_bytes(good)
    Journal.resume(tmp_path / "r").close()


def test_a_foreign_database_is_refused(tmp_path):
    (tmp_path / "r").mkdir()
    db = sqlite3.connect(tmp_path / "r" / schema.FILE)
    db.execute("CREATE TABLE theirs (x)")
    db.commit()
    db.close()
    with pytest.raises(JournalError, match="not a journal of accelcore"):
        Journal.resume(tmp_path / "r")


def test_a_missing_run_is_named(tmp_path):
    with pytest.raises(JournalError, match="no such journal"):
        Journal.resume(tmp_path / "absent")
    with pytest.raises(JournalError, match="no such journal"):
        journal.read(tmp_path / "absent")


def test_an_id_is_given_once(tmp_path, run):
    run.close()
    with pytest.raises(JournalError, match="a run of this id already"):
        Journal.create(tmp_path, id="r")
    assert journal.read(tmp_path / "r").id == "r"


def test_a_creation_that_was_cut_off_is_repeated(tmp_path):
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "journal.new").write_bytes(b"half of it")
    Journal.create(tmp_path, id="r").close()
    assert journal.find("last", tmp_path).name == "r"


def test_an_unwritable_folder_is_an_error_with_a_hint(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError) as caught:
        Journal.create(tmp_path / "file", id="r")
    assert caught.value.hint


def test_a_full_disk_ends_the_run_and_leaves_it_resumable(tmp_path):
    """The limit on the size of a file stands for a full disk: SQLite reports both as failed writes."""
    code = f"""
import resource, sys
from accelcore.journal import Journal, EvaluationRow
from accelcore.errors import JournalError
from accelcore.values import Evaluation, Status
run = Journal.create({str(tmp_path)!r}, id="r")
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
written = 0
try:
    for n in range(10_000):
        row = Evaluation(str(n), "t", (), Status.WRONG, log="x" * 1000)
        run.put_evaluation(str(n), EvaluationRow(row, None, cached=False))
        written += 1
except JournalError as error:
    print(written, "disk is full" in str(error), "resume" in error.hint)
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert out[1:] == ["True", "True"]
    with Journal.resume(tmp_path / "r") as again:
        assert len(journal.read(tmp_path / "r").evaluations) == int(out[0])
        again.event("note", "it goes on")
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


def test_a_full_disk_after_a_group_keeps_what_was_committed(run, tmp_path):
    run.event("note", "kept")
    run.commit()
    run.event("note", "lost")
    with pytest.raises(JournalError, match="damaged"), run._writing() as db:
        db.execute("INSERT INTO nowhere VALUES (1)")
    assert [text for _, _, text in journal.read(tmp_path / "r").events] == ["kept"]


def test_runs_are_found_by_path_id_beginning_and_last(tmp_path):
    for name in ("20260101-aa", "20260102-ab", "20260102-b"):
        Journal.create(tmp_path, id=name).close()
    assert [path.name for path in journal.runs(tmp_path)] == ["20260101-aa", "20260102-ab", "20260102-b"]
    assert journal.find("last", tmp_path).name == "20260102-b"
    assert journal.find("20260102-a", tmp_path).name == "20260102-ab"
    assert journal.find(tmp_path / "20260101-aa") == tmp_path / "20260101-aa"
    assert journal.find(tmp_path / "20260101-aa" / schema.FILE).name == "20260101-aa"
    with pytest.raises(JournalError, match="several runs begin with '20260102'"):
        journal.find("20260102", tmp_path)
    with pytest.raises(JournalError, match="there is no run 'zz'"):
        journal.find("zz", tmp_path)
    with pytest.raises(JournalError, match="there is no run 'last'"):
        journal.find("last", tmp_path / "absent")


def test_ids_sort_by_time_and_are_file_names():
    assert journal.new_id("soft max/2").split("-")[2:4] == ["soft", "max"]
    assert journal.new_id("a") != journal.new_id("a")


def test_a_read_only_run_can_be_read(tmp_path, run):
    run.event("note", "x")
    run.close()
    folder = tmp_path / "r"
    for path in (*folder.iterdir(), folder):
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        assert len(journal.read(folder).events) == 1
    finally:
        folder.chmod(0o755)
