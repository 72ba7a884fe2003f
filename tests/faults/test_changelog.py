"""F16: what happens to the changelog, and to whoever reads it back."""

from collections.abc import Mapping

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

from agents.errors import ExitCode
from devkit.broker import QUICK_COMPACTION, EmbeddedBroker
from tests.support.faults import Bed, Dice, Row, Scale
from tests.support.faults.changelog import filled, inflate
from tests.support.topics import ends, read_topic

from .conftest import MakeBed

pytestmark = [pytest.mark.slow]


def configure(bed: Bed, config: Mapping[str, str]) -> None:
    """Change the changelog's settings."""
    admin = AdminClient({"bootstrap.servers": bed.bootstrap, "log_level": 0})
    entries = [
        ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
        for name, value in config.items()
    ]
    wanted = ConfigResource(ResourceType.TOPIC, bed.topics.changelog.name, incremental_configs=entries)
    admin.incremental_alter_configs([wanted])[wanted].result()


@pytest.mark.fault("F16", "long")
@pytest.mark.kafka
@pytest.mark.timeout(600)
def test_f16_a_worker_is_killed_twice_while_it_reads_a_long_changelog(
    toy_bed: Bed, dice: Dice, row: Row, scale: Scale
) -> None:
    bed, count = toy_bed, scale.pick(100_000, 1_000_000)
    row.schedule = f"toy; {count:,} records to be read back, 2 × SIGKILL meanwhile"
    filled(bed)
    inflate(bed, count)
    bed.toy_load().start()
    (worker,) = bed.workers
    for _ in range(2):
        bed.again(worker)
        bed.wait(lambda: "partitions claimed" in worker.child.output(2_000_000), "recovery begins")
        bed.pass_time(dice.between(0, 0.5))
        assert "partitions recovered" not in worker.child.output(2_000_000), "it was too late to kill it"
        assert not worker.is_ready(), "ready with a part of the state"
        bed.kill(worker)
    bed.again(worker)
    took = bed.wait(worker.is_ready, "ready")
    row.notes.append(f"ready after {took:.1f} s")
    assert '"records": ' in worker.child.output(2_000_000), "how much was read is in the log"
    bed.recover()
    bed.finish()


@pytest.mark.fault("F16", "compacted")
@pytest.mark.kafka
@pytest.mark.timeout(600)
def test_f16_a_worker_reads_a_compacted_changelog(toy_bed: Bed, dice: Dice, row: Row, scale: Scale) -> None:
    bed, kills = toy_bed, scale.pick(2, 4)
    row.schedule = f"toy; the changelog is compacted all the time, {kills} × SIGKILL"
    configure(bed, QUICK_COMPACTION)
    bed.start(1)
    bed.toy_load().start()
    (worker,) = bed.workers
    for _ in range(kills):
        bed.pass_time(dice.between(3, 6))
        bed.kill(worker)
        bed.again(worker)
        bed.recover()
    bed.wait(lambda: cleaned(bed) > 0, "the cleaner has removed records")
    bed.kill(worker)
    bed.again(worker)
    bed.recover()
    bed.finish()
    row.notes.append(f"{cleaned(bed):,} records compacted away")


def cleaned(bed: Bed) -> int:
    """Records of the changelog that are no longer there."""
    name = bed.topics.changelog.name
    there = read_topic(bed.bootstrap, name, bed.partitions)
    return sum(end - len(there[p]) for p, end in ends(bed.bootstrap, name, bed.partitions).items())


@pytest.mark.fault("F16", "truncated")
@pytest.mark.kafka
@pytest.mark.timeout(600)
def test_f16_a_changelog_that_lost_its_beginning_is_refused(toy_bed: Bed, row: Row) -> None:
    bed = toy_bed
    row.schedule = "toy; the first half of the changelog is deleted"
    filled(bed)
    bed.judge()
    name = bed.topics.changelog.name
    half = [TopicPartition(name, p, end // 2) for p, end in ends(bed.bootstrap, name, bed.partitions).items()]
    admin = AdminClient({"bootstrap.servers": bed.bootstrap, "log_level": 0})
    configure(bed, {"cleanup.policy": "compact,delete"})  # else Kafka deletes nothing on demand
    for answer in admin.delete_records(half).values():
        answer.result()
    configure(bed, {"cleanup.policy": "compact"})
    refuses(bed)


@pytest.mark.fault("F16", "trimmed")
@pytest.mark.timeout(600)
def test_f16_a_changelog_that_was_trimmed_by_the_broker_is_refused(
    embedded: EmbeddedBroker, make_bed: MakeBed, row: Row
) -> None:
    row.bed, row.schedule = "embedded", "toy; the broker drops what is above 5 MB of the changelog"
    bed = make_bed(embedded, toy=True)
    filled(bed)
    inflate(bed, 400_000)
    refuses(bed)


def refuses(bed: Bed) -> None:
    """A worker says what is lost and ends, and is never ready with what is left."""
    (worker,) = bed.workers
    bed.again(worker)
    assert bed.expect_end(worker) == ExitCode.DATA_LOSS
    assert bed.topics.changelog.name in worker.said
    assert worker.said.count("partitions recovered") == 1, "that of the first start alone"
