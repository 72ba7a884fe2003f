"""Between a process and the brokers: requests take time, get lost, or arrive long after their sender is gone.

A request that left arrives whatever becomes of its process meanwhile. An answer reaches a process that runs;
a frozen one finds it when it wakes.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, TypeVar

from aiokafka.errors import KafkaTimeoutError

from .loop import VirtualLoop

T = TypeVar("T")

TIMEOUT = 0.6
"""Seconds until a request without an answer is given up."""


@dataclass
class Weather:
    """How requests fare.

    Attributes:
        late: The share that takes up to three seconds, one way.
        lost: The share that never arrives.
        unanswered: The share whose answer is lost.
        refused: The share of batches that the broker refuses for good.
        slow: Most seconds of an ordinary way.
        uneven: The share of partitions left out of an answer to a fetch.
    """

    late: float = 0.0
    lost: float = 0.0
    unanswered: float = 0.0
    refused: float = 0.0
    slow: float = 0.004
    uneven: float = 0.0


class Network:
    """Draws what becomes of each request.

    Args:
        loop: Whose time passes.
        random: Where it is drawn from.
    """

    def __init__(self, loop: VirtualLoop, random: Random) -> None:
        self._loop = loop
        self._draw = random.random
        self.weather = Weather()

    def chance(self, share: float) -> bool:
        """Whether what happens in this share of cases happens now."""
        return share > 0 and self._draw() < share

    def way(self) -> float:
        """Seconds that one way takes."""
        if self.chance(self.weather.late):
            return self._draw() * 3.0
        return 0.0005 + self._draw() * self.weather.slow

    def to_broker(self, act: Callable[..., object], *args: Any) -> None:
        """Something arrives at the broker, unless it is lost."""
        if not self.chance(self.weather.lost):
            self._loop.call_later(self.way(), act, *args, context=self._loop.world.context)

    def answer(self, act: Callable[..., object], *args: Any) -> None:
        """The broker's answer arrives, unless it is lost; ``act`` runs in the world, and wakes who waits."""
        if not self.chance(self.weather.unanswered):
            self._loop.call_later(self.way(), act, *args, context=self._loop.world.context)

    async def ask(self, question: Callable[[], T]) -> T:
        """Ask the broker; what it raises is raised here.

        Raises:
            KafkaTimeoutError: request or answer were lost, or took too long.
        """
        future: asyncio.Future[T] = self._loop.create_future()
        timer = self._loop.call_later(TIMEOUT, _settle, future, None, KafkaTimeoutError())
        self.to_broker(self._arrive, question, future)
        try:
            return await future
        finally:
            timer.cancel()

    async def insist(self, question: Callable[[], T]) -> T:
        """Ask until there is an answer."""
        while True:
            try:
                return await self.ask(question)
            except KafkaTimeoutError:
                await asyncio.sleep(0.05)

    def _arrive(self, question: Callable[[], T], future: "asyncio.Future[T]") -> None:
        try:
            result = question()
        except Exception as error:  # noqa: BLE001 - whatever it is, the one who asked gets it
            self.answer(_settle, future, None, error)
        else:
            self.answer(_settle, future, result, None)


def _settle(future: "asyncio.Future[Any]", result: object, error: Exception | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
