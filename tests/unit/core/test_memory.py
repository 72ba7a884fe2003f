"""Ids and sequences, and what is forgotten, when, and what is not."""

from itertools import pairwise

import pytest

from streams.offline import Offline
from streams.wire import row
from streams.wire.times import DAY, HOUR, format_time

from ...support.story import (
    Happening,
    Story,
    T,
    buy,
    consent,
    event,
    every,
    hourly,
    policy,
    policy_fact,
    tell,
    weekly_buyer,
)

YEAR = 365 * DAY + 6 * HOUR
MEMORY = 2 * YEAR


def rows(offline: Offline) -> dict[bytes, bytes]:
    return {key: value for partition in offline.partitions for key, value in partition.rows.items()}


def gaps(story: Story) -> list[int]:
    seqs = [said["seq"] for said in story.all]
    return [after - before for before, after in pairwise(seqs)]


def test_seq_counts_signals_and_commands_together_without_holes_from_the_seconds_of_its_cut() -> None:
    yes = [consent(T - 70 * DAY, channel, "in") for channel in ("email", "push")]
    story = tell([*weekly_buyer(), *yes, buy(T + 40 * DAY), event(T + 41 * DAY, "app.opened")], T + 90 * DAY)
    assert len(story.commands()) > 4
    assert len(story.signals()) > 6
    assert set(gaps(story)) == {1}
    assert story.all[0]["seq"] == (T - 70 * DAY + HOUR) // 1000


def test_ids_are_functions_of_the_facts_and_name_one_thing_each() -> None:
    happenings = [*weekly_buyer(), consent(T - 70 * DAY, "email", "in"), buy(T + 40 * DAY)]
    often = tell(happenings, T + 60 * DAY)
    seldom = tell(happenings, T + 60 * DAY, step=DAY)
    assert {s["id"] for s in often.signals()} == {s["id"] for s in seldom.signals()}
    ids = [said["id"] for said in often.all]
    assert len(ids) == len(set(ids))


def test_at_most_one_episode_of_a_kind_is_open() -> None:
    happenings = [*weekly_buyer(), buy(T + 40 * DAY), buy(T + 90 * DAY)]
    open_: set[str] = set()
    for signal in tell(happenings, T + 200 * DAY, step=6 * HOUR).signals():
        if signal["action"] == "opened":
            assert signal["kind"] not in open_
            open_.add(signal["kind"])
        else:
            open_.remove(signal["kind"])
    assert open_ == {"purchase_stopped", "web_stopped", "brand_stopped"}


def test_a_silence_that_is_reopened_with_the_same_start_carries_its_number() -> None:
    off = policy(detect={"store_stopped": {"enabled": False}, "brand_stopped": {"enabled": False}})
    on = policy(detect={"brand_stopped": {"enabled": False}})
    story = Story(on).play(every(DAY, 61, T, "store.visited"), hourly(T - 61 * DAY, T + 10 * DAY))
    story.offline.learn(policy_fact(off))
    story.play([event(T - 90 * DAY, "app.opened", arrives=T + 10 * DAY)], [T + 11 * DAY])
    story.offline.learn(policy_fact(on))
    story.play([event(T - 91 * DAY, "app.opened", arrives=T + 12 * DAY)], [T + 13 * DAY])
    first, closed, second = story.signals("store_stopped")
    assert (first["action"], closed["reason"], second["action"]) == ("opened", "disabled", "opened")
    assert first["started_at"] == second["started_at"]
    assert first["episode"] == closed["episode"] != second["episode"]


def silent(until: int, *more: Happening) -> Story:
    story = Story().play([buy(T), *more], [T + HOUR, *hourly(T + HOUR, T + 100 * DAY)])
    return story.play([], [*range(T + 101 * DAY, until, 7 * DAY), until])


def test_who_is_silent_beyond_memory_is_forgotten_and_what_is_open_expires() -> None:
    before = silent(T + MEMORY - 1)
    assert set(rows(before.offline)) == {b"c1"}
    after = silent(T + MEMORY)
    ended = [s for s in after.signals() if s["action"] == "closed"]
    assert {s["reason"] for s in ended} == {"expired"}
    assert {s["kind"] for s in ended} == {"purchase_stopped", "web_stopped", "brand_stopped"}
    assert {s["at"] for s in ended} == {format_time(T + MEMORY)}
    (stored,) = rows(after.offline).values()
    assert row.is_leaving(stored)
    assert row.has_outbox(stored)
    assert row.wake_of(stored) == 0


