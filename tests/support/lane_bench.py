"""The bench of the lane's tests: topics of their own on a real Kafka, workers on them, and the oracle."""

from collections.abc import Callable, Mapping
from pathlib import Path

from devkit.broker import RealKafka
from streams.tables import app_id
from streams.wire.control import ControlRecord, Cut, decode_control, encode

from .oracle import Verdict, judge
from .topics import Load, make_topics, producer, read_topic, settled
from .toy_core import ToyPartition
from .worker import PATIENCE, Worker, wait_until

PARTITIONS = 4
STATIC = {"HOLDFAST_KAFKA__INSTANCE_ID": "one"}
EXTERNAL = {**STATIC, "HOLDFAST_CLOCK": "external"}
NO_LEASE = {"TOY_LEASE": "off"}


class Bench:
    """Topics of their own, workers on them, and the oracle."""

    def __init__(self, kafka: RealKafka, folder: Path, prefix: str, partitions: int = PARTITIONS) -> None:
        self.bootstrap = kafka.bootstrap
        self.partitions = partitions
        self.topics = make_topics(kafka, prefix, partitions)
        self.group = app_id(prefix)
        self._folder = folder
        self._producer = producer(kafka.bootstrap)
        self.workers: list[Worker] = []

    def worker(self, settings: Mapping[str, str] | None = None) -> Worker:
        folder = self._folder / str(len(self.workers))
        worker = Worker(self.bootstrap, self.topics.prefix, self.partitions, folder, settings=settings)
        self.workers.append(worker)
        return worker.start()

    def load(self, rate: int = 1_000, seed: int = 1) -> Load:
        return Load(self.bootstrap, self.topics, rate, seed=seed)

    def control(self, record: ControlRecord, partitions: range | None = None) -> None:
        for p in range(self.partitions) if partitions is None else partitions:
            self._producer.produce(self.topics.control.name, encode(record), record.kind.encode(), p)
        assert self._producer.flush(30) == 0

    def cuts(self) -> list[tuple[int, int, Cut]]:
        """Every cut on control: partition, offset, cut."""
        found = read_topic(self.bootstrap, self.topics.control.name, self.partitions)
        decoded = [
            (r.partition, r.offset, decode_control(r.value)) for records in found.values() for r in records
        ]
        return [(p, offset, cut) for p, offset, cut in decoded if isinstance(cut, Cut)]

    def wait_settled(self, seconds: float = PATIENCE) -> None:
        wait_until(settled(self.bootstrap, self.topics, self.group), "all is committed", seconds)

    def judge(self) -> Verdict:
        verdict = judge(self.bootstrap, self.topics, lambda p: ToyPartition(p, self.topics))
        print(verdict.summary())  # noqa: T201 - pytest shows it for a failed test
        return verdict

    def close(self) -> None:
        for worker in self.workers:
            worker.close()


def applied(worker: Worker) -> int:
    return sum(entry["applied"] for part in worker.partitions() for entry in part["inputs"])


def applies_more(worker: Worker, count: int) -> Callable[[], bool]:
    before = applied(worker)
    return lambda: applied(worker) >= before + count


def owns(worker: Worker, count: int) -> Callable[[], bool]:
    return lambda: worker.is_ready() and len(worker.partitions()) == count
