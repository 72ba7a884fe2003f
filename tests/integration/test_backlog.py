"""No false lapse from backlog: who was active all the time is not called silent, however late it is read.

With both clocks, the shipped worker and real rules. What must be said comes from the core alone, which
reads everything in order of time; what is said is executed again from inputs and cuts as well.
"""

import itertools
import json
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from devkit.broker import RealKafka
from streams.offline import Offline
from streams.tables import app_id
from streams.timeline import Partition
from streams.topics import Catalogue
from streams.wire.control import Cut, Tick, decode_control, encode
from streams.wire.partition import partition_of
from streams.wire.times import DAY, HOUR, format_time, parse_time
from tests.support.oracle import judge
from tests.support.topics import committed, ends, make_topics, producer, read_topic, settled
from tests.support.worker import Worker, wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600)]

PARTITIONS = 4
CUSTOMERS = 240
DAYS = 90
_numbers = itertools.count()


class Happened(NamedTuple):
    topic: str
    customer: str
    at: int
    event: dict[str, object]

    @property
    def key(self) -> bytes:
        return self.customer.encode()

    @property
    def value(self) -> bytes:
        head = {"v": 1, "source": "shop", "customer_id": self.customer, "occurred_at": format_time(self.at)}
        return json.dumps(head | {"id": f"{self.customer}-{self.at}"} | self.event).encode()


def story(end: int) -> list[Happened]:
    """Ninety days up to a moment: all come each day; a fifth of them stops in the last 30."""
    found = []
    for number in range(CUSTOMERS):
        customer, hour = f"c-{number}", number % 20
        first = end - DAYS * DAY + hour * HOUR
        consent = {"channel": "email", "state": "in", "scope": "all", "reason": "asked"}
        found.append(
            Happened("account", customer, first - 1, {"type": "consent.changed", "consent": consent})
        )
        last = DAYS if number % 5 else DAYS - 1 - number // 5 % 30
        found += [
            Happened("web", customer, first + day * DAY, {"type": "web.visited"}) for day in range(last)
        ]
    return sorted(found, key=lambda happened: happened.at)


def stopped(happened: Sequence[Happened], end: int) -> set[str]:
    """Those who were not there on the last day."""
    newest = {item.customer: item.at for item in happened}
    return {customer for customer, at in newest.items() if at < end - DAY}


class Ground:
    """Topics of their own and one worker."""

    def __init__(self, kafka: RealKafka, folder: Path, settings: dict[str, str]) -> None:
        self.bootstrap = kafka.bootstrap
        self.topics: Catalogue = make_topics(kafka, f"backlog{os.getpid()}-{next(_numbers)}", PARTITIONS)
        self.worker = Worker(
            kafka.bootstrap,
            self.topics.prefix,
            PARTITIONS,
            folder,
            "agents.worker",
            {"HOLDFAST_KAFKA__INSTANCE_ID": "one", **settings},
        )
        self._producer = producer(kafka.bootstrap)

    def send(self, happened: Sequence[Happened]) -> None:
        for item in happened:
            place = partition_of(item.key, PARTITIONS)
            self._producer.produce(self.topics.name(f"events.{item.topic}"), item.value, item.key, place)
            self._producer.poll(0)
        assert self._producer.flush(60) == 0

    def tick(self, at: int) -> None:
        for place in range(PARTITIONS):
            self._producer.produce(self.topics.control.name, encode(Tick(at=at)), b"tick", place)
        assert self._producer.flush(60) == 0
        wait_until(lambda: min(self._times()) == at, f"{format_time(at)} is answered")

    def _times(self) -> list[int]:
        cuts = [cut.at for records in self._control() for cut in records[-1:]]
        return [*cuts, 0] if len(cuts) < PARTITIONS else cuts

    def _control(self) -> list[list[Cut]]:
        found = read_topic(self.bootstrap, self.topics.control.name, PARTITIONS)
        decoded = [[decode_control(record.value) for record in found[p]] for p in range(PARTITIONS)]
        return [[cut for cut in records if isinstance(cut, Cut)] for records in decoded]

    def cuts(self) -> int:
        return sum(map(len, self._control()))

    def wait_done(self, at: int = 0) -> None:
        """Wait until the inputs are committed, and every cut up to one at this time."""
        group, control = app_id(self.topics.prefix), self.topics.control.name
        wait_until(settled(self.bootstrap, self.topics, group), "the backlog is committed")
        wait_until(lambda: min(self._times()) >= at, f"time reaches {format_time(at)}")
        marks = ends(self.bootstrap, control, PARTITIONS)

        def done() -> bool:
            found = committed(self.bootstrap, group, control, PARTITIONS)
            return all(found.get(place, 0) >= mark for place, mark in marks.items())

        wait_until(done, "the cuts are committed")

    def applied(self) -> int:
        return sum(entry["applied"] for part in self.worker.partitions() for entry in part["inputs"])

    def opened(self) -> dict[str, str]:
        """Openings on the topics: id → customer."""
        found = read_topic(self.bootstrap, self.topics.signals.name, PARTITIONS)
        said = [json.loads(record.value or b"") for records in found.values() for record in records]
        return {item["id"]: item["customer_id"] for item in said if item["action"] == "opened"}

    def judge(self) -> None:
        verdict = judge(self.bootstrap, self.topics, lambda p: Partition(p, self.topics))
        print(verdict.summary())  # noqa: T201 - pytest shows it for a failed test
        verdict.require_equal()


