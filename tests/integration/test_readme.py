"""The README's Python, cut out of the file and run as it stands."""

import re
import sys
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Message, Producer, TopicPartition

from devkit.broker import Child, EmbeddedBroker
from streams.topics import catalogue
from streams.wire.codec import decode
from streams.wire.command import encode_command
from streams.wire.event import Event
from streams.wire.partition import partition_of
from streams.wire.signal import encode_signal
from tests.support.effects import command, signal
from tests.support.worker import wait_until

ROOT = Path(__file__).parents[2]
TOPICS = catalogue()

Run = Callable[[str], Child]


def snippet(function: str) -> str:
    """The one block of Python in the README that defines this function."""
    blocks = re.findall(r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    found: list[str] = [block for block in blocks if f"def {function}(" in block]
    assert len(found) == 1
    return found[0]


@pytest.fixture
def broker(embedded: EmbeddedBroker) -> EmbeddedBroker:
    for topic in TOPICS.all:
        embedded.create_topic(topic.name, topic.partitions)
    return embedded


@pytest.fixture
def run(tmp_path: Path, broker: EmbeddedBroker) -> Generator[Run]:
    """Both programs take the broker's address as their only argument."""
    started: list[Child] = []

    def start(function: str) -> Child:
        file = tmp_path / f"{function}.py"
        file.write_text(snippet(function))
        started.append(Child([sys.executable, file, broker.bootstrap], cwd=tmp_path))
        return started[-1]

    yield start
    for child in started:
        child.close()


def read(broker: EmbeddedBroker, topic: str, partitions: int) -> list[Message]:
    reader = Consumer(
        {"bootstrap.servers": broker.bootstrap, "group.id": "judge", "enable.partition.eof": True}
    )
    reader.assign([TopicPartition(topic, number, 0) for number in range(partitions)])
    records, ended = [], 0
    while ended < partitions:
        record = reader.poll(10)
        assert record is not None, "the broker does not answer"
        if record.error():
            ended += 1
        else:
            records.append(record)
    reader.close()
    return records


def test_the_event_that_the_readme_feeds_is_accepted_where_its_customer_belongs(
    broker: EmbeddedBroker, run: Run
) -> None:
    feed = run("feed")
    assert feed.wait(40) == 0, feed.output()
    web = TOPICS.inputs[1]
    (record,) = read(broker, web.name, web.partitions)
    event = decode(record.key(), record.value(), "web", record.timestamp()[1])
    assert isinstance(event, Event), event
    assert (event.customer_id, event.type) == ("c-42", "web.visited")
    assert record.partition() == partition_of(b"c-42", web.partitions)


def test_the_consumer_of_the_readme_prints_the_signal_and_the_command_on_the_topics(
    broker: EmbeddedBroker, run: Run
) -> None:
    producer = Producer({"bootstrap.servers": broker.bootstrap})
    for topic, value in (
        (TOPICS.signals.name, encode_signal(signal(id="the-signal"))),
        (TOPICS.commands["email"].name, encode_command(command(id="the-command"))),
    ):
        producer.produce(topic, value, b"c-42", partition_of(b"c-42", TOPICS.signals.partitions))
    assert producer.flush(30) == 0
    consume = run("consume")

    def printed() -> bool:
        assert consume.exit_code is None, consume.output()
        return {"opened purchase_stopped for c-42 the-signal", "send email for c-42 the-command"} <= set(
            consume.output().splitlines()
        )

    wait_until(printed, "both are printed", 60)
