"""The last words: honest about what was dropped, left out and not sent."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from agents.replay.mapping import Mapping
from agents.replay.source import HistoryError
from devkit.demo.ending import say_end, say_interrupted
from devkit.demo.scene import Scene
from devkit.demo.story import HistoryStory, ShopStory
from devkit.shop import Shop
from streams.wire.times import DAY
from tests.support.effects import command, signal
from tests.unit.demo.test_scene import scene

HEADER = "customer_id,occurred_at,type,amount\n"
ROWS = "c-42,2026-01-02,purchase,5\nc-42,2026-01-01,purchase,5\n"


def history(folder: Path, rows: str) -> HistoryStory:
    file = folder / "orders.csv"
    file.write_text(HEADER + rows)
    return HistoryStory(file, Mapping())


def said(seen: Scene, story: HistoryStory | ShopStory) -> str:
    out = io.StringIO()
    say_end(seen, story, Console(file=out, width=80))
    assert max(map(len, out.getvalue().splitlines())) <= 80
    return " ".join(out.getvalue().split())


def busy() -> Scene:
    seen = scene()
    seen.signal(signal(customer_id="c-000001"))
    seen.command(command(customer_id="c-000001"))
    return seen


def test_signals_and_commands_are_counted_and_the_way_on_is_named() -> None:
    text = said(busy(), ShopStory(Shop(7, 5, "2026-01-01T00:00:00.000Z", 30)))
    assert "1 signals and 1 commands out" in text
    assert "purchase_stopped 1 0 0 1" in text
    assert "commands send email 1" in text
    assert "make demo DATA=your.csv" in text
    assert "dropped" not in text


def test_what_was_dropped_on_the_way_is_admitted() -> None:
    seen = busy()
    seen.missed = 1_234
    text = said(seen, ShopStory(Shop(7, 5, "2026-01-01T00:00:00.000Z", 30)))
    assert "1,234 signals and commands more were dropped by the embedded broker" in text


def test_a_history_without_consents_explains_why_nothing_was_sent(tmp_path: Path) -> None:
    seen = scene()
    seen.signal(signal())
    text = said(seen, history(tmp_path, ROWS))
    assert "2 events of 1 customers, from orders.csv." in text
    assert "unknown consent is no" in text
    assert "commands send" not in text
    assert "what the shop knows" not in text


def test_rows_that_were_left_out_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a name that fits into a line
    text = said(scene(), history(Path(), ROWS + "c-1,yesterday,purchase,5\n" * 5))
    assert "5 rows were left out:" in text
    assert "orders.csv:4" in text
    assert "and 2 more" in text


def test_a_history_out_of_order_is_played_in_order(tmp_path: Path) -> None:
    story = history(tmp_path, ROWS)
    moments = [event.occurred_at for event in story.events()]
    assert moments == sorted(moments)
    assert (moments[0], moments[-1]) == (story.since, story.until - 1)


def test_a_history_without_any_event_is_refused_with_its_first_fault(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match=r"no events in it; the first row says: .*orders\.csv:2"):
        history(tmp_path, "c-1,yesterday,purchase,5\n")


def test_an_interruption_says_how_far_it_came() -> None:
    seen, out = busy(), io.StringIO()
    seen.ticked(seen.frame.since + 2 * DAY)
    say_interrupted(seen, Console(file=out, width=200))
    assert out.getvalue() == (
        "Stopped on 2026-11-23, day 3 of 10: 0 events and 1 ticks in; 1 signals and 1 commands out.\n"
    )
