"""The lane on the embedded broker: no Java, no Maven, the same promises as far as that broker goes."""

import subprocess
from pathlib import Path

import pytest

from devkit.broker import EmbeddedBroker
from streams.tables import app_id
from tests.support.oracle import judge
from tests.support.topics import Load, make_topics, settled
from tests.support.toy_core import ToyPartition
from tests.support.worker import FAUST, ROOT, Worker, wait_until

pytestmark = [pytest.mark.slow]

PARTITIONS = 2


def test_a_killed_worker_loses_and_repeats_nothing(embedded: EmbeddedBroker, tmp_path: Path) -> None:
    topics = make_topics(embedded, "embedded", PARTITIONS)
    worker = Worker(embedded.bootstrap, topics.prefix, PARTITIONS, tmp_path)
    load = Load(embedded.bootstrap, topics, rate=500)
    try:
        worker.start().wait_ready()
        load.start()
        wait_until(lambda: _applied(worker) > 1_000, "events are applied")
        worker.kill()
        worker.start().wait_ready()
        load.stop()
        wait_until(settled(embedded.bootstrap, topics, app_id(topics.prefix)), "all is committed")
        assert worker.stop() == 0
    finally:
        worker.close()
    judge(embedded.bootstrap, topics, lambda p: ToyPartition(p, topics)).require_equal()


def _applied(worker: Worker) -> int:
    return sum(entry["applied"] for part in worker.partitions() for entry in part["inputs"])


@pytest.mark.parametrize(
    ("command", "named"),
    [
        ("agents", ["@holdfast.detect", "holdfast.events.app.v1", "holdfast.control.v1"]),
        ("tables", ["customers"]),
    ],
)
def test_faust_knows_the_agent_its_topics_and_the_table(command: str, named: list[str]) -> None:
    said = subprocess.run(
        [FAUST, "-A", "agents.worker", command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    for name in named:
        assert name in said.stdout
