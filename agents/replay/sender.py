"""Plays a history into Kafka: events in order, ticks between them, nothing more before a tick is answered."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from streams.wire.times import format_time

from ..errors import CommandFailedError
from .answers import Answers
from .schedule import Placed, TickAt


class Line(Protocol):
    """The way to the brokers and back (`kafka.Line`)."""

    @property
    def answers(self) -> Answers:
        """What is known of the cuts."""

    async def add(self, placed: Placed) -> None:
        """Send an event, not waiting for it."""

    async def flush(self) -> None:
        """Wait until all events sent are acknowledged."""

    async def tick(self, at: int) -> None:
        """Send a tick to every partition, and wait until it is acknowledged."""

    async def settled(self, under_way: int = 0) -> None:
        """Wait until at most so many ticks lack a cut."""


@dataclass(slots=True)
class Sent:
    """What was sent so far.

    Attributes:
        events: acknowledged, or on their way.
        ticks: the same.
        at: event time so far, in milliseconds; 0 before the first.
    """

    events: int = 0
    ticks: int = 0
    at: int = 0


def _nothing(_sent: Sent) -> None:
    pass


async def send(
    steps: Iterable[Placed | TickAt],
    line: Line,
    *,
    ahead: int = 1,
    progress: Callable[[Sent], None] = _nothing,
) -> Sent:
    """Send a history and its ticks.

    Args:
        steps: of `with_ticks`.
        line: the way to Kafka.
        ahead: how many ticks with no event between them may be under way at once. 1 is what wire.md asks of
            those
            who send ticks. More is faster and gives the same cuts as long as nobody else sends events: each
            tick is answered by a cut of its own, in order, and all of them name the same ends.
        progress: told after each tick.

    Raises:
        CommandFailedError: a tick is not answered, or the partitions' time is past the history already.
    """
    sent, dirty = Sent(), False
    for step in steps:
        if isinstance(step, Placed):
            if not dirty:
                await line.settled()
                dirty = True
            await line.add(step)
            sent.events += 1
            continue
        if sent.ticks == 0:
            _check_time(step.at, line.answers.at)
        await (line.flush() if dirty else line.settled(ahead - 1))
        dirty = False
        await line.tick(step.at)
        sent.ticks, sent.at = sent.ticks + 1, step.at
        progress(sent)
    await line.flush()
    await line.settled()
    return sent


def _check_time(first: int, already: int) -> None:
    if first <= already:
        raise CommandFailedError(
            f"these topics have reached {format_time(already)}, and"
            f" the history begins before {format_time(first)}",
            "play an earlier history into topics of its own: HOLDFAST_TOPICS__PREFIX=another",
        )
