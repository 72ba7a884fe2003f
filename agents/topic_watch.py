"""Whether the topics are still those that a worker started on, looked at now and then while it runs.

Neither Faust nor aiokafka stops for a topic that is deleted, made anew or given more partitions: they go on
with what is left, or from the beginning of what is new (F15, F17). And a right that is taken away stops
some requests only. So it is looked at as at the start, by the same rules, and the worker ends with what
they say; nothing is committed past it.
"""

import asyncio
from typing import Final

from aiokafka.errors import KafkaError

from streams.topics import Catalogue

from .adapters.logs import get_logger
from .errors import DataLossError, HoldfastError, InfrastructureError
from .lane.lane import Lane
from .lane.recurring import Recurring
from .rights import worker_rights
from .settings import Settings
from .start import check_group
from .topics import verify

log = get_logger("lane")

EVERY: Final = 5.0
"""Seconds between two looks."""


class TopicWatch(Recurring):
    """Watches the topics of one worker.

    Args:
        settings: Of the process.
        topics: Which ones.
        lane: What ends when they are no longer what they were.
    """

    def __init__(self, settings: Settings, topics: Catalogue, lane: Lane) -> None:
        self._settings = settings
        self._topics = topics
        self._lane = lane
        self._ids: dict[str, str] = {}

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            if not self._lane.joined:
                continue  # what is wrong at the start, the start says
            try:
                await self.look()
            except (InfrastructureError, KafkaError):
                continue  # an outage: whoever stands still for it sees to that
            except HoldfastError as error:
                self._lane.end(error, "looking at the topics")
            except Exception as error:  # noqa: BLE001 - the next look may be a better one
                log.warning("looking at the topics failed", reason=repr(error))

    async def look(self) -> None:
        """Look once.

        Raises:
            ConfigurationError: a topic is missing or has another count of partitions, or a right is missing.
            DataLossError: a topic was made anew.
            InfrastructureError: Kafka cannot be reached.
        """
        topics = self._topics
        for owned in self._lane.partitions.values():  # what was claimed, not what is there by now
            self._ids = {**owned.claim.ids, **self._ids}
        found = await verify(self._settings, topics.all, worker_rights(topics), configs=False)
        for name, topic in found.topics.items():
            before = self._ids.setdefault(name, topic.identity)
            if before != topic.identity:
                raise DataLossError(
                    f"{name} was deleted and made anew while this worker was running",
                    "what was not read of the former one is gone: the next start says what that was, and how "
                    "to go on",
                )
        await check_group(self._settings, topics)
