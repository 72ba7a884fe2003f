"""The events of the benchmarks: a shop's ordinary mix, seeded, and their way into Kafka."""

import json
import time
from collections.abc import Iterable, Iterator
from random import Random
from typing import NamedTuple

from confluent_kafka import Producer

from streams.topics import Catalogue
from streams.wire.partition import partition_of
from streams.wire.times import SECOND, format_time

MIX = {
    "app.opened": ("app", 30),
    "web.visited": ("web", 30),
    "app.viewed": ("app", 20),
    "email.delivered": ("email", 8),
    "push.delivered": ("push", 8),
    "order.completed": ("web", 4),
}
"""Type → its topic, and its share of the events in per cent."""

SPACING = SECOND // 10
"""Event time between two events: half a million of them are half a day."""


class Made(NamedTuple):
    """An event: short topic name, key, value, moment (ms)."""

    topic: str
    key: bytes
    value: bytes
    at: int


def make(count: int, customers: int, end: int, seed: int = 1) -> Iterator[Made]:
    """Make events in order of time, the last one at `end` (ms)."""
    random = Random(seed)
    types, weights = list(MIX), [share for _, share in MIX.values()]
    for number, type_ in enumerate(random.choices(types, weights, k=count)):
        customer, at = f"c-{random.randrange(customers):07d}", end - (count - 1 - number) * SPACING
        event: dict[str, object] = {
            "v": 1,
            "id": f"e-{seed}-{number}",
            "source": "bench",
            "type": type_,
            "customer_id": customer,
            "occurred_at": format_time(at),
        }
        if type_.endswith(".delivered"):
            event["message"] = {"id": f"m-{seed}-{number}"}
        elif type_ == "order.completed":
            event["surface"] = "web"
            event["order"] = {"id": f"o-{seed}-{number}", "total": "59.90", "currency": "EUR"}
        yield Made(MIX[type_][0], customer.encode(), json.dumps(event).encode(), at)


def send(bootstrap: str, topics: Catalogue, events: Iterable[Made]) -> int:
    """Put events on their topics, each on the partition of its customer; returns how many."""
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "enable.idempotence": True,
            "linger.ms": 50,
            "queue.buffering.max.messages": 1_000_000,
            "log_level": 0,
        }
    )
    count = 0
    for count, event in enumerate(events, 1):
        place = partition_of(event.key, topics.control.partitions)
        producer.produce(topics.name(f"events.{event.topic}"), event.value, event.key, place)
        if count % 1_000 == 0:
            producer.poll(0)
    left = producer.flush(120)
    if left:
        raise TimeoutError(f"{left} events were not acknowledged")
    return count


def now() -> int:
    """This moment, in milliseconds."""
    return time.time_ns() // 1_000_000
