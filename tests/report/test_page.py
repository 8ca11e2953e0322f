"""The report: self-contained, closed to the network, and safe against whatever kernels and models wrote."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from sample_run import MACHINE, NASTY, run

from accelcore.html import page
from accelcore.html.data import data
from accelcore.html.roofline import place
from accelcore.pipeline.work import affordable, work
from accelcore.testing.tasks import matmul, row_sum, softmax
from accelcore.values import (
    Cost,
    Evaluation,
    Status,
    sizes_of,
)


class Reader(HTMLParser):
    """Tags, their attributes, and the text of script elements."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, text: str) -> None:
        if self.tags and self.tags[-1][0] == "script":
            self.scripts[-1] += text


def test_foreign_text_cannot_leave_its_block() -> None:
    text = page(run(), MACHINE)
    reader = Reader()
    reader.feed(text)
    names = [tag for tag, _ in reader.tags]
    assert names.count("script") == 2
    assert "img" not in names and "b" not in names
    content = json.loads(reader.scripts[0])
    assert content["candidates"][1]["plan"] == NASTY
    assert NASTY not in text


def test_nothing_is_loaded_from_anywhere() -> None:
    text = page(run(), MACHINE)
    own = re.sub(r'<script type="application/json".*?</script>', "", text, flags=re.S)
    own = own.replace('"http://www.w3.org/2000/svg"', "")
    assert not re.search(r"https?://|url\(|@import|\bsrc=|\bhref=|fetch\(|XMLHttp|eval\(|innerHTML", own)
    assert "default-src 'none'" in text
    assert "'unsafe-inline'" not in text


def test_the_script_stays_short() -> None:
    import accelcore.html as package

    script = Path(package.__file__).parent / "assets" / "report.js"
    assert len(script.read_text().splitlines()) < 300


def test_data_has_differences_costs_and_failures() -> None:
    found = data(run(), MACHINE)
    seed, child, bad = found["candidates"]
    assert seed["diff"] == "" and "+int b;" in child["diff"] and "-int a;" in child["diff"]
    assert [c["best_so_far"] for c in found["candidates"]] == [1.0, 0.5, 0.5]
    assert bad["status"] == "compile_error" and bad["cost"] is None
    assert [c["dollars"] for c in found["candidates"]] == [0.0, 0.25, 0.5]
    assert found["reproduce"] == "accelcore compile 'row sum.py' --target c"
    assert found["roofline"]["peak"] == 1e11


def test_timelines_are_those_of_the_start_and_of_the_champion() -> None:
    found = data(run(), MACHINE)["timelines"]
    assert [(t["title"], t["unit"], len(t["spans"])) for t in found] == [("start", "s", 2), ("best kernel", "s", 3)]
    assert found[0]["spans"][0] == ["dma", "load", 0.0, 1.2e-5]
    alone = replace(run(), evaluations=run().evaluations[:1], candidates=run().candidates[:1], best=None)
    assert [t["title"] for t in data(alone, MACHINE)["timelines"]] == ["start"]
    untold = tuple(replace(e, timeline=()) for e in run().evaluations)
    assert data(run(evaluations=untold), MACHINE)["timelines"] == []


@pytest.mark.parametrize(
    "changes",
    [
        {"task": None, "verdict": None, "candidates": (), "evaluations": (), "best": None, "events": ()},
        {"evaluations": ()},
        {"best": None},
        {"spent": {"seconds": float("nan"), "dollars": float("inf")}},
    ],
)
def test_unfinished_runs_have_a_report_too(changes: dict[str, object]) -> None:
    text = page(run(**changes))
    reader = Reader()
    reader.feed(text)
    json.loads(reader.scripts[0], parse_constant=pytest.fail)


def test_work_of_a_matmul_is_two_operations_for_each_product() -> None:
    sizes = {"m": 10, "n": 20, "p": 30}
    found = work(matmul().task, sizes)
    assert found is not None
    assert found.operations == 2 * 10 * 20 * 30
    assert found.bytes == 4 * (10 * 30 + 30 * 20 + 10 * 20)


def test_a_shared_stage_is_counted_once() -> None:
    """Softmax: the maximum and the sum once a row, three operations an element beside them, two for the sum's terms."""
    m, n = 10, 1000
    found = work(softmax().task, {"m": m, "n": n})
    assert found is not None
    per_element = found.operations / (m * n)
    assert 5 <= per_element <= 8


def test_default_sizes_are_halved_until_a_call_is_affordable() -> None:
    large = replace(matmul().task, sizes=(sizes_of({"m": 2048, "n": 2048, "p": 2048}),))
    assert dict(affordable(large, {}).sizes[0]) == {"m": 512, "n": 512, "p": 512}
    assert dict(affordable(large, {"m": 2048}).sizes[0]) == {"m": 2048, "n": 256, "p": 256}
    assert affordable(large, {"m": 2048, "n": 2048, "p": 2048}) == large
    assert affordable(row_sum().task, {}) == row_sum().task


def test_the_roofline_takes_the_memory_that_fits() -> None:
    task = row_sum().task
    small = Evaluation("k", task.name, sizes_of({"m": 1, "n": 1000}), Status.OK, cost=Cost(1e-6))
    large = Evaluation("k", task.name, sizes_of({"m": 1000, "n": 1000}), Status.OK, cost=Cost(1e-3))
    near, far = place(task, small, MACHINE), place(task, large, MACHINE)
    assert near is not None and far is not None
    assert near.bound == "L1 bandwidth" and far.bound == "DRAM bandwidth"
    assert far.floor == pytest.approx(4 * (10**6 + 1000) / 1e10)
    assert 0 < far.share < 1
    simulated = Evaluation("k", task.name, small.sizes, Status.OK, cost=Cost(100, "cycles"))
    assert place(task, simulated, MACHINE) is None


@pytest.mark.skipif(shutil.which("node") is None, reason="no node to run the script with")
@pytest.mark.parametrize(
    "changes", [{}, {"task": None, "verdict": None, "candidates": (), "evaluations": (), "best": None}]
)
def test_the_script_draws_every_part(changes: dict[str, object], tmp_path: Path) -> None:
    """In node, over a document that only remembers: no error, all parts there, foreign text as text."""
    reader = Reader()
    reader.feed(page(run(**changes), MACHINE))
    (tmp_path / "data.json").write_text(reader.scripts[0])
    (tmp_path / "report.js").write_text(reader.scripts[1])
    stub = Path(__file__).parent / "document.js"
    done = subprocess.run(["node", str(stub), str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    drawn = json.loads(done.stdout)
    timeline = [] if changes else ["Timeline"]
    assert [t["text"] for t in drawn["tabs"]] == ["Proof", "Cost", "Candidates", *timeline, "Failures", "Run"]
    assert [p["hidden"] for p in drawn["parts"]] == [False, *[True] * (len(drawn["tabs"]) - 1)]
    assert all(p["text"] for p in drawn["parts"])
    if not changes:
        assert "PROVED" in drawn["head"] and "2.00x" in drawn["head"]
        assert "works until" in drawn["parts"][3]["text"]
        assert NASTY in drawn["parts"][4]["text"]
        assert "vectorize(j, 16)" in drawn["parts"][2]["text"]
