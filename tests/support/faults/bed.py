"""One bed of the suite: topics of their own on a broker, workers on them, a load, and what is done to them.

A worker that ends with 70 is started again, as a supervisor does (docs/operating.md); any other end that the
test did not ask for is a failure. Everything that is measured here is measured on the topics.
"""

import itertools
import os
import time
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from confluent_kafka import KafkaException, TopicPartition

from agents.lane.core import CoreFactory
from devkit.broker import EmbeddedBroker, KafkaCluster, RealKafka, records
from streams.tables import app_id
from streams.timeline import Partition
from streams.wire.control import ControlRecord, Cut, decode_control, encode
from tests.support.judging import Held, Verdict, whole
from tests.support.oracle import judge
from tests.support.topics import Load, each, make_topics, read_topic
from tests.support.toy_core import ToyPartition
from tests.support.worker import PATIENCE, TOY, Worker

from .load import ShopLoad, send_all, shop_producer
from .plan import Dice
from .results import Row
from .rules import policy_fact

PARTITIONS: Final = 4
PRODUCT: Final = "agents.worker"
RESTART: Final = 70
PRODUCTION: Final[Mapping[str, str]] = {
    "HOLDFAST_KAFKA__SESSION_TIMEOUT": "12s",
    "HOLDFAST_KAFKA__HEARTBEAT_INTERVAL": "3s",
    "HOLDFAST_KAFKA__REBALANCE_TIMEOUT": "30s",
    "HOLDFAST_KAFKA__REQUEST_TIMEOUT": "40s",
}
"""The defaults of the product, where its patience is what is tried; else partitions shall move sooner."""
_names = itertools.count()


