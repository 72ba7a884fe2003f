"""Plays a history into Kafka: events in order, ticks between them, nothing more before a tick is answered."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from streams.wire.times import format_time

from ..errors import CommandFailedError
from .schedule import Placed, TickAt


class Line(Protocol):
    """The way to the brokers and back (`kafka.KafkaLine`)."""

    async def time(self) -> int:
        """Tell the latest time of any partition, in milliseconds."""

    async def add(self, placed: Placed) -> None:
        """Send an event, not waiting for it."""

    async def tick(self, at: int) -> None:
        """Return when all events are acknowledged, and each partition has a cut at that time."""


@dataclass(slots=True)
class Sent:
    """What was sent so far.

    Attributes:
        events: how many.
        ticks: how many, each answered by a cut in every partition.
        at: event time so far, in milliseconds; 0 before the first tick.
    """

    events: int = 0
    ticks: int = 0
    at: int = 0


def _nothing(_sent: Sent) -> None:
    pass


async def send(
    steps: Iterable[Placed | TickAt], line: Line, progress: Callable[[Sent], None] = _nothing
) -> Sent:
    """Send a history and its ticks.

    Args:
        steps: of `with_ticks`.
        line: the way to Kafka.
        progress: told after each tick.

    Raises:
        CommandFailedError: a tick is not answered, or the partitions' time is past the history's beginning.
    """
    sent = Sent()
    for step in steps:
        if isinstance(step, Placed):
            if not sent.events:
                _check_time(step.event.occurred_at, await line.time())
            await line.add(step)
            sent.events += 1
        else:
            await line.tick(step.at)
            sent.ticks, sent.at = sent.ticks + 1, step.at
            progress(sent)
    return sent


def _check_time(first: int, already: int) -> None:
    if first < already:
        raise CommandFailedError(
            f"these topics have reached {format_time(already)}, but the history begins {format_time(first)}",
            "play an earlier history into topics of its own: HOLDFAST_TOPICS__PREFIX=another",
        )
