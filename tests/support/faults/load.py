"""Customers of a shop who act all the time, fall silent for seconds, buy, and change their mind on messages.

Real events of the wire, so that the product's own core has silences to notice, plays to run and consents to
respect. What is sent is counted here; what came of it is for the oracle to say.
"""

import json
import threading
import time
from collections import deque
from collections.abc import Sequence
from random import Random
from typing import Any, NamedTuple

from confluent_kafka import KafkaError, Message, Producer

from streams.topics import Catalogue
from streams.wire.partition import partition_of
from streams.wire.times import format_time

MIX = {
    "web.visited": 40,
    "app.opened": 22,
    "app.viewed": 8,
    "order.completed": 10,
    "consent.changed": 8,
    "email.delivered": 6,
    "push.delivered": 4,
    "custom": 2,
}
COUNTED = frozenset({"order.completed", "consent.changed", "email.delivered", "push.delivered"})
"""What the core remembers by id: sent twice, it is a duplicate (wire.md, ``id``)."""

BAD = b'{"v": 1, "id": '
QUEUE = 1_000_000
LARGEST = 1_040_000
"""Bytes of a batch: a number of 10^6 digits fits, and Kafka takes it."""
LATEST = 700
"""Milliseconds by which an event may be late at most."""


FIRST = 200
"""How many of the first events are kept, to be sent again at the end."""


class Poison(NamedTuple):
    """A record that cannot be used: the short name of its topic, its bytes, and where it must lie."""

    topic: str
    key: bytes | None
    value: bytes | None
    partition: int | None = None


class _Kept(NamedTuple):
    topic: str
    value: bytes
    key: bytes
    counts: bool


