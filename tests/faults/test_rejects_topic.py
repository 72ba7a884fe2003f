"""F26: the topic of the dead letters takes nothing: nothing is dropped, and all goes on later."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourceType,
)

from agents.errors import ExitCode
from devkit.broker import KafkaCluster, RealKafka
from tests.support.faults import PRODUCTION, Bed, Row
from tests.support.topics import each, read_topic
from tests.support.worker import wait_until

from .conftest import MakeBed

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


def admin(bed: Bed) -> AdminClient:
    return AdminClient({"bootstrap.servers": bed.bootstrap, "log_level": 0})


def largest(bed: Bed, size: int) -> None:
    """Let the rejects topic take batches up to so many bytes."""
    entry = ConfigEntry("max.message.bytes", str(size), incremental_operation=AlterConfigOpType.SET)
    topic = ConfigResource(ResourceType.TOPIC, bed.topics.rejects.name, incremental_configs=[entry])
    client = admin(bed)  # kept until all have answered: its end would cancel them
    for answer in client.incremental_alter_configs([topic]).values():
        answer.result()


@pytest.mark.fault("F26", "refuses")
@pytest.mark.quick
@pytest.mark.timeout(600)
def test_f26_a_rejects_topic_that_refuses_records_stops_the_line_until_it_takes_them(
    bed: Bed, row: Row
) -> None:
    row.schedule = (
        "the rejects topic refuses every batch until the workers have ended; 3 % of the records are bad"
    )
    bed.start(2)
    load = bed.load(bad=0.0).start()
    bed.wait(bed.applied(300), "events are applied")
    row.inject("the rejects topic takes 100 bytes")
    largest(bed, 100)
    load.bad = 0.03
    for worker in bed.workers:
        assert bed.expect_end(worker) == ExitCode.CONFIGURATION
        assert f"topic {bed.topics.rejects.name} refuses a batch" in worker.said
    bed.pass_time(1)
    assert bed.lag(), "nothing goes on past a dead letter that was not taken"
    row.inject("it takes 2 MB again")
    largest(bed, 2_000_000)
    for worker in bed.workers:
        bed.again(worker)
    bed.recover()
    verdict = bed.finish()
    assert verdict.rejects == load.bad_sent > 0


@pytest.mark.fault("F26", "errors")
@pytest.mark.timeout(600)
def test_f26_a_rejects_topic_whose_broker_is_away_holds_the_line_until_it_is_back(
    cluster: KafkaCluster, make_bed: MakeBed, row: Row
) -> None:
    row.bed = "3 × Kafka"
    row.schedule = "the only broker of the rejects topic is frozen for 15 s; 3 % of the records are bad"
    bed = make_bed(cluster)
    keep_on_one_broker(bed, ALONE)
    bed.start(2, settings=PRODUCTION)
    load = bed.load(bad=0.0).start()
    bed.wait(bed.applied(300), "events are applied")
    row.inject(f"freeze broker {ALONE}")
    cluster.brokers[ALONE].freeze()
    load.bad = 0.03
    bed.pass_time(15)
    bed.wait(lambda: bed.lag() > load.rate * 3, "nothing goes on past a dead letter that was not taken")
    row.inject("thaw it")
    cluster.brokers[ALONE].thaw()
    bed.recover()
    verdict = bed.finish()
    row.notes.append(f"{bed.restarts} restarts of workers")
    assert verdict.rejects == load.bad_sent > 0


ALONE = 3


def keep_on_one_broker(bed: Bed, broker: int) -> None:
    """Make the rejects topic anew, without copies."""
    topic, client = bed.topics.rejects, admin(bed)
    client.delete_topics([topic.name])[topic.name].result()
    places = [[broker]] * topic.partitions
    config = {**topic.config, "min.insync.replicas": "1"}
    new = NewTopic(topic.name, topic.partitions, replica_assignment=places, config=config)

    def make() -> None:
        client.create_topics([new])[topic.name].result()

    wait_until(lambda: attempt(make), "it is made anew")


def attempt(work: Callable[[], object]) -> bool:
    """Whether Kafka did it; it forgets a deleted topic a moment after it has said so."""
    with suppress(KafkaException):
        work()
        return True
    return False


@pytest.mark.fault("F26", "deleted")
@pytest.mark.timeout(600)
def test_f26_a_rejects_topic_that_was_deleted_is_refused_until_it_is_made_again(
    own_kafka: RealKafka, make_bed: MakeBed, row: Row
) -> None:
    row.schedule = "the rejects topic is deleted under load, and made again after the workers have refused"
    bed = make_bed(own_kafka)
    bed.start(2, settings={"HOLDFAST_WATCHDOG": "12s"})
    load = bed.load(bad=0.0).start()
    bed.wait(bed.applied(300), "events are applied")
    row.inject("delete the rejects topic")
    topic = bed.topics.rejects
    client = admin(bed)
    client.delete_topics([topic.name])[topic.name].result()
    load.bad = 0.03
    for worker in bed.workers:
        code = bed.expect_end(worker, 90)
        assert code in (ExitCode.INFRASTRUCTURE, ExitCode.CONFIGURATION)
        worker.start()
        assert worker.wait_end(60) == ExitCode.CONFIGURATION
        assert topic.name in worker.said
    row.inject("make it again")
    wait_until(
        lambda: attempt(lambda: own_kafka.create_topic(topic.name, topic.partitions, topic.config)),
        "the topic can be made",
    )
    for worker in bed.workers:
        bed.again(worker)
    bed.recover()
    verdict = bed.finish()
    assert verdict.rejects == load.bad_sent > 0
    assert len(list(each(read_topic(bed.bootstrap, topic.name, bed.partitions)))) >= load.bad_sent
