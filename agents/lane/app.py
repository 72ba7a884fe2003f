"""The Faust app of a lane: our transports, our end, and what stands around it starts before it."""

import logging
import os
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Protocol

import faust
from aiokafka.errors import KafkaError

from ..errors import ExitCode, HoldfastError, InfrastructureError
from . import memory
from .executor import Executor
from .lane import Lane
from .recovery import LaneTables
from .transport import LaneTransport

STOPS_WITHIN: Final = 12.0
"""Seconds after which a stop that is not through ends at once; supervisors kill after 15 to 30."""

_LATE: Final = (
    f"not stopped within {STOPS_WITHIN:.0f} s: the cut in hand could not be finished, or not be committed",
    "nothing is lost: whoever takes the partitions over carries it out again. Do the brokers answer?",
)


class StopTooLongError(InfrastructureError):
    """A stop that could not be a clean one (70)."""


class Companion(Protocol):
    """Something that is up from the start of the worker to its end: the admin server."""

    async def stop(self) -> None:
        """Stop."""


class JointTopic(faust.Topic):
    """Several topics read by one agent, with a name that ``faust agents`` can print (Faust's own raises)."""

    def get_topic_name(self) -> str:
        """All names."""
        return ", ".join(self.topics)


class LaneApp(faust.App):
    """A Faust app whose per-message lane is the batch lane.

    Args:
        name: The app id: consumer group and beginning of the changelog's name.
        lane: The partitions.
        companions: Start what must be up before the group is joined, and is stopped last.
        checks: Awaited after that and before the group is joined; what they raise ends the worker.
        ready: Called each time the worker has become ready.
        conf: Faust's settings.
    """

    def __init__(
        self,
        name: str,
        *,
        lane: Lane,
        companions: Sequence[Callable[[], Awaitable[Companion]]] = (),
        checks: Sequence[Callable[[], Awaitable[None]]] = (),
        ready: Callable[[], Awaitable[None]] | None = None,
        **conf: Any,
    ) -> None:
        self.lane = lane
        self._companions = companions
        self._checks = checks
        self._running: list[Companion] = []
        self._ready = ready
        self._executor = Executor(lane)
        self._preparing = False
        super().__init__(name, TableManager=LaneTables, **conf)

    def _new_transport(self) -> LaneTransport:
        return LaneTransport(self.conf.broker_consumer, self)

    def _new_producer_transport(self) -> LaneTransport:
        return LaneTransport(self.conf.broker_producer, self)

    def _create_directories(self) -> None:
        """Nothing: the state is in memory and in the changelog; Faust's folders would stay empty."""

    async def start(self) -> None:
        """Start; if that fails the process ends with a code that a supervisor understands (Faust's is 1)."""
        try:
            await super().start()
        except (KafkaError, OSError) as error:
            self.lane.end(InfrastructureError(f"Kafka cannot be used: {error}"), "starting")
        except HoldfastError as error:
            self.lane.end(error, "starting")

    async def on_first_start(self) -> None:
        """Bring up what must be there before the group is joined."""
        self._preparing = True
        for start in self._companions:
            self._running.append(await start())
        for check in self._checks:
            await check()
        self._preparing = False
        await super().on_first_start()

    async def stop(self) -> None:
        """Stop; before the start nothing is in hand, and Faust would wait for what never started.

        The cut in hand is finished and committed, but not for ever: without brokers neither can be done.
        """
        if self._preparing:
            logging.shutdown()
            os._exit(ExitCode.OK)
        late = threading.Timer(STOPS_WITHIN, self.lane.end, [StopTooLongError(*_LATE), "stopping"])
        late.daemon = True  # to the end of the process: what Faust does after this may hang as well
        late.start()
        await super().stop()

    def before_live(self) -> None:
        """The first recovery is complete, and nothing waits for the event loop yet."""
        memory.settle()

    async def on_ready(self) -> None:
        """Recovery is complete, cuts may be carried out."""
        memory.keep()
        self._executor.start()
        if self._ready is not None:
            await self._ready()

    async def on_shutdown(self) -> None:
        """Stop what stands around, last."""
        await super().on_shutdown()
        await self._executor.stop()
        while self._running:
            await self._running.pop().stop()

    def _crash(self, reason: BaseException) -> None:
        """A service below failed for good: end at once, since a graceful stop would commit."""
        if not self.should_stop:
            self.lane.end(reason, "running the app")
        super()._crash(reason)
