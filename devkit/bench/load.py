"""The events of the benchmarks: two ordinary loads of a shop, seeded and made fast, and their way into Kafka.

*Uniform*: each event is of a customer drawn evenly, so two events of one customer seldom meet in a cut; the
hardest case for a cache, and for a row that is opened once a cut. *Sessions*: a visitor makes some six events
within minutes and returns after days, as people do. Both are in order of time and end at a moment that the
caller gives. `known` comes before either: it makes every customer one who has been seen on two surfaces.

A value costs about a microsecond to make: it is a text with holes, since an encoder and a dictionary for
each event would take longer than what is measured.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain
from random import Random
from typing import NamedTuple

from confluent_kafka import Producer

from streams.topics import Catalogue
from streams.wire.partition import partition_of
from streams.wire.times import DAY, SECOND

MIX = {
    "app.opened": ("app", 30),
    "web.visited": ("web", 30),
    "app.viewed": ("app", 20),
    "email.delivered": ("email", 8),
    "push.delivered": ("push", 8),
    "order.completed": ("web", 4),
}
"""Type → its topic, and its share of the events in per cent."""

KNOWN = ("app.opened", "web.visited", "email.delivered")
"""What `known` has happened to each customer, in turn."""

SPACING = SECOND // 10
"""Event time between two events of the uniform load: half a million of them are half a day."""

VISIT = 6
"""Events of a visit, about: 4 to 8."""
BETWEEN = 50 * SECOND
"""Event time between two events of a visitor, about."""
RETURN = 3 * DAY
"""Event time between two visits of a customer, about."""

_CHUNK = 10_000


class Made(NamedTuple):
    """An event: short topic name, key, value, moment (ms)."""

    topic: str
    key: bytes
    value: bytes
    at: int


Load = Callable[[int, int, int, int], Iterator[Made]]
"""Makes so many events of so many customers, ending at a moment (ms), by a seed."""


def uniform(count: int, customers: int, end: int, seed: int = 1) -> Iterator[Made]:
    """Make events of customers drawn evenly, the last one at `end` (ms)."""
    random, begin = Random(seed), end - (count - 1) * SPACING
    drawn = (random.randrange(customers) for _ in range(count))
    for number, (type_, who) in enumerate(zip(_types(random, count), drawn, strict=True)):
        yield event(type_, who, begin + number * SPACING, f"u{seed}-{number}")


def sessions(count: int, customers: int, end: int, seed: int = 1) -> Iterator[Made]:
    """Make events of visitors, the last one at `end` (ms); who has left returns when all others were there.

    So many visitors are there at a time that each acts about every minute, and everybody about every three
    days. At the beginning they are in the midst of their visits.
    """
    random, spacing = Random(seed), session_spacing(customers)
    begin, coming = end - int((count - 1) * spacing), _in_turn(random, customers)
    at_a_time = min(customers, int(BETWEEN / spacing) + 1)
    here = [[next(coming), random.randint(1, VISIT)] for _ in range(at_a_time)]
    for number, type_ in enumerate(_types(random, count)):
        place = int(random.random() * len(here))
        visitor = here[place]
        yield event(type_, visitor[0], begin + int(number * spacing), f"s{seed}-{number}")
        visitor[1] -= 1
        if not visitor[1]:
            here[place] = [next(coming), random.randint(VISIT - 2, VISIT + 2)]


LOADS: dict[str, Load] = {"uniform": uniform, "sessions": sessions}


def session_spacing(customers: int) -> float:
    """Event time between two events of all visitors together (ms)."""
    return RETURN / (customers * VISIT)


def span(load: str, count: int, customers: int) -> int:
    """How much event time a load takes (ms)."""
    return count * SPACING if load == "uniform" else int(count * session_spacing(customers))


def known(customers: int, end: int, each: int = len(KNOWN)) -> Iterator[Made]:
    """Make `each` events of every customer, in rounds a day apart, the last one at `end` (ms)."""
    for turn in range(each):
        type_, begin = KNOWN[turn % len(KNOWN)], end - (each - 1 - turn) * DAY - customers
        for who in range(customers):
            yield event(type_, who, begin + who, f"known-{turn}-{who}")


def event(type_: str, who: int, at: int, id_: str, more: str = "") -> Made:
    """Make one event of customer number `who` at a moment (ms).

    Args:
        type_: one of `MIX`, or a visit to a shop, or a change of consent.
        who: the number.
        at: when it occurred.
        id_: unique in its run.
        more: further fields, as JSON, with a comma before each.
    """
    customer = f"c-{who:07d}"
    if type_.endswith(".delivered"):
        more = f',"message":{{"id":"m-{id_}"}}'
    elif type_ == "order.completed":
        more = f',"surface":"web","order":{{"id":"o-{id_}","total":"59.90","currency":"EUR"}}'
    value = (
        f'{{"v":1,"id":"e-{id_}","source":"bench","type":"{type_}","customer_id":"{customer}",'
        f'"occurred_at":"{_second(at // SECOND)}.{at % SECOND:03d}Z"{more}}}'
    )
    return Made(_TOPICS[type_], customer.encode(), value.encode(), at)


def consent(who: int, at: int, id_: str, channel: str, state: str) -> Made:
    """Make a yes (`in`) or a no (`out`) to a channel."""
    reason = "asked" if state == "in" else "unsubscribe"
    said = f'"channel":"{channel}","state":"{state}","scope":"all","reason":"{reason}"'
    return event("consent.changed", who, at, id_, f',"consent":{{{said}}}')


_TOPICS = {
    **{type_: topic for type_, (topic, _) in MIX.items()},
    "store.visited": "store",
    "consent.changed": "account",
}


@lru_cache(maxsize=1024)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _types(random: Random, count: int) -> Iterator[str]:
    types, weights = list(MIX), [share for _, share in MIX.values()]
    chunks = (min(_CHUNK, count - done) for done in range(0, count, _CHUNK))
    return chain.from_iterable(random.choices(types, weights, k=size) for size in chunks)


def _in_turn(random: Random, customers: int) -> Iterator[int]:
    """Every customer, again and again, each time in the same drawn order."""
    order = list(range(customers))
    random.shuffle(order)
    while True:
        yield from order


def send(bootstrap: str, topics: Catalogue, events: Iterable[Made]) -> int:
    """Put events on their topics, each on the partition of its customer; returns how many.

    Raises:
        TimeoutError: the broker does not acknowledge them.
    """
    sender, count = Sender(bootstrap, topics), 0
    for count, made in enumerate(events, 1):
        sender.put(made)
        if count % 1_000 == 0:
            sender.poll()
    sender.flush()
    return count


class Sender:
    """Puts events on their topics, each on the partition of its customer.

    Args:
        bootstrap: the broker.
        topics: the catalogue.
        linger_ms: how long the producer collects.
    """

    def __init__(self, bootstrap: str, topics: Catalogue, linger_ms: int = 50) -> None:
        self._producer = open_producer(bootstrap, linger_ms)
        self._names = {short: topics.name(f"events.{short}") for short in set(_TOPICS.values())}
        self._partitions = topics.control.partitions
        self._places: dict[bytes, int] = {}

    def put(self, made: Made) -> None:
        """Hand an event to the producer."""
        place = self._places.get(made.key)
        if place is None:
            place = self._places[made.key] = partition_of(made.key, self._partitions)
        put(self._producer, self._names[made.topic], made.value, made.key, place)

    def poll(self) -> None:
        """Let the producer take note of what was acknowledged."""
        self._producer.poll(0)

    def flush(self) -> None:
        """Wait until all is acknowledged.

        Raises:
            TimeoutError: it is not.
        """
        left = self._producer.flush(120)
        if left:
            raise TimeoutError(f"{left} events were not acknowledged")


def put(producer: Producer, topic: str, value: bytes, key: bytes, place: int) -> None:
    """Hand a record to a producer, whose queue may be full."""
    while True:
        try:
            producer.produce(topic, value, key, place)
        except BufferError:  # the broker is slower than we are
            producer.poll(0.1)
        else:
            return


def open_producer(bootstrap: str, linger_ms: int = 50) -> Producer:
    """Connect an idempotent producer that collects events for so long."""
    return Producer(
        {
            "bootstrap.servers": bootstrap,
            "enable.idempotence": True,
            "linger.ms": linger_ms,
            "batch.size": 500_000,
            "queue.buffering.max.messages": 200_000,
            "log_level": 0,
        }
    )


def now() -> int:
    """This moment, in milliseconds."""
    return time.time_ns() // 1_000_000
