"""What was found before a rebalance does not count after it, though the broker was asked about it meanwhile.

Found by the simulator (seed 54439308): after a second look at a jump the broker was asked where the topic
begins, a rebalance came before its answer, and the offsets up to the jump were noted in the new inbox as
holding no record. They were fetched again and counted twice, and the auditor ended every worker from then on.
"""

from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from faust.types import TP

from agents.lane.consumer import LaneConsumer

INPUT = TP("holdfast.events.web.v1", 0)
EXPECTED, FOUND = 20, 23


class Kafka:
    """Answers while a rebalance sets the position, or does not."""

    def __init__(self, position: dict[TP, int | None], after: int | None) -> None:
        self._position, self._after = position, after
        self.sought: list[int] = []

    async def beginning_offsets(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        self._position[INPUT] = self._after
        return dict.fromkeys(places, 0)

    def seek(self, _: TopicPartition, offset: int) -> None:
        self.sought.append(offset)


class Consumer(LaneConsumer):
    """Asks in the same thread, and notes what the lane is told."""

    def __init__(self, after: int | None) -> None:
        self._read_offset: dict[TP, int | None] = {INPUT: EXPECTED}
        self.kafka = Kafka(self._read_offset, after)
        self._thread = SimpleNamespace(_ensure_consumer=lambda: self.kafka, call_thread=_call)
        self._jumps = {INPUT: EXPECTED}  # the second look
        self.told: list[str] = []
        self.lane = SimpleNamespace(  # type: ignore[assignment]
            reach=lambda *_: self.told.append("reach"), take=lambda *_: self.told.append("take")
        )


async def _call(method: Any, *args: Any) -> Any:  # noqa: ANN401 - as the thread's
    return await method(*args)


@pytest.mark.parametrize("after", [None, 8])
async def test_records_from_before_a_rebalance_are_not_taken(after: int | None) -> None:
    consumer = Consumer(after)
    assert await consumer._take(INPUT, [SimpleNamespace(offset=FOUND)]) == 0
    assert consumer.told == []
    assert consumer.kafka.sought == []
    assert consumer._read_offset[INPUT] == after


async def test_without_one_a_jump_is_believed_at_the_second_look() -> None:
    consumer = Consumer(EXPECTED)
    assert await consumer._take(INPUT, [SimpleNamespace(offset=FOUND)]) == 1
    assert consumer.told == ["reach", "take"]
    assert consumer._read_offset[INPUT] == FOUND + 1
