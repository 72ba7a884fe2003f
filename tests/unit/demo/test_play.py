"""How a story is played: in order, never too much between two ticks, and about as long as asked for."""

import asyncio
from itertools import pairwise

from agents.replay.history import HistoryEvent
from agents.replay.schedule import Placed
from devkit.demo.pace import Pace
from devkit.demo.play import MOST_BETWEEN_TICKS, Player
from devkit.demo.scene import Frame, Scene
from streams.wire.times import DAY, HOUR, parse_time

START = parse_time("2026-01-01T08:30:00.000Z")
YEAR = 365 * DAY


class Tape:
    """A line that remembers, and lets each tick cost some time."""

    def __init__(self, cost: float) -> None:
        self.now, self.cost = 0.0, cost
        self.said: list[Placed | int] = []

    async def add(self, placed: Placed) -> None:
        self.said.append(placed)

    async def tick(self, at: int) -> None:
        self.now += self.cost
        self.said.append(at)

    @property
    def ticks(self) -> list[int]:
        return [said for said in self.said if isinstance(said, int)]


def event(at: int, key: bytes = b"c-1") -> HistoryEvent:
    return HistoryEvent("web", key, b"{}", at)


def played(events: list[HistoryEvent], until: int, seconds: float = 60, cost: float = 0.05) -> Tape:
    tape = Tape(cost)
    scene = Scene(Frame("", "", START, until), lambda: tape.now)
    scene.begins()
    player = Player(tape, scene, Pace(until, seconds), 4)
    asyncio.run(player.play(iter(events), until))
    assert scene.events == len(events)
    assert scene.at == until
    return tape


def test_every_event_lies_between_the_ticks_of_its_time_and_the_last_tick_is_the_end() -> None:
    tape = played([event(START + hour * HOUR) for hour in range(200)], START + 20 * DAY)
    newest = 0
    for said in tape.said:
        if isinstance(said, int):
            assert said > newest
            newest = said
        else:
            assert said.event.occurred_at >= newest
    for index, said in enumerate(tape.said):
        if isinstance(said, int):
            assert all(s.event.occurred_at < said for s in tape.said[:index] if isinstance(s, Placed))
    assert newest == START + 20 * DAY


def test_a_year_takes_about_as_long_as_was_asked_for_on_fast_and_slow_machines() -> None:
    for cost in (0.02, 0.06, 0.12):
        tape = played([event(START)], START + YEAR, seconds=60, cost=cost)
        assert 50 <= tape.now <= 70, cost


def test_ticks_are_never_more_than_a_day_apart() -> None:
    ticks = played([event(START)], START + 10 * YEAR, seconds=10).ticks
    assert max(b - a for a, b in pairwise(ticks)) <= DAY


def test_ticks_are_never_closer_than_needed() -> None:
    ticks = played([event(START)], START + 10 * DAY, seconds=1000).ticks
    assert len(ticks) <= 10 * 24 + 1


def test_a_partition_never_gets_more_than_the_embedded_broker_keeps() -> None:
    tape = played([event(START + n // 5) for n in range(3 * MOST_BETWEEN_TICKS)], START + DAY)
    count = 0
    for said in tape.said:
        count = 0 if isinstance(said, int) else count + 1
        assert count <= MOST_BETWEEN_TICKS
    assert tape.ticks == sorted(set(tape.ticks))


def test_a_story_without_events_is_one_tick() -> None:
    assert played([], START + DAY).ticks == [START + DAY]