@pytest.fixture
def ground(kafka: RealKafka, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Ground]:
    made = Ground(kafka, tmp_path, request.param)
    yield made
    made.worker.close()


def opened_by_the_core(
    topics: Catalogue, happened: Sequence[Happened], moments: Sequence[int]
) -> dict[str, str]:
    """What the core alone opens when it looks at these moments: id → customer."""
    core, left = Offline(topics), iter([*happened, None])
    found: dict[str, str] = {}
    item = next(left)
    for at in moments:
        while item is not None and item.at < at:
            core.send(item.topic, item.key, item.value)
            item = next(left)
        for effect in core.tick(at):
            said = json.loads(effect.value)
            if effect.topic == topics.signals.name and said["action"] == "opened":
                found[said["id"]] = said["customer_id"]
    return found


@pytest.mark.parametrize("ground", [{"HOLDFAST_CLOCK": "external"}], indirect=True, ids=["external clock"])
def test_after_weeks_of_downtime_only_those_who_stopped_are_called_silent(ground: Ground) -> None:
    end = parse_time("2026-10-01T00:00:00.000Z")
    happened, down = story(end), end - 35 * DAY
    ground.worker.start().wait_ready()
    ground.send([item for item in happened if item.at < down])
    ground.tick(down)
    ground.worker.kill()
    ground.send([item for item in happened if item.at >= down])  # on the web's topic alone
    ground.worker.start().wait_ready()
    ground.tick(end)
    ground.wait_done(end)
    assert ground.worker.stop() == 0

    days = [end - day * DAY for day in range(DAYS, -1, -1)]
    expected = opened_by_the_core(ground.topics, happened, days)
    assert ground.opened() == expected, "the same as if it had never been down, looking each day"
    assert set(expected.values()) <= stopped(happened, end)
    assert len(set(expected.values())) > CUSTOMERS // 10
    ground.judge()


@pytest.mark.parametrize("ground", [{"HOLDFAST_CUT__MAX_RECORDS": "400"}], indirect=True, ids=["wall clock"])
def test_a_backlog_cut_after_cut_moves_no_time_before_all_of_it_is_read(ground: Ground) -> None:
    end = int(time.time() * 1000)
    happened = story(end)
    ground.send(happened)  # to the web's topic, and at its beginning a little to account: that is read soon
    ground.worker.start().wait_ready()
    wait_until(lambda: ground.applied() > len(happened) // 10, "some of it is applied")
    ground.worker.kill()
    ground.worker.start().wait_ready()
    ground.wait_done(end)
    assert ground.worker.stop() == 0

    expected = opened_by_the_core(ground.topics, happened, [end])
    assert ground.opened() == expected
    assert set(expected.values()) <= stopped(happened, end)
    assert len(set(expected.values())) > CUSTOMERS // 10
    assert ground.cuts() > len(happened) // 400, "it took many cuts"
    ground.judge()
