"""What the demo knows: repeats dropped, episodes counted, the reason found also when it comes late."""

from collections.abc import Callable

import msgspec

from devkit.demo.scene import Frame, Scene
from streams.wire.times import DAY
from tests.support.effects import NOW, command, signal


def scene(clock: Callable[[], float] = lambda: 0.0) -> Scene:
    made = Scene(Frame("a shop", "a broker", NOW, NOW + 10 * DAY), clock)
    made.begins()
    return made


def test_an_episode_is_open_from_its_opening_to_its_closing() -> None:
    seen = scene()
    seen.signal(signal())
    assert seen.open_by_kind() == [("purchase_stopped", 1)]
    seen.signal(signal(id="s2", action="closed", reason="returned", at=NOW + DAY))
    assert seen.open_by_kind() == []
    assert seen.episodes["e"].ended_at == NOW + DAY
    assert seen.signals == {("purchase_stopped", "opened"): 1, ("purchase_stopped", "closed"): 1}


def test_what_comes_again_with_the_same_id_is_counted_and_dropped() -> None:
    seen = scene()
    seen.signal(signal())
    seen.signal(signal())
    assert seen.command(command())
    assert not seen.command(command())
    assert seen.repeats == 2
    assert len(seen.newest_signals) == 1
    assert seen.commands == {("email", "send"): 1}


def test_a_command_gets_its_reason_when_its_signal_arrives_after_it() -> None:
    seen = scene()
    seen.command(command())
    assert "because" not in seen.newest_commands()[0].sentence
    seen.signal(signal())
    assert "because they have not bought" in seen.newest_commands()[0].sentence


def test_the_newest_is_first() -> None:
    seen = scene()
    for number in range(3):
        seen.signal(signal(id=f"s{number}", episode=f"e{number}", customer_id=f"c-{number}"))
        seen.command(command(id=f"k{number}", customer_id=f"c-{number}"))
    assert [told.sentence[:3] for told in seen.newest_signals] == ["c-2", "c-1", "c-0"]
    assert len(seen.newest_commands(2)) == 2
    assert "c-2" in seen.newest_commands(2)[0].sentence


def test_day_and_share_follow_event_time_and_stay_within_the_story() -> None:
    seen = scene()
    assert (seen.day, seen.days, seen.share) == (1, 10, 0.0)
    seen.ticked(NOW + 5 * DAY)
    assert (seen.day, seen.share) == (6, 0.5)
    seen.ticked(NOW + 10 * DAY)
    assert (seen.day, seen.share) == (10, 1.0)


def test_the_rate_is_that_of_the_last_seconds() -> None:
    now = [0.0]
    seen = scene(lambda: now[0])
    for _ in range(20):
        seen.rate()
        seen.events += 100
        now[0] += 0.5
    for _ in range(8):
        rate = seen.rate()
        seen.events += 10
        now[0] += 0.5
    assert rate == 20.0


def test_a_signal_that_ends_an_unknown_episode_harms_nothing() -> None:
    seen = scene()
    seen.signal(msgspec.structs.replace(signal(), action="closed", reason="returned"))
    assert seen.open_by_kind() == []
    assert len(seen.newest_signals) == 1


def test_reasons_of_long_ago_are_forgotten_so_that_a_large_history_fits() -> None:
    seen = scene()
    for number in range(20_001):
        seen.signal(signal(id=f"s{number}", episode=f"e{number}"))
    seen.command(command(id="old", signal="s0"))
    seen.command(command(id="new", signal="s20000"))
    newest, older = seen.newest_commands()
    assert "because" in newest.sentence
    assert "because" not in older.sentence
