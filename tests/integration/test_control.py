"""What operators put on control reaches every partition, and ticks wait for their cuts."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from agents.cli import main
from agents.control_client import ControlClient
from agents.errors import CommandFailedError, ConfigurationError
from agents.settings import Settings, load
from devkit.broker import EmbeddedBroker
from streams.policy.builtin import DEFAULT, default_policy
from streams.policy.parse import document, version
from streams.topics import catalogue
from streams.wire.control import Cut, SourceFact, Tick, decode_control, encode
from streams.wire.times import parse_time

PARTITIONS = 3
OURS = catalogue("holdfast", PARTITIONS)
NOON = parse_time("2026-11-21T12:00:00Z")
HOUR = 3_600_000
VERSION = version(default_policy())


@pytest.fixture(autouse=True)
def _installation(embedded: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOLDFAST_KAFKA__BOOTSTRAP_SERVERS", embedded.bootstrap)
    monkeypatch.setenv("HOLDFAST_TOPICS__PARTITIONS", str(PARTITIONS))
    monkeypatch.setenv("HOLDFAST_CLOCK", "external")
    for topic in OURS.all:
        embedded.create_topic(topic.name, topic.partitions)


async def records(topic: str, partitions: int) -> dict[int, list[tuple[bytes, bytes]]]:
    """Keys and values of a topic, by partition."""
    consumer = AIOKafkaConsumer(bootstrap_servers=load().kafka.bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        wanted = [TopicPartition(topic, number) for number in range(partitions)]
        consumer.assign(wanted)
        found: dict[int, list[tuple[bytes, bytes]]] = {number: [] for number in range(partitions)}
        for partition, end in (await consumer.end_offsets(wanted)).items():
            while len(found[partition.partition]) < end:
                record = await consumer.getone(partition)
                found[partition.partition].append((record.key, record.value))
        return found
    finally:
        await consumer.stop()


def on_control() -> dict[int, list[tuple[bytes, bytes]]]:
    return asyncio.run(records(OURS.control.name, PARTITIONS))


def on_facts() -> dict[str, Any]:
    """The newest value of each key."""
    return {key.decode(): json.loads(value) for key, value in asyncio.run(records(OURS.facts.name, 1))[0]}


class TestSource:
    def test_a_word_reaches_every_partition_and_the_facts(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["source", "quiet", "web", "--since", "this morning"]) == 2
        assert main(["source", "quiet", "web", "--since", "2026-11-24T10:00Z"]) == 0
        word = {"v": 1, "kind": "source", "source": "web", "state": "quiet"}
        word["since"] = "2026-11-24T10:00:00.000Z"
        for sent in on_control().values():
            ((key, value),) = sent
            assert (key, json.loads(value)) == (b"source", word)
        assert on_facts() == {"source:web": word}
        assert "web is quiet since 2026-11-24T10:00:00.000Z, told to 3 partitions" in capsys.readouterr().out

    def test_the_last_word_on_each_source_is_shown(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["source", "burst", "push", "--since", "2026-11-24T10:00:00Z"]) == 0
        assert main(["source", "quiet", "web", "--since", "2026-11-24T09:00:00Z"]) == 0
        assert main(["source", "healthy", "web", "--since", "2026-11-24T12:00:00Z"]) == 0
        capsys.readouterr()
        assert main(["source", "ls"]) == 0
        lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
        assert lines["app"].endswith("healthy, as far as anybody has said")
        assert lines["web"].endswith("healthy since 2026-11-24T12:00:00.000Z, by hand")
        assert lines["push"].endswith("burst since 2026-11-24T10:00:00.000Z, by hand")
        assert main(["source", "ls", "--json"]) == 0
        assert {"source": "app", "state": "healthy", "since": None, "by": None} in json.loads(
            capsys.readouterr().out
        )

    def test_only_push_can_burst(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["source", "burst", "web"]) == 2
        assert main(["source", "quiet", "shop"]) == 2
        assert "'push'" in capsys.readouterr().err

    def test_without_a_moment_it_is_now_by_the_clock_that_is_in_use(self) -> None:
        assert main(["source", "quiet", "web"]) == 0
        assert on_facts()["source:web"]["since"] == "1970-01-01T00:00:00.000Z", "no partition has a time yet"


class TestPolicy:
    def publish(self, *flags: str, text: str = DEFAULT) -> int:
        Path("policy.toml").write_text(text, encoding="utf-8")
        return main(["policy", "publish", "policy.toml", *flags])

    def test_a_policy_reaches_every_partition_and_the_facts(self) -> None:
        assert self.publish() == 0
        body = {"v": 1, "kind": "policy", "version": VERSION, "document": document(default_policy())}
        for sent in on_control().values():
            ((key, value),) = sent
            assert key == b"policy"
            assert json.loads(value) == body
        assert on_facts() == {"policy": body, f"policy:{VERSION}": body}

    def test_one_that_is_in_force_is_sent_again_only_by_force(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert [self.publish(), self.publish()] == [0, 0]
        assert "in force already" in capsys.readouterr().out
        assert [len(sent) for sent in on_control().values()] == [1, 1, 1]
        assert self.publish("--force") == 0
        assert [len(sent) for sent in on_control().values()] == [2, 2, 2]

    def test_one_with_errors_reaches_nobody(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.publish(text='memory = "soon"\n') == 1
        assert "policy.toml:1:10: error" in capsys.readouterr().err
        assert [len(sent) for sent in on_control().values()] == [0, 0, 0]

    def test_one_with_a_channel_that_has_no_topic_reaches_nobody(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert self.publish(text=f"{DEFAULT}\n[channels.sms]\n") == 64
        assert "holdfast.commands.sms.v1" in capsys.readouterr().err
        assert [len(sent) for sent in on_control().values()] == [0, 0, 0]

    def test_what_is_in_force_can_be_shown(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["policy", "show", "--in-force"]) == 0
        told = capsys.readouterr()
        assert "built-in default is in force" in told.err
        assert json.loads(told.out)["version"] == VERSION
        changed = DEFAULT.replace('name = "default"', 'name = "changed"')
        assert self.publish(text=changed) == 0
        capsys.readouterr()
        assert main(["policy", "show", "--in-force"]) == 0
        shown = json.loads(capsys.readouterr().out)
        assert shown["document"]["name"] == "changed"
        assert shown["version"] != VERSION


def test_offers_reach_every_partition_and_the_facts() -> None:
    Path("offers.toml").write_text(
        '[[offers]]\nid = "winter"\nkind = "sale"\nfrom = 2026-11-21T10:00:00Z\n', encoding="utf-8"
    )
    assert main(["offers", "publish", "offers.toml"]) == 0
    assert [[key for key, _ in sent] for sent in on_control().values()] == [[b"offers"]] * PARTITIONS
    assert on_facts()["offers"]["offers"][0]["from"] == "2026-11-21T10:00:00.000Z"


def test_a_fact_is_acknowledged_with_the_offsets_from_which_it_holds() -> None:
    async def publish() -> dict[int, int]:
        async with ControlClient.connect(load(), OURS) as control:
            await control.publish(SourceFact(source="web", state="quiet", since=NOON))
            return await control.publish(SourceFact(source="web", state="healthy", since=NOON))

    assert asyncio.run(publish()) == {0: 1, 1: 1, 2: 1}
    assert on_facts()["source:web"]["state"] == "healthy"


def test_without_a_control_topic_nothing_is_sent() -> None:
    async def connect() -> None:
        async with ControlClient.connect(Settings(kafka=load().kafka), catalogue("other", PARTITIONS)):
            pass

    with pytest.raises(ConfigurationError, match=r"other\.control\.v1"):
        asyncio.run(connect())


Answer = Callable[[int, int, Tick], list[Cut]]


def honest(epoch: int = 1) -> Answer:
    """An owner that answers each tick with a valid cut."""
    count: dict[int, int] = {}

    def answer(partition: int, offset: int, tick: Tick) -> list[Cut]:
        number = count[partition] = count.get(partition, 0) + 1
        return [
            Cut(epoch=epoch, n=number, at=tick.at, from_={"e": number - 1}, ends={"e": number}, tick=offset)
        ]

    return answer


@asynccontextmanager
async def owner(answer: Answer, deaf: frozenset[int] = frozenset()) -> AsyncGenerator[None]:
    """A pretend worker: reads control and answers ticks, except on the partitions where it is deaf."""
    bootstrap = load().kafka.bootstrap
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, auto_offset_reset="earliest", fetch_max_wait_ms=10
    )
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await consumer.start()
    await producer.start()
    partitions = [TopicPartition(OURS.control.name, number) for number in range(PARTITIONS)]
    consumer.assign(partitions)
    await consumer.seek_to_beginning(*partitions)

    async def work() -> None:
        async for record in consumer:
            tick = decode_control(record.value)
            if isinstance(tick, Tick) and record.partition not in deaf:
                for cut in answer(record.partition, record.offset, tick):
                    await producer.send_and_wait(
                        OURS.control.name, encode(cut), key=b"cut", partition=record.partition
                    )

    working = asyncio.create_task(work())
    try:
        yield
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        await consumer.stop()
        await producer.stop()


class TestTicks:
    async def test_a_tick_returns_when_its_cut_stands_in_every_partition(self) -> None:
        async with owner(honest()), ControlClient.connect(load(), OURS) as control:
            for hour in range(20):
                await control.tick_and_wait(NOON + hour * HOUR, 10)
        for sent in (await records(OURS.control.name, PARTITIONS)).values():
            assert [key for key, _ in sent] == [b"tick", b"cut"] * 20

    async def test_a_partition_without_an_answer_is_named(self) -> None:
        async with owner(honest(), deaf=frozenset({1})), ControlClient.connect(load(), OURS) as control:
            with pytest.raises(CommandFailedError, match=r"partitions \[1\]") as failed:
                await control.tick_and_wait(NOON, 1)
        assert "HOLDFAST_CLOCK=external" in failed.value.way_out

    async def test_a_tick_that_was_answered_in_part_can_be_said_again(self) -> None:
        async with owner(honest(), deaf=frozenset({1})), ControlClient.connect(load(), OURS) as control:
            with pytest.raises(CommandFailedError):
                await control.tick_and_wait(NOON, 1)
        async with owner(honest()), ControlClient.connect(load(), OURS) as control:
            await control.tick_and_wait(NOON, 10)
        sent = await records(OURS.control.name, PARTITIONS)
        keys = {number: [key for key, _ in pairs] for number, pairs in sent.items()}
        assert (keys[0].count(b"tick"), keys[2].count(b"tick")) == (1, 1)
        assert b"cut" in keys[1]

    async def test_time_does_not_go_back(self) -> None:
        async with owner(honest()), ControlClient.connect(load(), OURS) as control:
            await control.tick_and_wait(NOON, 10)
            with pytest.raises(CommandFailedError, match="time moves only forward"):
                await control.tick_and_wait(NOON - HOUR, 10)

    async def test_the_cut_of_a_fenced_owner_is_no_answer(self) -> None:
        good = honest(epoch=5)

        def fenced(partition: int, offset: int, tick: Tick) -> list[Cut]:
            (cut,) = good(partition, offset, tick)
            if cut.n <= 2:
                return [cut]
            return [Cut(epoch=4, n=cut.n, at=cut.at, from_=cut.from_, ends=cut.ends, tick=offset)]

        async with owner(fenced), ControlClient.connect(load(), OURS) as control:
            await control.tick_and_wait(NOON, 10)
            await control.tick_and_wait(NOON + HOUR, 10)
            with pytest.raises(CommandFailedError, match=r"partitions \[0, 1, 2\]"):
                await control.tick_and_wait(NOON + 2 * HOUR, 1)