def test_a_leaving_row_goes_once_its_cut_is_committed() -> None:
    story = silent(T + MEMORY)
    story.play([], [T + MEMORY + 1000])
    assert rows(story.offline) == {}


def test_somebody_forgotten_who_comes_back_continues_with_a_greater_seq() -> None:
    story = silent(T + MEMORY)
    last = story.all[-1]["seq"]
    story.play([buy(T + 3 * YEAR)], [T + MEMORY + DAY, T + 3 * YEAR + HOUR])
    story.play([], hourly(T + 3 * YEAR + HOUR, T + 3 * YEAR + 90 * DAY))
    assert story.all[-1]["seq"] > last
    assert story.signals()[-1]["started_at"] == format_time(T + 3 * YEAR)


def test_a_history_split_over_two_cuts_of_one_second_keeps_its_sequence() -> None:
    """An import of long ago: the first cut forgets the customer again, the next brings them back."""
    story = Story()
    for happening in [buy(T - 6 * YEAR), buy(T - 5 * YEAR)]:
        story.send(happening)
    story.effects += story.offline.tick(T)
    assert len(story.all) > 3
    story.effects += story.offline.tick(T + 50)
    story.send(buy(T - 100 * DAY, id_="back"))
    story.effects += story.offline.tick(T + 100)
    assert len(story.all) > 8
    assert set(gaps(story)) == {1}


def test_an_erasure_ends_everything_and_leaves_no_row() -> None:
    yes = consent(T - 70 * DAY, "email", "in")
    story = tell(
        [*weekly_buyer(), yes, event(T + 17 * DAY + HOUR, "customer.erased")], T + 17 * DAY + 2 * HOUR
    )
    opened, erased = story.signals("brand_stopped")
    assert (erased["reason"], erased["at"]) == ("erased", format_time(T + 17 * DAY + HOUR))
    (cancel,) = story.commands("cancel")
    assert cancel["signal"] == opened["id"]
    story.play([], [story.at + DAY, story.at + 2 * DAY])
    assert rows(story.offline) == {}
    assert "opened" not in [
        s["action"] for s in story.play([], hourly(story.at, story.at + 90 * DAY)).signals()[4:]
    ]


@pytest.mark.parametrize("channel", ["in_app", "all"])
def test_a_no_where_silence_means_yes_outlives_the_memory(channel: str) -> None:
    story = silent(T + MEMORY, consent(T, channel, "out", reason="settings"))
    later = T + MEMORY + 30 * DAY
    story.play([], [T + MEMORY + DAY])
    assert set(rows(story.offline)) == {b"c1"}
    back = [*weekly_buyer(later), *every(DAY, 30, later + 20 * DAY + HOUR, "app.opened")]
    shifted = [h for h in back if h.arrives > T + MEMORY + DAY]
    before = len(story.commands())
    story.play(shifted, hourly(T + MEMORY + DAY, later + 25 * DAY))
    assert len(story.signals()) > 4
    assert story.commands()[before:] == []


def test_a_no_on_a_channel_that_needs_a_yes_goes_with_the_row() -> None:
    story = silent(T + MEMORY, consent(T, "email", "out", reason="unsubscribe"))
    story.play([], [T + 2 * MEMORY, T + 2 * MEMORY + DAY])
    assert rows(story.offline) == {}


def test_a_typical_row_is_small() -> None:
    happenings = [
        *weekly_buyer(),
        *every(DAY, 61, T, "app.opened"),
        *[consent(T - 70 * DAY, channel, "in") for channel in ("email", "push")],
    ]
    story = tell(happenings, T + HOUR)
    (value,) = rows(story.offline).values()
    assert len(value) <= 450


def test_an_imported_yes_from_long_ago_counts_from_when_it_was_told() -> None:
    orders = [buy(T - i * 7 * DAY) for i in reversed(range(10))]
    told = consent(T - 3 * YEAR, "email", "in", reason="import")
    story = Story(policy()).play([told, *orders], [T + HOUR, *(T + i * DAY for i in range(1, 60))])
    assert [command["channel"] for command in story.commands() if command["action"] == "send"]


def test_a_yes_said_just_before_forgetting_is_kept_as_long_as_a_visit_would_be() -> None:
    yes = consent(T + MEMORY - DAY, "email", "in")
    story = Story(policy()).play([buy(T), yes], [T + MEMORY - HOUR, T + MEMORY + DAY])
    (value,) = rows(story.offline).values()
    assert not row.is_leaving(value)
