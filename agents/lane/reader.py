"""Reading single places of the log beside the group's consumer: a changelog gap, the last executed cut."""

from collections.abc import Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from .core import Record

_POLL_MS = 500


class LogReader:
    """Reads ranges with a plain consumer of its own, which belongs to no group.

    Args:
        connection: How aiokafka's clients connect (addresses, TLS, SASL).
    """

    def __init__(self, connection: Mapping[str, Any]) -> None:
        self._connection = connection

    async def read(self, topic: str, ranges: Mapping[int, tuple[int, int]]) -> dict[int, list[Record]]:
        """What stands in ``ranges`` (partition: first offset, offset after the last); holes are left out."""
        found: dict[int, list[Record]] = {partition: [] for partition in ranges}
        todo = {partition for partition, (start, end) in ranges.items() if end > start}
        if not todo:
            return found
        consumer = AIOKafkaConsumer(
            **self._connection, enable_auto_commit=False, fetch_max_wait_ms=50, auto_offset_reset="earliest"
        )
        await consumer.start()
        try:
            consumer.assign([TopicPartition(topic, partition) for partition in todo])
            for partition in todo:
                consumer.seek(TopicPartition(topic, partition), ranges[partition][0])
            while todo:
                for place, records in (await consumer.getmany(timeout_ms=_POLL_MS)).items():
                    start, end = ranges[place.partition]
                    found[place.partition] += [record for record in records if start <= record.offset < end]
                for partition in list(todo):
                    if await consumer.position(TopicPartition(topic, partition)) >= ranges[partition][1]:
                        todo.discard(partition)
        finally:
            await consumer.stop()
        return found
