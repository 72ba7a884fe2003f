"""One worker: a lane as it is, on its own process, with a membership of the group, until it ends."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from random import Random
from typing import Any, NoReturn

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError, KafkaTimeoutError
from faust.types import TP

from agents.adapters.metrics import Metrics
from agents.errors import ExitCode, HoldfastError
from agents.lane.changelog import Changelog
from agents.lane.clock import Clock
from agents.lane.core import Core, Record
from agents.lane.fence import Lease
from agents.lane.lane import Lane
from agents.lane.metering import Meter
from agents.settings import Settings
from streams.topics import Catalogue

from .broker import Broker
from .faust import SimApp
from .fetching import SimKafka
from .group import Beat, Group
from .loop import ExpectedError, VirtualLoop
from .network import Network
from .producer import SimProducer

EPOCH_MS = 1_790_000_000_000
"""The wall clock when virtual time is 0."""


class DiedError(ExpectedError):
    """This worker ends: what runs in it runs no further."""


class Quiet(Metrics):
    """Counts nothing: what is exported is no part of the lane's logic, and a registry is dear to make."""

    def __init__(self) -> None:
        """Register nothing."""

    def add(self, *_: object) -> None:
        """Nothing."""

    def set(self, *_: object) -> None:
        """Nothing."""

    def observe(self, *_: object) -> None:
        """Nothing."""


class NoLease(Lease):
    """Never over: only epochs and contiguity stand in a zombie's way."""

    def check(self) -> None:
        """Pass."""


class SimReader:
    """Stands for ``LogReader``: reads ranges, insisting."""

    def __init__(self, network: Network, broker: Broker) -> None:
        self._network = network
        self._broker = broker

    async def read(self, topic: str, ranges: dict[int, tuple[int, int]]) -> dict[int, list[Record]]:
        """What stands in the ranges."""
        return await self._network.insist(
            lambda: {
                number: list(self._broker.log(topic, number).read(start, stop).records)
                for number, (start, stop) in ranges.items()
            }
        )


@dataclass(frozen=True)
class Surroundings:
    """What all workers of a schedule share."""

    loop: VirtualLoop
    random: Random
    network: Network
    broker: Broker
    group: Group
    settings: Settings
    topics: Catalogue
    core: Callable[[int], Core]
    lease: bool
    batch: int
    trace: Callable[[str], None]

    def wall_ms(self) -> int:
        """The clock of all machines."""
        return EPOCH_MS + int(self.loop.time() * 1000)