class ShopLoad:
    """Events of some customers, late and with equal times, at a steady rate.

    Args:
        bootstrap: The broker.
        topics: The catalogue.
        random: Of everything random.
        rate: Events a second.
        customers: How many there are; a quarter of them is quiet at any time.
        bad: Share of records that cannot be used.
        twice: Share of events that are sent again, at once or up to some hundred events later.
        poison: What cannot be used, one of them each time; else a record that breaks off.

    Attributes:
        sent: Records handed to the broker, of every sort.
        bad_sent: Those that cannot be used.
        twice_sent: Repeats of events that count.
    """

    def __init__(
        self,
        bootstrap: str,
        topics: Catalogue,
        random: Random,
        rate: int = 300,
        customers: int = 400,
        bad: float = 0.01,
        twice: float = 0.0,
        poison: Sequence[Poison] = (),
    ) -> None:
        self.rate, self.bad, self.twice, self.poison = rate, bad, twice, poison
        self._topics = topics
        self._random = random
        self._customers = customers
        self._producer = shop_producer(bootstrap)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._pause = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._again: deque[_Kept] = deque(maxlen=400)
        self._first: list[_Kept] = []
        self._refused: list[str] = []
        self.sent = self.bad_sent = self.twice_sent = 0

    def start(self) -> "ShopLoad":
        """Everybody agrees to messages, and then acts."""
        with self._lock:
            for number in range(self._customers):
                for channel in ("email", "push"):
                    self._event(number, "consent.changed", consent=_consent(channel, "in"))
        self._thread.start()
        return self

    def pause(self) -> None:
        """Send nothing until `resume`."""
        self._pause.set()

    def resume(self) -> None:
        """Go on."""
        self._pause.clear()

    def stop(self) -> int:
        """Stop, and return how many were sent once all are acknowledged."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()
        self.flush()
        return self.sent

    def flush(self, seconds: float = 120) -> None:
        """Wait until everything is acknowledged."""
        left = self._producer.flush(seconds)
        assert not self._refused, self._refused[:3]
        assert not left, f"{left} records were not taken by the broker within {seconds} s"

    def burst(self, count: int, quiet: int = 0) -> None:
        """Send so many events now."""
        with self._lock:
            for _ in range(count):
                self._one(quiet)
            self._producer.poll(0)

    def put(self, topic: str, value: bytes | None, key: bytes | None, partition: int | None = None) -> None:
        """Send one record of the caller's own on an input (short name)."""
        place = partition if partition is not None else self._place(key)
        with self._lock:
            self._produce(self._topics.name(f"events.{topic}"), value, key, place)

    def event(self, customer: int, type_: str, **fields: Any) -> None:  # noqa: ANN401 - fields of an event
        """Send one event of a customer."""
        with self._lock:
            self._event(customer, type_, **fields)

    def consent(self, customer: int, channel: str, state: str) -> None:
        """A customer says yes or no to a channel."""
        self.event(customer, "consent.changed", consent=_consent(channel, state))

    def _run(self) -> None:
        while not self._stop.is_set():
            started = time.monotonic()
            if not self._pause.is_set():
                self.burst(max(1, self.rate // 20), quiet=int(started // 6) % 4)
            self._stop.wait(max(0.0, 0.05 - (time.monotonic() - started)))

    def _one(self, quiet: int) -> None:
        random = self._random
        if self.bad and random.random() < self.bad:
            self._spoilt()
            return
        if self._again and random.random() < self.twice:
            self._repeat(random.choice(self._again))
            return
        (type_,) = random.choices(list(MIX), list(MIX.values()))
        number = random.randrange(self._customers // 4) * 4 + (quiet + random.randrange(3)) % 4
        if type_ == "consent.changed":
            state = random.choice(("in", "in", "out"))
            self._event(number, type_, consent=_consent(random.choice(("email", "push")), state))
        else:
            self._event(number, type_, **_fields(type_, self.sent, random))

    def _event(self, number: int, type_: str, **fields: Any) -> None:  # noqa: ANN401 - as above
        customer = f"c-{number}"
        late = self._random.randrange(LATEST)
        moment = (int(time.time() * 1000) - late) // 20 * 20
        body = {"v": 1, "id": f"e-{self.sent}", "source": "shop", "type": type_, "customer_id": customer}
        value = json.dumps(body | {"occurred_at": format_time(moment)} | fields).encode()
        topic, key = self._topics.name(f"events.{_topic(type_)}"), customer.encode()
        self._produce(topic, value, key, self._place(key))
        if self.twice:
            kept = _Kept(topic, value, key, type_ in COUNTED)
            self._again.append(kept)
            if len(self._first) < FIRST:
                self._first.append(kept)

    def repeat_the_first(self) -> None:
        """Send the first events of all again."""
        with self._lock:
            for kept in self._first:
                self._repeat(kept)

    def _repeat(self, kept: "_Kept") -> None:
        self._produce(kept.topic, kept.value, kept.key, self._place(kept.key))
        self.twice_sent += kept.counts

    def _spoilt(self) -> None:
        if self.poison:
            self._poison(self._random.choice(self.poison))
            return
        topic = self._random.choice(self._topics.inputs).name
        key = b"c-%d" % self._random.randrange(self._customers)
        self._produce(topic, BAD + b"%d" % self.sent, key, self._place(key))
        self.bad_sent += 1

    def every_poison(self) -> None:
        """Send each sort of poison once."""
        with self._lock:
            for one in self.poison:
                self._poison(one)

    def spoil(self, one: Poison) -> None:
        """Send one record that cannot be used."""
        with self._lock:
            self._poison(one)

    def _poison(self, one: Poison) -> None:
        place = one.partition if one.partition is not None else self._place(one.key or None)
        self._produce(self._topics.name(f"events.{one.topic}"), one.value, one.key, place)
        self.bad_sent += 1

    def _produce(self, topic: str, value: bytes | None, key: bytes | None, place: int) -> None:
        self._producer.produce(topic, value, key, place, on_delivery=self._taken)
        self.sent += 1

    def _taken(self, error: KafkaError | None, _: Message) -> None:
        if error is not None:
            self._refused.append(error.str())

    def _place(self, key: bytes | None) -> int:
        count = self._topics.control.partitions
        return partition_of(key, count) if key is not None else self._random.randrange(count)


def shop_producer(bootstrap: str) -> Producer:
    """A producer that waits an outage out, however long, and then sends everything in order."""
    return Producer(
        {
            "bootstrap.servers": bootstrap,
            "linger.ms": 5,
            "enable.idempotence": True,
            "message.timeout.ms": 0,
            "message.max.bytes": LARGEST,
            "queue.buffering.max.messages": QUEUE,
            "reconnect.backoff.max.ms": 500,
            "log_level": 0,
        }
    )


def send_all(producer: Producer, records: Sequence[tuple[str, int, bytes | None, bytes | None]]) -> None:
    """Send records (topic, partition, key, value) and wait until all are acknowledged."""
    for topic, partition, key, value in records:
        producer.produce(topic, value, key, partition)
        producer.poll(0)
    assert producer.flush(60) == 0


def _consent(channel: str, state: str) -> dict[str, str]:
    return {"channel": channel, "state": state, "scope": "all", "reason": "settings"}


def _topic(type_: str) -> str:
    return {
        "web.visited": "web",
        "order.completed": "web",
        "custom": "store",
        "consent.changed": "account",
        "email.delivered": "email",
        "push.delivered": "push",
    }.get(type_, "app")


def _fields(type_: str, number: int, random: Random) -> dict[str, Any]:
    if type_.endswith(".delivered"):
        return {"message": {"id": f"m-{number}"}}
    if type_ == "order.completed":
        total = f"{random.randrange(500)}.90"
        return {"surface": "web", "order": {"id": f"o-{number}", "total": total, "currency": "EUR"}}
    if type_ == "custom":
        return {"surface": "store", "name": "quiz"}
    return {}
