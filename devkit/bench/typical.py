"""Rows of typical customers, made by the core itself, and a changelog full of them.

Typical: three surfaces with a rhythm each (app, web, store), two channels agreed to, messages delivered, an
order. A few hundred such rows are made and given to as many customers as are wanted: a row does not name its
customer, and to make a million of them one by one would take minutes.
"""

from collections.abc import Iterator, Sequence
from itertools import count, cycle
from typing import TYPE_CHECKING

from devkit.broker.records import Record, each_record
from streams.policy.parse import document, load_policy, version
from streams.timeline import Partition
from streams.topics import catalogue
from streams.wire import row
from streams.wire.control import PolicyFact
from streams.wire.event import SHORT_TOPICS
from streams.wire.partition import partition_of
from streams.wire.times import DAY, HOUR

from .ground import NOTHING, Config, Ground
from .load import Made, consent, event, open_producer, put
from .member import Measured, wait_until

if TYPE_CHECKING:
    from confluent_kafka import Producer

VISITS = ("app.opened", "web.visited", "store.visited")
DAYS = 9


def rows(lasts: Sequence[int], policy: str = "") -> list[bytes]:
    """Make a row for each moment (ms) of a last sign of life; the cut that makes them is number 1."""
    topics = catalogue("typical", 1)
    partition = Partition(0, topics)
    if policy:
        parsed = load_policy(policy)
        partition.learn(0, PolicyFact(version=version(parsed), document=document(parsed)))
    slices: list[list[Record]] = [[] for _ in SHORT_TOPICS]
    for who, last in enumerate(lasts):
        for offset, made in enumerate(_life(who, last)):
            name = topics.name(f"events.{made.topic}")
            record = Record(name, 0, offset, made.at, made.key, made.value, ())
            slices[SHORT_TOPICS.index(made.topic)].append(record)
    done = partition.execute(1, 0, max(lasts), slices, 0)
    assert not done.rejects
    assert not done.effects
    return [partition.rows[f"c-{who:07d}".encode()] for who in range(len(lasts))]


def _life(who: int, last: int) -> Iterator[Made]:
    """The events of a typical customer: visits, two consents, messages, an order; the last act at `last`."""
    number = count()

    def id_() -> str:
        return f"t-{who}-{next(number)}"

    begin = last - DAYS * DAY
    for channel in ("email", "push"):
        yield consent(who, begin, id_(), channel, "in")
    for day, type_ in zip(range(DAYS), cycle(VISITS)):
        yield event(type_, who, begin + day * DAY, id_())
    for day in range(2, DAYS, 3):
        for channel in ("email", "push"):
            yield event(f"{channel}.delivered", who, begin + day * DAY + HOUR, id_())
    yield event("order.completed", who, last - DAY + HOUR, id_())
    yield event("app.opened", who, last, id_())


def first_owner(ground: Ground, settings: Config = NOTHING) -> Measured:
    """Have a worker claim the fresh topics, make its first cuts and end in good order.

    Args:
        ground: where; a policy to be in force is published already.
        settings: of the worker.

    Returns:
        What it had used when it was ready, without any customers.
    """
    with ground.member(settings).start() as worker:
        worker.wait_ready(ground.partitions)
        empty = worker.measured()
        wait_until(lambda: all(owned["cut"] > 1 for owned in worker.partitions()), "the first cuts")
        worker.end_well()
    return empty


def fill(ground: Ground, customers: int, values: Sequence[bytes], each: int = 1) -> None:
    """Write a changelog as if the first owner had seen so many customers, under its epochs.

    Args:
        ground: where the first owner has been.
        customers: how many.
        values: rows, given out in turn.
        each: records of each customer; more than one where nothing was compacted yet.
    """
    epochs = _epochs(ground)
    under = [[row.with_epoch(value, epochs[p]) for value in values] for p in range(ground.partitions)]
    producer: Producer = open_producer(ground.bootstrap)
    for _ in range(each):
        for who in range(customers):
            key = f"c-{who:07d}".encode()
            place = partition_of(key, ground.partitions)
            put(producer, ground.topics.changelog.name, under[place][who % len(values)], key, place)
            if who % 1_000 == 0:
                producer.poll(0)
    if producer.flush(120):
        raise TimeoutError("the changelog was not acknowledged")


def _epochs(ground: Ground) -> dict[int, int]:
    """The epoch of the last owner of each partition: the offset of its marker."""
    found = each_record(ground.bootstrap, ground.topics.changelog.name, ground.partitions)
    return {record.partition: record.offset for record in found if record.key == row.MARKER}
