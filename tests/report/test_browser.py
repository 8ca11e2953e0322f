"""The report in a real browser: no error, every tab by the keyboard, readable wide and narrow, light and dark, printed.

Needs Chromium (Debian's package `chromium`) and the wheel `playwright`, which drives it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sample_run import MACHINE, NASTY, run

from accelcore.html import page
from accelcore.values import Candidate, Cost, Evaluation, Move, Status

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
TABS = ("Proof", "Cost", "Candidates", "Timeline", "Failures", "Run")
QUIET = ("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync",
         "--disable-component-update")  # fmt: skip

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt install chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    api = pytest.importorskip("playwright.sync_api", reason="no playwright: pip install playwright")
    own = ("--no-sandbox",) if os.geteuid() == 0 else ()  # Chromium refuses root without it
    with api.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *own])
        yield started
        started.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a finished run with a champion, baselines and hostile text."""
    plain = run()
    best = next(e for e in plain.evaluations if e.kernel == plain.best)
    confirmed = replace(best, metrics=(("ratio", 0.25),))
    other = Evaluation("x", "row_sum", best.sizes, Status.OK, cost=Cost(4e-5), metrics=(("ratio", 4.0),))
    same = Candidate(plain.candidates[0].kernel, plain.candidates[0].digest, move=Move("stream(y)"), step=2)
    plain = replace(plain, candidates=(*plain.candidates, same))  # a move that changed nothing is a child too
    found = replace(plain, measurements=(("confirmation", confirmed), (f"baseline {NASTY}", other)))
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(page(found, MACHINE), encoding="utf-8")
    return path


@pytest.fixture
def opened(browser: Browser, report: Path, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page, in the size and colours that the test's parameter names; any message of the console is an error."""
    width, scheme = getattr(request, "param", (1280, "light"))
    shown = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    said: list[str] = []
    shown.on("console", lambda message: said.append(message.text))
    shown.on("pageerror", lambda error: said.append(str(error)))
    shown.on("request", lambda sent: said.append(sent.url) if not sent.url.startswith("file:") else None)
    shown.goto(report.as_uri())
    yield shown
    shown.close()
    assert said == [], "no error, no dialogue, nothing asked of the network"


def chosen(shown: Page) -> str:
    return shown.locator('[role=tab][aria-selected="true"]').inner_text()


def test_every_tab_is_reached_by_the_keyboard(opened: Page) -> None:
    opened.locator("[role=tab]").first.focus()
    for title in (*TABS[1:], TABS[0]):
        opened.keyboard.press("ArrowRight")
        assert chosen(opened) == title
        assert opened.evaluate("document.activeElement.textContent") == title, "the focus goes along"
        assert opened.locator("[role=tabpanel]:visible").count() == 1


def test_a_candidate_is_opened_by_the_keyboard(opened: Page) -> None:
    opened.get_by_role("tab", name="Candidates").click()
    row = opened.locator("tr.choice").nth(2)
    row.focus()
    opened.keyboard.press("Enter")
    assert "Candidate 2" in opened.locator("[role=tabpanel]:visible h2").first.inner_text()
    assert NASTY.split("\u2028")[0] in opened.locator("[role=tabpanel]:visible").inner_text()


def test_the_figures_are_those_of_the_confirmation(opened: Page) -> None:
    head = opened.locator("#head").inner_text()
    assert "4.00x" in head and "PROVED" in head
    opened.get_by_role("tab", name="Cost").click()
    assert "the best kernel is 4.00x faster" in opened.locator("[role=tabpanel]:visible").inner_text()


@pytest.mark.parametrize("opened", [(w, s) for w in (1280, 400) for s in ("light", "dark")], indirect=True)
def test_it_is_readable_wide_and_narrow_light_and_dark(opened: Page) -> None:
    for title in TABS:
        opened.get_by_role("tab", name=title).click()
        assert opened.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), title
        faint = opened.evaluate(CONTRAST)
        assert faint == [], f"{title}: text that is hard to read"


CONTRAST = """() => {
  const parsed = (text) => text.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => {
    const part = (v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const ground = (node) => {
    for (; node; node = node.parentElement) {
      const colour = parsed(getComputedStyle(node).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const faint = [];
  for (const node of document.querySelectorAll("h1,h2,td,th,b,span,button,summary,pre")) {
    if (!node.checkVisibility() || !node.textContent.trim()) continue;
    const a = luminance(parsed(getComputedStyle(node).color)), b = luminance(ground(node));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faint.push([node.textContent.slice(0, 40), ratio]);
  }
  return faint;
}"""
"""Visible text whose contrast is below 4.5 to 1 (WCAG 2.1, success criterion 1.4.3)."""


def test_candidates_stand_below_their_parents(opened: Page) -> None:
    opened.get_by_role("tab", name="Candidates").click()
    names = opened.evaluate("[...document.querySelectorAll('tr.choice')].map((r) => r.lastChild.textContent)")
    assert len(names) == 4 and names[0] == "lower" and all(name.startswith("└ ") for name in names[1:])


def test_the_cost_is_drawn_against_dollars_where_some_were_spent(opened: Page) -> None:
    opened.get_by_role("tab", name="Cost").click()
    charts = opened.locator("[role=tabpanel]:visible svg").all()
    labels = [chart.get_attribute("aria-label") for chart in charts]
    assert labels[:2] == ["Best cost against evaluations", "Best cost against dollars, up to 0.5"]
    across = charts[1].evaluate("(svg) => [...svg.querySelectorAll('circle')].map((c) => +c.getAttribute('cx'))")
    assert sorted(set(across)) == [60, 420, 780]


def test_the_chart_stays_in_its_frame(opened: Page) -> None:
    opened.get_by_role("tab", name="Cost").click()
    marks = opened.evaluate("[...document.querySelectorAll('svg circle')].map((c) => [+c.getAttribute('cy')])")
    assert marks and all(0 <= y <= 300 for (y,) in marks)


def test_the_engines_of_a_simulator_have_a_timeline(opened: Page) -> None:
    opened.get_by_role("tab", name="Timeline").click()
    shown = opened.locator("[role=tabpanel]:visible")
    assert shown.locator("h2").all_inner_texts() == ["Timeline of the start", "Timeline of the best kernel"]
    assert [len(svg.locator("rect").all()) for svg in shown.locator("svg").all()] == [2, 3]
    titles = opened.evaluate("[...document.querySelectorAll('svg rect.span title')].map((t) => t.textContent)")
    assert titles[0] == "dma: load, 0 to 12.0 µs" and NASTY.split("\u2028")[0] in titles[1]
    wide = opened.evaluate("[...document.querySelectorAll('svg rect.span')].map((r) => r.width.baseVal.value)")
    assert abs(wide[0] / wide[2] - 2) < 0.01, "both charts have one scale"
    assert "dma is busiest" in shown.inner_text() and "works until 20.0 µs" in shown.inner_text()


def test_it_prints(opened: Page) -> None:
    assert len(opened.pdf()) > 10_000
    opened.emulate_media(media="print")
    assert opened.locator("[role=tabpanel]:visible").count() == len(TABS), "on paper nothing is behind a tab"
