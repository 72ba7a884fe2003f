"""The view on narrow and wide screens, as text."""

import io

import pytest
from rich.console import Console

from devkit.demo.plain import PlainView
from devkit.demo.scene import PartitionState, Scene
from devkit.demo.view import screen
from streams.wire.times import DAY
from tests.support.effects import NOW, command, signal
from tests.unit.demo.test_scene import scene

SENTENCE = "has not bought for 24.1 d; usually every 6.8 d (own rhythm of 14 purchases)"


def busy() -> Scene:
    seen = scene()
    for number in range(30):
        id_ = f"{number:06d}"
        seen.signal(signal(id=f"s{id_}", episode=f"e{id_}", customer_id=f"c-{id_}"))
        seen.command(command(id=f"k{id_}", signal=f"s{id_}", customer_id=f"c-{id_}"))
    seen.events = 41_234
    seen.partitions = [PartitionState(number, NOW, number * 10) for number in range(4)]
    seen.ticked(NOW + DAY)
    return seen


def drawn(seen: Scene, width: int, height: int) -> list[str]:
    console = Console(width=width, height=height, record=True, file=io.StringIO(), force_terminal=True)
    console.print(screen(seen, height))
    return console.export_text().splitlines()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (80, 50), (140, 45)])
def test_the_screen_is_filled_exactly_and_nothing_sticks_out(width: int, height: int) -> None:
    lines = drawn(busy(), width, height)
    assert len(lines) == height
    assert max(map(len, lines)) <= width


@pytest.mark.parametrize(("width", "height"), [(80, 24), (140, 45)])
def test_everything_that_was_promised_is_on_the_screen(width: int, height: int) -> None:
    text = "\n".join(drawn(busy(), width, height))
    for wanted in (
        "41,234 events",
        "2026-11-22, day 2 of 10",
        "purchase_stopped",
        "newest signals (30 so far)",
        "newest commands, and why (30 so far)",
        "c-000029 has not bought for 24.1 d",
        'email "win_back_hello" to c-000029, because they have not bought',
        "2026-11-21 10:00",
        "Ctrl-C ends it",
    ):
        assert wanted in text, wanted


def test_a_wide_screen_shows_a_signal_in_one_line() -> None:
    assert any(f"c-000029 {SENTENCE}" in line for line in drawn(busy(), 140, 45))


def test_a_narrow_screen_folds_a_signal_instead_of_cutting_it() -> None:
    text = " ".join(line.strip("│ ").strip() for line in drawn(busy(), 80, 24))
    assert f"c-000029 {SENTENCE}" in text


def test_before_anything_has_happened_the_screen_says_so() -> None:
    text = "\n".join(drawn(scene(), 80, 24))
    assert "nobody has lapsed yet" in text
    assert "nothing to send yet" in text
    assert "not told yet" in text


def test_without_a_terminal_each_news_is_told_once_in_plain_lines() -> None:
    out = io.StringIO()
    with PlainView(busy(), Console(file=out, width=60)) as view:
        view.refresh()
        view.refresh()
    lines = out.getvalue().splitlines()
    assert [line for line in lines if "41,234 events" in line] == [
        "2026-11-22 day 2 of 10: 41,234 events (0 a second), 30 signals, 30 commands, 30 episodes open"
    ] * 2
    assert lines.count(f"  2026-11-21 c-000029 {SENTENCE}") == 1
    assert len(lines) == 4