class Worker:
    """A worker, started when it is made.

    Args:
        around: What it lives in.
        name: Its own.
        ended: Told how it ended.

    Attributes:
        process: To freeze it.
        exit: How it ended: code and reason; ``None`` while it lives.
    """

    def __init__(self, around: Surroundings, name: str, ended: "Callable[[Worker], None]") -> None:
        self.around = around
        self.name = name
        self.exit: tuple[int, str] | None = None
        self.reason: BaseException | None = None
        self._ended = ended
        self._tasks: list[asyncio.Task[Any]] = []
        self.process = around.loop.process(name)
        self.process.context.run(self._build)
        self._membership = self._spawn(self._belong())
        self._recovery = self._spawn(self.app.tables.recovery.run())
        self._spawn(self._commit_now_and_then())

    def _build(self) -> None:
        around = self.around
        clock = Clock(around.loop.time, around.wall_ms)
        meter = Meter(Quiet(), around.topics)
        self.lane = Lane(around.settings, around.topics, around.core, {}, meter, clock=clock, end=self._end)
        if not around.lease:
            self.lane.sender._lease = NoLease(0)
        reader: Any = SimReader(around.network, around.broker)
        self.lane.reader = reader
        self.lane.changelog = Changelog(
            around.topics.changelog.name, self.lane.sender, reader, self.name.encode()
        )
        self._kafka = SimKafka(
            around.loop, around.network, around.broker, around.group, around.random, around.wall_ms
        )
        self.producer = SimProducer(around.loop, around.network, around.broker, self.name, around.batch)
        self.app = SimApp(self.lane, self._kafka, self.producer, self._spawn)

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        task = self.around.loop.create_task(self._guarded(work), context=self.process.context)
        self._tasks.append(task)
        return task

    async def _guarded(self, work: Coroutine[Any, Any, Any]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - as Faust's crash does
            self._end(error, "running the app")

    # -- the end

    def _end(self, reason: BaseException, doing: str) -> NoReturn:
        code = reason.exit_code if isinstance(reason, HoldfastError) else ExitCode.INFRASTRUCTURE
        self.reason = reason
        self._gone(int(code), f"{doing}: {type(reason).__name__}: {reason}")
        raise DiedError

    def kill(self) -> None:
        """As by SIGKILL."""
        if self.exit is None:
            self._gone(-9, "killed")

    def _gone(self, code: int, why: str) -> None:
        if self.exit is not None:
            return
        self.exit = (code, why)
        self.around.trace(f"{self.name} ends with {code}: {why}")
        self.around.loop.forget(self.process)
        self._ended(self)

    def freeze(self) -> None:
        """As by SIGSTOP."""
        self.process.frozen = True
        self.around.trace(f"{self.name} freezes")

    def wake(self) -> None:
        """As by SIGCONT."""
        self.process.frozen = False
        if self.exit is None:
            self.around.trace(f"{self.name} wakes")

    def leave(self) -> None:
        """As by SIGTERM."""
        self.around.trace(f"{self.name} is asked to leave")
        self._spawn(self._leave())

    async def _leave(self) -> None:
        self._membership.cancel()
        self._recovery.cancel()
        await self.app.consumer.wait_empty()
        await self.app.executor.stop()
        member = self._kafka.member
        await self.around.network.insist(lambda: self.around.group.leave(member))
        self._gone(0, "left")

    # -- the group

    async def _belong(self) -> None:
        """Join, show life, and join again when asked to, or when dropped."""
        incarnation = 0
        while True:
            if self._kafka.member == "":
                incarnation += 1
                self._kafka.member = f"{self.name}.{incarnation}"
            generation, numbers = await self._join()
            await self._placed(generation, numbers)
            beat = await self._beat_while_stable(generation)
            await self.app.consumer.on_partitions_revoked({TP(*tp) for tp in self._kafka.assignment()})
            if beat is Beat.UNKNOWN:
                self._kafka.member = ""

    async def _join(self) -> tuple[int, list[int]]:
        around, member = self.around, self._kafka.member
        while True:
            future: asyncio.Future[tuple[int, list[int]]] = around.loop.create_future()

            def placed(generation: int, numbers: list[int], future: Any = future) -> None:
                if not future.done():
                    around.network.answer(_settle, future, (generation, numbers))

            try:
                await around.network.ask(lambda: around.group.join(member, placed))
            except KafkaTimeoutError:
                continue
            try:
                return await asyncio.wait_for(future, around.settings.kafka.rebalance_timeout / 1000 + 3)
            except TimeoutError:
                continue

    async def _placed(self, generation: int, numbers: list[int]) -> None:
        topics = [topic.name for topic in (*self.around.topics.inputs, self.around.topics.control)]
        topics.append(self.around.topics.changelog.name)
        places = [TopicPartition(topic, number) for number in numbers for topic in topics]
        self._kafka.generation = generation
        self._kafka.assign(places)
        self.app.consumer_generation_id = generation
        await self.app.consumer.on_partitions_assigned({TP(*place) for place in places}, generation)

    async def _beat_while_stable(self, generation: int) -> Beat:
        around, member = self.around, self._kafka.member
        while True:
            await asyncio.sleep(around.settings.kafka.heartbeat_interval / 1000)
            sent = around.loop.time()
            try:
                beat = await around.network.ask(lambda: around.group.beat(member, generation))
            except KafkaTimeoutError:
                continue
            if beat is not Beat.STABLE:
                return beat
            self.lane.lease.renew(sent)

    async def _commit_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(self.around.settings.kafka.commit_interval / 1000)
            await self.app.consumer.commit()

    # -- for whoever waits for the end of a schedule

    @property
    def expected(self) -> bool:
        """Whether it ended for a reason that is none to worry about."""
        if self.exit is None or self.exit[0] in (0, -9):
            return True
        infrastructure = self.exit[0] == ExitCode.INFRASTRUCTURE
        return infrastructure and isinstance(self.reason, (KafkaError, HoldfastError))


def _settle(future: "asyncio.Future[Any]", result: object) -> None:
    if not future.done():
        future.set_result(result)
