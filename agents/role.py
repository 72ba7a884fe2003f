"""A role that is no lane: a Faust app and a consumer group of its own, reading one topic of few records.

Stock Faust does here. What a role makes of a record must bear to be done twice, or not at all: it may be read
again after a crash, and a later one says all of it anew.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import faust
from aiokafka.errors import KafkaError

from streams.topics import Topic

from .errors import HoldfastError, InfrastructureError
from .lane.app import Companion
from .lane.stop import End, end_process

Take = Callable[[bytes | None, bytes | None], Awaitable[None]]
"""What a role does with the key and the value of a record."""


class RoleApp(faust.App):
    """The Faust app of a role.

    Args:
        name: the app id, which is its consumer group.
        companions: start what must be up before the group is joined, and is stopped last.
        checks: awaited after that; what they raise ends the worker.
        end: ends the worker when it may not go on.
        conf: Faust's settings.
    """

    def __init__(
        self,
        name: str,
        *,
        companions: Sequence[Callable[[], Awaitable[Companion]]] = (),
        checks: Sequence[Callable[[], Awaitable[None]]] = (),
        end: End = end_process,
        **conf: Any,
    ) -> None:
        self._companions = companions
        self._checks = checks
        self._running: list[Companion] = []
        self.end = end
        super().__init__(name, **conf)

    def reads(self, topic: Topic, take: Take) -> None:
        """Hand every record of a topic on; what that raises ends the worker."""
        raw = {"key_serializer": "raw", "value_serializer": "raw", "key_type": bytes, "value_type": bytes}
        source = self.topic(topic.name, partitions=topic.partitions, **raw)

        async def agent(stream: Any) -> None:
            async for event in stream.events():
                try:
                    await take(event.key, event.value)
                except Exception as error:  # noqa: BLE001 - fail-stop: a supervisor starts it again
                    self.end(error, f"reading {topic.name}")

        self.agent(source, name=f"holdfast.{topic.short}")(agent)

    def _create_directories(self) -> None:
        """Nothing: a role keeps nothing on disk."""

    async def start(self) -> None:
        """Start; if that fails the process ends with a code that a supervisor understands (Faust's is 1)."""
        try:
            await super().start()
        except (KafkaError, OSError) as error:
            self.end(InfrastructureError(f"Kafka cannot be used: {error}"), "starting")
        except HoldfastError as error:
            self.end(error, "starting")

    async def on_first_start(self) -> None:
        """Bring up what must be there before the group is joined."""
        for start in self._companions:
            self._running.append(await start())
        for check in self._checks:
            await check()
        await super().on_first_start()

    async def on_shutdown(self) -> None:
        """Stop what stands around, last."""
        await super().on_shutdown()
        while self._running:
            await self._running.pop().stop()

    def _crash(self, reason: BaseException) -> None:
        """A service below failed for good: end, so that a supervisor starts it again."""
        if not self.should_stop:
            self.end(reason, "running the app")
        super()._crash(reason)
