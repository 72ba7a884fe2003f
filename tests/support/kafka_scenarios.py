"""Plays scenarios through a real worker and a real broker, by the topics of wire.md alone.

The pure core plays along, tick by tick: what it publishes at a tick is what the player waits for on the
topics before it goes on, so that nothing waits longer than it must, and the first difference is told where it
arises. At the end everything on the topics is compared with the core, byte for byte.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from agents.asking import ask_why
from agents.control_client import ControlClient
from agents.facts import facts_in_force
from agents.scenarios import core
from agents.scenarios.form import Scenario
from agents.scenarios.play import Play, Round
from agents.scenarios.script import last_tick
from agents.settings import Settings
from agents.settings.model import Kafka, Topics
from devkit.broker import RealKafka
from streams.timeline import Effect
from streams.topics import Catalogue, catalogue
from streams.wire.partition import partition_of
from streams.wire.times import parse_time
from streams.wire.why import encode_why
from tests.support.worker import PATIENCE, Worker

Place = tuple[str, int, bytes]
"""Topic, partition and customer: what order is promised in."""

WITHIN = PATIENCE


class ProductWorker(Worker):
    """The worker as it is run: ``python -m agents worker detect``."""

    def __init__(
        self, bootstrap: str, prefix: str, partitions: int, folder: Path, settings: Mapping[str, str]
    ) -> None:
        super().__init__(bootstrap, prefix, partitions, folder, settings=settings)
        self._command = [Path(sys.executable), "-m", "agents", "worker", "detect"]


class RoleWorker(ProductWorker):
    """``python -m agents worker population``."""

    def __init__(self, bootstrap: str, prefix: str, partitions: int, folder: Path) -> None:
        super().__init__(bootstrap, prefix, partitions, folder, {"HOLDFAST_CLOCK": "external"})
        self._command[-1] = "population"


class Outputs:
    """The signals and commands on the topics, repeats left out: what is not above the last ``seq`` seen.

    A repeat must be the same record, byte for byte; a crash may cause some.
    """

    def __init__(self, consumer: Any) -> None:  # noqa: ANN401 - aiokafka is untyped
        self._consumer = consumer
        self._seen: dict[tuple[str, bytes], dict[int, Effect]] = {}
        self.by_place: dict[Place, list[Effect]] = {}
        self.repeats = 0

    async def take(self, count: int) -> list[Effect]:
        """The next new effects, so many of them, or those that came in time."""
        found: list[Effect] = []
        until = asyncio.get_running_loop().time() + WITHIN
        while len(found) < count and asyncio.get_running_loop().time() < until:
            found += await self._read(200)
        return found

    async def rest(self) -> list[Effect]:
        """All that is left."""
        found: list[Effect] = []
        ends = await self._consumer.end_offsets(self._consumer.assignment())
        while any([await self._consumer.position(place) < end for place, end in ends.items()]):
            found += await self._read(200)
        return found

    async def _read(self, timeout_ms: int) -> list[Effect]:
        fetched = await self._consumer.getmany(timeout_ms=timeout_ms)
        return [
            effect
            for place, records in fetched.items()
            for record in records
            if (effect := self._take_in(place, record)) is not None
        ]

    def _take_in(self, place: TopicPartition, record: Any) -> Effect | None:  # noqa: ANN401 - as above
        effect = Effect(place.topic, record.key, record.value, [tuple(header) for header in record.headers])
        number = msgspec.json.decode(record.value)["seq"]
        seen = self._seen.setdefault((place.topic, record.key), {})
        if seen and number <= max(seen):
            assert seen.get(number) == effect, f"a repeat that is none: {effect} after {seen.get(number)}"
            self.repeats += 1
            return None
        seen[number] = effect
        self.by_place.setdefault((place.topic, place.partition, record.key), []).append(effect)
        return effect


class KafkaStage:
    """Some scenarios that share a worker (``script.stages``).

    Attributes:
        played: the course on Kafka.
        expected: the same in the pure core.
        repeats: records that a crash made the worker send again.
    """

    def __init__(self, kafka: RealKafka, folder: Path, prefix: str, scenarios: Sequence[Scenario]) -> None:
        self.played, self.expected = Play(scenarios), Play(scenarios)
        self.crowded = any(scenario.crowd is not None for scenario in scenarios)
        self.repeats = 0
        self._topics = catalogue(prefix, core.PARTITIONS)
        self._settings = Settings(
            kafka=Kafka(bootstrap_servers=(kafka.bootstrap,)),
            topics=Topics(prefix=prefix, partitions=core.PARTITIONS),
            clock="external",
        )
        _create(kafka, self._topics)
        external = {"HOLDFAST_CLOCK": "external", "HOLDFAST_KAFKA__INSTANCE_ID": "scenarios"}
        self._worker = ProductWorker(kafka.bootstrap, prefix, core.PARTITIONS, folder, external)
        self._world = core.world_of(scenarios, self._topics)
        self._role = RoleWorker(kafka.bootstrap, prefix, core.PARTITIONS, folder) if self.crowded else None
        self._known = False

    async def play(self) -> None:
        """Play to the end; the worker has ended well, and the topics hold what the core gives, no more."""
        try:
            await asyncio.to_thread(self._worker.start().wait_ready)
            if self._role is not None:
                await asyncio.to_thread(self._role.start().wait_ready)
            async with self._line() as (control, producer, outputs):
                for round_, same in zip(self.played.rounds(), self.expected.rounds(), strict=True):
                    assert round_ == same, "the services of the two plays answered differently"
                    await self._play(round_, control, producer, outputs)
                assert await asyncio.to_thread(self._worker.stop) == 0, self._worker.said[-4000:]
                extra = await outputs.rest()
                self.repeats = outputs.repeats
            if self.crowded:
                self.played.hear(last_tick(self.played.scenarios[0]), extra)
                return
            assert not extra, f"besides what the core gives, there came {extra}"
            assert outputs.by_place == self._of_core()
        except BaseException:
            sys.stderr.write(self._worker.output()[-6000:])
            if self._role is not None:
                sys.stderr.write(self._role.output()[-6000:])
            raise
        finally:
            await asyncio.to_thread(self._worker.close)
            if self._role is not None:
                await asyncio.to_thread(self._role.close)

    async def _play(self, round_: Round, control: ControlClient, producer: Any, outputs: Outputs) -> None:  # noqa: ANN401 - aiokafka is untyped
        for fact in round_.facts:
            await control.publish(fact)
        sent = [
            await producer.send(
                self._topics.name(f"events.{sending.topic}"),
                sending.value,
                key=sending.customer.encode(),
                partition=partition_of(sending.customer.encode(), core.PARTITIONS),
            )
            for sending in round_.sendings
        ]
        await asyncio.gather(*sent)
        await self._tick(round_, control)
        expected = core.carry_out(round_, self._world)
        if self.crowded:
            await self._learn()
            self.played.hear(round_.at, await outputs.rest())
            for customer in round_.asked:
                self.played.learn(round_.at, customer, await self._ask(customer, round_.at))
            return
        came = await outputs.take(len(expected))
        assert sorted(map(_values, came)) == sorted(map(_values, expected)), f"at tick {round_.at}"
        self.expected.hear(round_.at, expected)
        self.played.hear(round_.at, came)
        for customer in round_.asked:
            said, answer = core.explain(customer, self._world), await self._ask(customer, round_.at)
            assert answer == said, f"why at tick {round_.at}"
            self.played.learn(round_.at, customer, answer)

    async def _learn(self) -> None:
        """Once the core knows of everybody, wait until the role does; later facts come when they do."""
        until = asyncio.get_running_loop().time() + WITHIN
        while self._world.known is not None and not self._known:
            assert asyncio.get_running_loop().time() < until, "the population role does not learn"
            self._known = "population" in await facts_in_force(self._settings, self._topics)

    async def _ask(self, customer: str, at: int) -> dict[str, Any]:
        """What the worker answers over HTTP, once it has carried out the cut of a tick (ms)."""
        until = asyncio.get_running_loop().time() + WITHIN
        while asyncio.get_running_loop().time() < until:
            answer = await ask_why(self._settings, self._topics, customer, WITHIN)
            if parse_time(answer.at) >= at:
                return dict(msgspec.json.decode(encode_why(answer)))
            await asyncio.sleep(0.05)
        raise AssertionError(f"the worker did not carry out the cut at {at}")

    async def _tick(self, round_: Round, control: ControlClient) -> None:
        """Tell the time; a worker to be restarted dies before its cut stands, or just after, by turns."""
        ticking = asyncio.create_task(control.tick_and_wait(round_.at, WITHIN))
        if not round_.restart:
            return await ticking
        if len(self._worker.exits) % 2:
            await ticking
        await asyncio.to_thread(self._worker.kill)
        await asyncio.to_thread(self._worker.start)
        return await ticking

    def _of_core(self) -> dict[Place, list[Effect]]:
        """What the core published, laid out as on the topics."""
        by_place: dict[Place, list[Effect]] = {}
        for published in self.expected.published:
            effect = published.effect
            place = (effect.topic, partition_of(effect.key, core.PARTITIONS), effect.key)
            by_place.setdefault(place, []).append(effect)
        return by_place

    @asynccontextmanager
    async def _line(self) -> AsyncGenerator[tuple[ControlClient, Any, Outputs]]:
        bootstrap = self._settings.kafka.bootstrap
        outputs = [self._topics.signals, *self._topics.commands.values()]
        async with AsyncExitStack() as stack:
            control = await stack.enter_async_context(ControlClient.connect(self._settings, self._topics))
            producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", linger_ms=0)
            await producer.start()
            stack.push_async_callback(producer.stop)
            consumer = AIOKafkaConsumer(
                bootstrap_servers=bootstrap,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                isolation_level="read_committed",
            )
            await consumer.start()
            stack.push_async_callback(consumer.stop)
            consumer.assign(
                [TopicPartition(topic.name, p) for topic in outputs for p in range(topic.partitions)]
            )
            yield control, producer, Outputs(consumer)


def _values(effect: Effect) -> tuple[str, bytes, bytes]:
    return effect.topic, effect.key, effect.value


def _create(kafka: RealKafka, topics: Catalogue) -> None:
    """Make the topics; they keep everything, as event time is not the broker's."""
    kafka.create_topics(
        [(topic.name, topic.partitions, {**topic.config, "retention.ms": "-1"}) for topic in topics.all]
    )
