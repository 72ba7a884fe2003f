"""The lane on a real Kafka: killed, stopped, frozen and doubled workers, judged by an oracle."""

import itertools
import os
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from devkit.broker import RealKafka
from streams.tables import app_id
from tests.support.oracle import Verdict, judge
from tests.support.topics import Load, make_topics, settled
from tests.support.toy_core import ToyPartition
from tests.support.worker import Worker, wait_until

if TYPE_CHECKING:
    from streams.topics import Catalogue

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(150)]

PARTITIONS = 4
_names = itertools.count()


class Bench:
    """Topics of their own, workers on them, and the oracle."""

    def __init__(self, kafka: RealKafka, folder: Path, prefix: str) -> None:
        self.bootstrap = kafka.bootstrap
        self.topics: Catalogue = make_topics(kafka, prefix, PARTITIONS)
        self._folder = folder
        self.workers: list[Worker] = []

    def worker(self, settings: Mapping[str, str] | None = None) -> Worker:
        worker = Worker(
            self.bootstrap,
            self.topics.prefix,
            PARTITIONS,
            self._folder / str(len(self.workers)),
            settings=settings,
        )
        self.workers.append(worker)
        return worker.start()

    def load(self, rate: int = 1_000, seed: int = 1) -> Load:
        return Load(self.bootstrap, self.topics, rate, seed=seed).start()

    def wait_settled(self, seconds: float = 60) -> None:
        wait_until(
            settled(self.bootstrap, self.topics, app_id(self.topics.prefix)), "all is committed", seconds
        )

    def judge(self) -> Verdict:
        verdict = judge(self.bootstrap, self.topics, lambda p: ToyPartition(p, self.topics))
        print(verdict.summary())  # noqa: T201 - pytest shows it for a failed test
        return verdict

    def close(self) -> None:
        for worker in self.workers:
            worker.close()


@pytest.fixture
def bench(kafka: RealKafka, tmp_path: Path) -> Generator[Bench]:
    made = Bench(kafka, tmp_path, f"lane{os.getpid()}-{next(_names)}")
    yield made
    made.close()


def applied(worker: Worker) -> int:
    return sum(entry["applied"] for part in worker.partitions() for entry in part["inputs"])


def applies_more(worker: Worker, than: int) -> Callable[[], bool]:
    return lambda: applied(worker) > than


def test_a_worker_killed_three_times_under_load_loses_and_repeats_nothing(bench: Bench) -> None:
    worker = bench.worker().wait_ready()
    load = bench.load(rate=2_000)
    for _ in range(3):
        wait_until(applies_more(worker, applied(worker) + 1_500), "events are applied")
        worker.kill()
        worker.start().wait_ready()
    wait_until(applies_more(worker, applied(worker) + 1_500), "events are applied")
    load.stop()
    bench.wait_settled()
    assert worker.stop() == 0
    assert worker.exits == [-9, -9, -9, 0]
    verdict = bench.judge()
    verdict.require_equal()
    assert verdict.rejects
    assert len(verdict.epochs) >= 2 * PARTITIONS
