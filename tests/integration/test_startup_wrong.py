"""Topics that change under a running worker: it ends with the reason, and so does the next start."""

import pytest
from confluent_kafka.admin import AdminClient, NewPartitions

from tests.support.lane_bench import PARTITIONS, STATIC, Bench
from tests.support.topics import customer, producer

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600)]


def admin(bench: Bench) -> AdminClient:
    return AdminClient({"bootstrap.servers": bench.bootstrap, "log_level": 0})


def test_partitions_that_grow_stop_the_worker_and_every_start_after(bench: Bench) -> None:
    """F15: nobody is moved to another partition in silence."""
    web = bench.topics.inputs[1].name
    worker = bench.worker(STATIC).wait_ready()
    client = admin(bench)
    for answer in client.create_partitions([NewPartitions(web, 8)]).values():
        answer.result()
    said = f"{web} has 8 partitions, 4 are wanted"
    assert worker.wait_end() == 64
    assert said in worker.said
    again = bench.worker(STATIC)
    assert again.wait_end() == 64
    assert said in again.said


def test_all_topics_grown_and_the_setting_with_them_are_refused_too(bench: Bench) -> None:
    """The rows would no longer be where their customers' events are."""
    worker = bench.worker(STATIC).wait_ready()
    load = bench.load()
    load.burst(200)
    load.flush()
    bench.wait_settled()
    assert worker.stop() == 0
    client = admin(bench)
    grown = [NewPartitions(topic.name, 8) for topic in bench.topics.all if topic.partitions == PARTITIONS]
    for answer in client.create_partitions(grown).values():
        answer.result()
    again = bench.worker({**STATIC, "HOLDFAST_TOPICS__PARTITIONS": "8"})
    assert again.wait_end() == 64
    assert "was written with 4 partitions, now topics.partitions is 8" in again.said


def test_a_topic_that_is_deleted_ends_the_worker_and_loses_nothing_of_the_others(bench: Bench) -> None:
    worker = bench.worker(STATIC).wait_ready()
    app = bench.topics.inputs[0].name
    client = admin(bench)
    for answer in client.delete_topics([app]).values():
        answer.result()
    sender = producer(bench.bootstrap)
    for number in range(40):
        key, p = customer(number, PARTITIONS)
        sender.produce(bench.topics.inputs[1].name, b"1", key, p)
    assert sender.flush(30) == 0
    assert worker.wait_end(60) == 64
    assert f"topics are missing: {app}" in worker.said
    assert "topics apply" in worker.said
