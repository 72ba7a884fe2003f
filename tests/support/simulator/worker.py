"""One worker: a lane as it is, on its own process, with a membership of the group, until it ends."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

from aiokafka.errors import KafkaError

from agents.adapters.metrics import Metrics
from agents.errors import ExitCode, HoldfastError
from agents.lane.auditor import Auditor
from agents.lane.changelog import Changelog
from agents.lane.clock import Clock
from agents.lane.core import Record
from agents.lane.fence import Lease
from agents.lane.lane import Lane
from agents.lane.metering import Meter

from .broker import Broker
from .faust import SimApp
from .fetching import SimKafka
from .loop import ExpectedError
from .member import Member
from .network import Network
from .producer import SimProducer
from .world import World


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

    @property
    def over(self) -> str:
        """Never."""
        return ""


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


class Worker:
    """A worker, started when it is made.

    Args:
        world: Where it lives.
        name: Its own.
        ended: Told how it ended.

    Attributes:
        process: To freeze it.
        exit: How it ended: code and reason; ``None`` while it lives.
    """

    def __init__(self, world: World, name: str, ended: "Callable[[Worker], None]") -> None:
        self.world = world
        self.name = name
        self.exit: tuple[int, str] | None = None
        self._reason: BaseException | None = None
        self._ended = ended
        self.process = world.loop.process(name)
        self.process.context.run(self._build)
        self._belonging = self._spawn(self.member.belong())
        self._recovering = self._spawn(self.app.tables.recovery.run())
        self._spawn(self._commit_now_and_then())
        self._spawn(self._audit())

    def _build(self) -> None:
        world, topics = self.world, self.world.topics
        clock, meter = Clock(world.loop.time, world.wall_ms), Meter(Quiet(), topics)
        self.lane = Lane(world.setting.settings, topics, world.core, {}, meter, clock=clock, end=self._end)
        if not world.setting.lease:
            self.lane.sender._lease = NoLease(0)
        reader: Any = SimReader(world.network, world.broker)
        self.lane.reader = reader
        self.lane.changelog = Changelog(topics.changelog.name, self.lane.sender, reader, self.name.encode())
        kafka = SimKafka(world)
        self.producer = SimProducer(world, self.name)
        self.app = SimApp(self.lane, kafka, self.producer, self._spawn)
        self.member = Member(world, self.app, kafka, self.name)

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        return self.world.loop.create_task(self._guarded(work), context=self.process.context)

    async def _guarded(self, work: Coroutine[Any, Any, Any]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - as Faust's crash does
            self._end(error, "running the app")

    # -- the end

    def _end(self, reason: BaseException, doing: str) -> NoReturn:
        code = reason.exit_code if isinstance(reason, HoldfastError) else ExitCode.INFRASTRUCTURE
        self._reason = reason
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
        self.world.note(f"{self.name} ends with {code}: {why}")
        self.world.loop.forget(self.process, killed=code != 0)
        self._ended(self)

    def freeze(self) -> None:
        """As by SIGSTOP."""
        self.process.frozen = True
        self.world.note(f"{self.name} freezes")

    def wake(self) -> None:
        """As by SIGCONT."""
        self.process.frozen = False
        if self.exit is None:
            self.world.note(f"{self.name} wakes")

    def leave(self) -> None:
        """As by SIGTERM."""
        self.world.note(f"{self.name} is asked to leave")
        self._spawn(self._leave())

    async def _leave(self) -> None:
        self._belonging.cancel()
        self._recovering.cancel()
        await self.app.consumer.wait_empty()
        await self.app.executor.stop()
        await self.member.leave()
        self._gone(0, "left")

    # -- what goes on beside

    async def _commit_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(self.world.setting.settings.kafka.commit_interval / 1000)
            await self.app.consumer.commit()

    async def _audit(self) -> None:
        await Auditor(self.lane).start()

    @property
    def expected(self) -> bool:
        """Whether it ended for a reason that is none to worry about."""
        if self.exit is None or self.exit[0] in (0, -9):
            return True
        infrastructure = self.exit[0] == ExitCode.INFRASTRUCTURE
        return infrastructure and isinstance(self._reason, (KafkaError, HoldfastError))