class Bed:
    """Topics of their own, workers, load and oracle.

    Args:
        broker: Where the topics are made.
        folder: Where workers may keep files.
        row: What the test notes about itself.
        dice: All randomness.
        toy: Whether the workers run the toy core, which sees every misplaced record, or the product's.
        partitions: Of each topic.
    """

    def __init__(
        self,
        broker: RealKafka | KafkaCluster | EmbeddedBroker,
        folder: Path,
        row: Row,
        dice: Dice,
        *,
        toy: bool = False,
        partitions: int = PARTITIONS,
    ) -> None:
        self.bootstrap = broker.bootstrap
        self.row, self.dice = row, dice
        self.partitions = partitions
        self.topics = make_topics(broker, f"fault{os.getpid()}-{next(_names)}", partitions)
        self.group = app_id(self.topics.prefix)
        self.workers: list[Worker] = []
        self.restarts = 0
        self._toy = toy
        self._folder = folder
        self._away: set[Worker] = set()
        self._loads: list[ShopLoad | Load] = []
        self._producer = shop_producer(self.bootstrap)
        self._reader = records.open_reader(self.bootstrap, self.group)
        if not toy:
            self.publish(policy_fact())

    # -- workers

    def worker(
        self, settings: Mapping[str, str] | None = None, *, static: bool = True, module: str = ""
    ) -> Worker:
        """Start one more worker; `module` is where Faust finds it, if it is not the usual one."""
        number = len(self.workers)
        named = {"HOLDFAST_KAFKA__INSTANCE_ID": f"w{number}"} if static else {}
        worker = self._make(number, {**named, **(settings or {})}, module)
        self.workers.append(worker)
        return worker.start()

    def _make(self, number: int, settings: Mapping[str, str], module: str) -> Worker:
        usual = TOY if self._toy else PRODUCT
        folder = self._folder / str(number)
        return Worker(self.bootstrap, self.topics.prefix, self.partitions, folder, module or usual, settings)

    def start(
        self,
        count: int = 2,
        *,
        static: bool = True,
        settings: Mapping[str, str] | None = None,
        module: str = "",
    ) -> None:
        """Start so many workers, and wait until they share the partitions."""
        for _ in range(count):
            self.worker(settings, static=static, module=module)
        self.wait(self.shared, f"{count} workers share the partitions")

    def replace(self, worker: Worker, module: str = "") -> Worker:
        """Start another release in the place of a worker that ended, under its settings."""
        number = self.number(worker)
        self.row.inject(f"start {module or 'this release'} in the place of worker {number}")
        settings = {name: value for name, value in worker.env.items() if name.startswith("HOLDFAST_")}
        self._away.discard(worker)
        self.workers[number] = self._make(number, settings, module)
        return self.workers[number].start()

    @property
    def running(self) -> list[Worker]:
        """The workers that are there and not frozen."""
        return [worker for worker in self.workers if worker.running and worker not in self._away]

    def shared(self) -> bool:
        """Whether every worker is ready and has its share, and all partitions have an owner."""
        here = self.running
        owned = [len(worker.partitions()) for worker in here if worker.is_ready()]
        fair = self.partitions // max(len(here), 1)
        return len(owned) == len(here) > 0 and sum(owned) == self.partitions and min(owned) >= fair

    def number(self, worker: Worker) -> int:
        """What the log of the test calls it."""
        return self.workers.index(worker)

    def kill(self, worker: Worker) -> None:
        """SIGKILL."""
        self.row.inject(f"SIGKILL worker {self.number(worker)}")
        self._away.add(worker)
        worker.kill()

    def again(self, worker: Worker) -> None:
        """Start a worker that was killed or stopped."""
        self.row.inject(f"start worker {self.number(worker)}")
        self._away.discard(worker)
        worker.start()

    def stop(self, worker: Worker) -> float:
        """SIGTERM, which must end it with 0; returns the seconds that took."""
        self.row.inject(f"SIGTERM worker {self.number(worker)}")
        self._away.add(worker)
        began = time.monotonic()
        code = worker.stop()
        assert code == 0, f"ended with {code}:\n{worker.said[-4000:]}"
        return time.monotonic() - began

    def freeze(self, worker: Worker) -> None:
        """SIGSTOP."""
        self.row.inject(f"SIGSTOP worker {self.number(worker)}")
        self._away.add(worker)
        worker.child.freeze()

    def thaw(self, worker: Worker) -> None:
        """SIGCONT."""
        self.row.inject(f"SIGCONT worker {self.number(worker)}")
        worker.child.thaw()
        self._away.discard(worker)

    def expect_end(self, worker: Worker, seconds: float = PATIENCE) -> int:
        """Wait for a worker to end by itself; returns its exit code."""
        self._away.add(worker)
        return worker.wait_end(seconds)

    def tend(self) -> None:
        """Start what ended with 70 again, as a supervisor does."""
        for worker in self.workers:
            if worker in self._away or worker.running:
                continue
            code = worker.wait_end(0)
            if code != RESTART:
                raise AssertionError(
                    f"worker {self.number(worker)} ended with {code}:\n{worker.said[-6000:]}"
                )
            self.row.inject(f"worker {self.number(worker)} ended with 70, is started again")
            self.restarts += 1
            worker.start()

    def wait(self, condition: Callable[[], object], what: str, seconds: float = PATIENCE) -> float:
        """Tend the workers until a condition holds; returns the seconds that took."""
        began = time.monotonic()
        while True:
            self.tend()
            if self._holds(condition):
                return time.monotonic() - began
            if time.monotonic() > began + seconds:
                raise AssertionError(f"not within {seconds} s: {what}\n{self.story()}")
            time.sleep(0.05)

    def _holds(self, condition: Callable[[], object]) -> object:
        """Whether it holds; a broker that does not answer holds nothing, and is asked anew."""
        try:
            return condition()
        except KafkaException:  # librdkafka would take its time to ask for leaders again
            self._reader.close()
            self._reader = records.open_reader(self.bootstrap, self.group)
            return False

    def pass_time(self, seconds: float) -> None:
        """Let the load go on for a while: the length of it is what is tried."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.tend()
            time.sleep(min(0.1, max(0.0, until - time.monotonic())))

    # -- what stands on the topics

    def publish(self, record: ControlRecord, partitions: Sequence[int] | None = None) -> None:
        """Put a record on control."""
        name, value, key = self.topics.control.name, encode(record), record.kind.encode()
        places = range(self.partitions) if partitions is None else partitions
        send_all(self._producer, [(name, p, key, value) for p in places])

    def ends(self) -> dict[tuple[str, int], int]:
        """Where the inputs end now."""
        return {
            (topic.name, p): end
            for topic in self.topics.inputs
            for p, end in records.ends(self._reader, topic.name, self.partitions).items()
        }

    def committed(self) -> dict[tuple[str, int], int]:
        """What the workers have committed of the inputs."""
        asked = [TopicPartition(t.name, p) for t in self.topics.inputs for p in range(self.partitions)]
        return {
            (at.topic, at.partition): max(at.offset, 0)
            for at in self._reader.committed(asked, timeout=records.ANSWER_SECONDS)
        }

    def lag(self) -> int:
        """Records on the inputs that are not committed."""
        done = self.committed()
        return sum(end - done[place] for place, end in self.ends().items())

    def applied(self, count: int) -> Callable[[], bool]:
        """A condition: so many more records are committed than now."""
        before = sum(self.committed().values())
        return lambda: sum(self.committed().values()) >= before + count

    def recover(self, seconds: float = PATIENCE, began: float | None = None) -> float:
        """Wait until all that stands on the inputs now is committed; notes the seconds since the fault ended.

        Args:
            seconds: How long to wait.
            began: When the fault ended, by the monotonic clock; now.
        """
        began = time.monotonic() if began is None else began
        marks: dict[tuple[str, int], int] = {}

        def brokers_answer() -> bool:
            marks.update(self.ends())
            return True

        self.wait(brokers_answer, "the brokers answer", seconds)
        self.wait(lambda: _reached(self.committed(), marks), "what stood there is committed", seconds)
        took = time.monotonic() - began
        self.row.recovery.append(took)
        return took

    def cuts(self) -> list[tuple[int, int, int, Cut]]:
        """Every cut on control: partition, offset, timestamp (ms), cut."""
        found = each(read_topic(self.bootstrap, self.topics.control.name, self.partitions))
        decoded = [(r.partition, r.offset, r.timestamp, decode_control(r.value)) for r in found]
        return [(p, offset, at, cut) for p, offset, at, cut in decoded if isinstance(cut, Cut)]

    def stalls(self, begin: float, end: float) -> dict[int, float]:
        """The longest time without a cut on each partition between two moments of the wall clock (s)."""
        moments: dict[int, list[float]] = {p: [begin] for p in range(self.partitions)}
        for p, _, at, _ in self.cuts():
            if begin < at / 1000 < end:
                moments[p].append(at / 1000)
        gaps = {p: [*found, end] for p, found in moments.items()}
        return {p: max(after - before for before, after in pairwise(found)) for p, found in gaps.items()}

    def latency(self, begin: float, end: float, share: float = 0.99) -> float:
        """The seconds within which this share of the events between two moments was named by a cut."""
        cuts: dict[int, list[tuple[int, Cut]]] = {p: [] for p in range(self.partitions)}
        for p, _, at, cut in self.cuts():
            cuts[p].append((at, cut))
        waits = []
        for topic in self.topics.inputs:
            for record in each(read_topic(self.bootstrap, topic.name, self.partitions)):
                if begin < record.timestamp / 1000 < end:
                    place = bisect_right(
                        cuts[record.partition], record.offset, key=partial(_end_of, topic.name)
                    )
                    waits.append(cuts[record.partition][place][0] - record.timestamp)
        return sorted(waits)[int(share * (len(waits) - 1))] / 1000

    def claims(self, worker: Worker) -> int:
        """How often a worker has taken partitions over."""
        return worker.output().count("partitions claimed")

    # -- load

    def load(self, rate: int = 300, **settings: Any) -> ShopLoad:  # noqa: ANN401 - those of ShopLoad
        """A load of the product's events; the caller starts it."""
        load = ShopLoad(self.bootstrap, self.topics, self.dice.random(), rate, **settings)
        self._loads.append(load)
        return load

    def toy_load(self, rate: int = 300) -> Load:
        """A load of the toy's events; the caller starts it."""
        load = Load(self.bootstrap, self.topics, rate, seed=self.dice.below(2**31))
        self._loads.append(load)
        return load

    # -- the end

    def settle(self, seconds: float = PATIENCE) -> None:
        """Stop the load, and wait until all is committed (I7)."""
        for load in self._loads:
            load.stop()
        self.wait(lambda: self.lag() == 0, "everything is committed", seconds)

    def finish(self, seconds: float = PATIENCE, held: Held = whole) -> Verdict:
        """Stop the load, wait until all is committed, end the workers with 0, and have the oracle judge."""
        self.settle(seconds)
        for worker in self.running:
            self.stop(worker)
        return self.judge(held)

    def judge(self, held: Held = whole) -> Verdict:
        """The oracle on what stands on the topics; raises unless everything is as it must be."""
        verdict = judge(self.bootstrap, self.topics, self.core(), held)
        self.row.verdicts.append(verdict)
        print(verdict.summary())  # noqa: T201 - pytest shows it for a failed test
        verdict.require_equal()
        return verdict

    def core(self) -> CoreFactory:
        """What the workers run."""
        kind = ToyPartition if self._toy else Partition
        return partial(kind, catalogue=self.topics)

    def story(self) -> str:
        """What was injected, and the end of what each worker said."""
        said = [f"worker {n}:\n{worker.output()[-3000:]}" for n, worker in enumerate(self.workers)]
        return "\n".join([*self.row.log, *said])

    def close(self) -> None:
        """End everything."""
        for load in self._loads:
            load._stop.set()
        for worker in self.workers:
            worker.close()
        with suppress(KafkaException):
            self._reader.close()


def _end_of(topic: str, cut: tuple[int, Cut]) -> int:
    return cut[1].ends[topic]


def _reached(committed: Mapping[tuple[str, int], int], marks: Mapping[tuple[str, int], int]) -> bool:
    return all(committed[place] >= mark for place, mark in marks.items())
