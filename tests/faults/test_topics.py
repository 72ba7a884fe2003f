"""F15, F17: topics that grow, shrink, vanish and come back, and commits that are forgotten.

With the toy core: what it says depends on every record that it has seen before.
"""

from contextlib import suppress
from dataclasses import replace

import pytest
from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions

from agents.errors import ExitCode
from devkit.broker import RealKafka
from tests.support.faults import Bed, Dice, Row
from tests.support.judging import Partitioned, judge_log
from tests.support.oracle import read_log
from tests.support.topics import Load, ends
from tests.support.worker import Worker, wait_until

from .conftest import MakeBed

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

LOOKS = 30.0
"""Seconds within which a running worker notices that a topic is another one."""


def admin(bed: Bed) -> AdminClient:
    return AdminClient({"bootstrap.servers": bed.bootstrap, "log_level": 0})


def under_load(bed: Bed) -> Load:
    """Two workers at work."""
    bed.start(2)
    load = bed.toy_load().start()
    bed.wait(bed.applied(600), "events are applied")
    return load


def refused(bed: Bed, code: ExitCode, name: str) -> None:
    """Start every worker: each is refused and names the resource."""
    for worker in bed.workers:
        bed.again(worker)
    for worker in bed.workers:
        assert bed.expect_end(worker) == code
        assert name in last_said(worker)


def last_said(worker: Worker) -> str:
    """What it said at its end."""
    return worker.said[-4000:]


def accept(bed: Bed, name: str) -> None:
    """Start every worker with the word that what is gone of this resource is gone."""
    bed.row.inject(f"--accept-data-loss {name}")
    for worker in bed.workers:
        worker.env["TOY_ACCEPT"] = name
        bed.again(worker)
    bed.wait(bed.shared, "the workers go on")


def judge_after_loss(bed: Bed, former: list[Partitioned]) -> None:
    """The oracle, told what stood on the inputs before; of that only what no cut names may be gone."""
    bed.settle()
    for audited in [worker.audited() for worker in bed.running]:
        bed.wait(audited, "the accounts are looked at")
    for worker in bed.running:
        bed.stop(worker)
    log = replace(read_log(bed.bootstrap, bed.topics), former=former)
    verdict = judge_log(log, bed.core())
    bed.row.verdicts.append(verdict)
    verdict.require_equal()
    assert verdict.ledgers == bed.partitions


@pytest.mark.fault("F15")
@pytest.mark.timeout(600)
def test_f15_a_topic_that_gets_more_partitions_stops_the_workers(toy_bed: Bed, dice: Dice, row: Row) -> None:
    bed = toy_bed
    load = under_load(bed)
    topic = dice.choose([*bed.topics.inputs, bed.topics.control]).name
    row.schedule = f"toy; {topic.split('.', 1)[-1]} grows from 4 to 8 partitions under load"
    row.inject(row.schedule)
    client = admin(bed)
    client.create_partitions([NewPartitions(topic, 2 * bed.partitions)])[topic].result()
    for worker in bed.workers:
        assert bed.expect_end(worker, LOOKS) == ExitCode.CONFIGURATION
        assert topic in last_said(worker)
    load.stop()
    refused(bed, ExitCode.CONFIGURATION, topic)
    log = read_log(bed.bootstrap, bed.topics)
    committed = judge_log(log, bed.core())
    everything = dict.fromkeys(range(bed.partitions), 2**60)
    written = judge_log(replace(log, done={**log.done, bed.topics.control.name: everything}), bed.core())
    row.verdicts.append(replace(written, missing=committed.missing))
    row.rows_judged = False  # cuts stand on control that nobody carried out any more
    assert not committed.missing, "what was committed had left"
    assert not written.extra, "nothing was decided but by a cut"
    assert not written.differing


@pytest.mark.fault("F17", "retention")
@pytest.mark.timeout(600)
def test_f17_an_input_whose_records_went_before_they_were_read(toy_bed: Bed, dice: Dice, row: Row) -> None:
    bed = toy_bed
    load = under_load(bed)
    topic = dice.choose(bed.topics.inputs).name
    row.schedule = f"toy; records of {topic.split('.', 1)[-1]} deleted while nobody read"
    for worker in bed.workers:
        bed.kill(worker)
    bed.pass_time(2)
    load.stop()
    former = read_log(bed.bootstrap, bed.topics).inputs
    end = ends(bed.bootstrap, topic, bed.partitions)
    client = admin(bed)
    gone = client.delete_records([TopicPartition(topic, p, offset) for p, offset in end.items()])
    for answer in gone.values():
        answer.result()
    refused(bed, ExitCode.DATA_LOSS, topic)
    accept(bed, topic)
    bed.toy_load().start()
    bed.wait(bed.applied(600), "events are applied")
    judge_after_loss(bed, list(former))


@pytest.mark.fault("F17", "made anew")
@pytest.mark.timeout(600)
def test_f17_an_input_that_is_made_anew_under_load(
    own_kafka: RealKafka, make_bed: MakeBed, dice: Dice, row: Row
) -> None:
    bed = make_bed(own_kafka, toy=True)
    load = under_load(bed)
    topic = dice.choose(bed.topics.inputs)
    row.schedule = f"toy; {topic.short} deleted and made again under load"
    load.stop()
    former = read_log(bed.bootstrap, bed.topics).inputs
    row.inject("delete and create")
    client = admin(bed)
    client.delete_topics([topic.name])[topic.name].result()
    wait_until(lambda: made(own_kafka, topic.name, topic.partitions), "it is made anew")
    for worker in bed.workers:
        code = bed.expect_end(worker, LOOKS)
        assert code in {ExitCode.DATA_LOSS, ExitCode.CONFIGURATION, ExitCode.INFRASTRUCTURE}
    refused(bed, ExitCode.DATA_LOSS, topic.name)
    accept(bed, topic.name)
    bed.toy_load().start()
    bed.wait(bed.applied(600), "events are applied")
    judge_after_loss(bed, list(former))


def made(kafka: RealKafka, name: str, partitions: int) -> bool:
    """Whether the topic could be made; Kafka forgets a deleted one a moment after it has said so."""
    with suppress(KafkaException):
        kafka.create_topic(name, partitions)
        return True
    return False


@pytest.mark.fault("F17", "commits")
@pytest.mark.timeout(600)
def test_f17_a_group_whose_commits_are_forgotten(toy_bed: Bed, row: Row) -> None:
    bed = toy_bed
    row.schedule = "toy; the group's offsets deleted while nobody was in it"
    under_load(bed)
    for worker in bed.workers:
        bed.kill(worker)
    client = admin(bed)
    wait_until(lambda: forgotten(client, bed.group), "the group can be deleted")
    refused(bed, ExitCode.DATA_LOSS, bed.group)
    accept(bed, bed.group)
    bed.recover()
    bed.finish()


def forgotten(client: AdminClient, group: str) -> bool:
    """Whether the group could be deleted; Kafka remembers its members for a session."""
    with suppress(KafkaException):
        client.delete_consumer_groups([group])[group].result()
        return True
    return False
