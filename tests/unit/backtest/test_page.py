"""The report as a page: complete, and in need of nothing from outside."""

import re
from html.parser import HTMLParser
from typing import Any

from agents.backtest import svg
from agents.backtest.page import page_of
from agents.backtest.report import report
from agents.backtest.text import text_of
from tests.unit.backtest.played import played, task


class _Parts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag != "meta":  # the one that is never closed
            self.open.append(tag)
        self.outside += [name for name, _ in attrs if name in ("src", "href", "srcset", "xlink:href")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def parsed(page: str) -> _Parts:
    parts = _Parts()
    parts.feed(page)
    assert parts.open == []
    return parts


def data() -> dict[str, Any]:
    return report(task(), played())


def test_a_page_needs_nothing_from_outside_and_is_well_formed() -> None:
    page = page_of(data())

    parts = parsed(page)

    assert parts.outside == []
    assert not {"script", "link", "img", "iframe"} & set(parts.tags)
    assert not re.search(r"https?://|url\(|@import", page)


def test_a_page_says_what_the_text_says_and_draws_who_pays_and_who_comes_back() -> None:
    page, text = page_of(data()), text_of(data())

    for number in re.findall(r"\d+\.\d+-\d+\.\d+", text):
        assert number in page
    assert page.count("<svg") == 6  # opened, returned; who pays and how late, by cadence and by occasions
    assert "fast" in page
    assert page_of(data()) == page


def test_names_are_written_as_text() -> None:
    told = data()
    told["policies"][0]["name"] = "<b>&"
    assert "&lt;b&gt;&amp;" in page_of(told)


def test_a_plot_of_nothing_is_no_plot() -> None:
    assert svg.lines({}, "days", "%") == ""
    assert svg.bars([], {"own": []}, "d") == ""


def test_bars_are_as_high_as_their_values() -> None:
    drawn = svg.bars(["a", "b"], {"own": [1.0, 2.0]}, "d")
    low, high = (float(h) for h in re.findall(r'<rect [^>]*height="([\d.]+)"', drawn))
    assert abs(high - 2 * low) < 0.2
