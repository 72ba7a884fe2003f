"""F6, F7: one broker of three is away, leader or coordinator; all are slow and answer with errors."""

import pytest

from devkit.broker import EmbeddedBroker, KafkaCluster
from tests.support.faults import PRODUCTION, Bed, Dice, Row, Scale

from .conftest import MakeBed

pytestmark = [pytest.mark.slow]


@pytest.mark.fault("F6")
@pytest.mark.timeout(600)
def test_f6_one_of_three_brokers_is_away_again_and_again(
    cluster: KafkaCluster, make_bed: MakeBed, dice: Dice, row: Row, scale: Scale
) -> None:
    bounces = scale.pick(2, 5)
    row.bed, row.schedule = (
        "3 × Kafka",
        f"{bounces} × leader or coordinator stopped, killed or frozen for 2 to 8 s",
    )
    bed = make_bed(cluster)
    bed.start(2, settings=PRODUCTION)
    bed.load().start()
    bed.wait(bed.applied(300), "events are applied")
    for number in range(bounces):
        victim, what = who_is_next(bed, cluster, dice, number)
        broker = cluster.brokers[victim]
        how = dice.choose(["stop", "kill", "freeze"])
        row.inject(f"{how} broker {victim}, {what}")
        getattr(broker, how)()
        bed.pass_time(dice.between(2, 8))
        broker.thaw() if how == "freeze" else broker.start()
        row.inject(f"broker {victim} is back")
        bed.recover()
    verdict = bed.finish()
    row.notes.append(f"{bed.restarts} restarts of workers")
    assert not bed.restarts, "no restart is needed"
    assert verdict.effects


def who_is_next(bed: Bed, cluster: KafkaCluster, dice: Dice, number: int) -> tuple[int, str]:
    """A broker, and why it."""
    if number % 2:
        return cluster.coordinator(bed.group), "the coordinator"
    partition = dice.below(bed.partitions)
    topic = dice.choose([bed.topics.control, bed.topics.changelog, *bed.topics.inputs]).name
    return cluster.leader(topic, partition), f"leader of {topic.split('.', 1)[-1]} {partition}"


PRODUCE, FETCH, COMMIT, HEARTBEAT = 0, 1, 8, 12
RETRIABLE = {PRODUCE: (7, 19), FETCH: (6,), COMMIT: (14, 16), HEARTBEAT: (15, 16)}
"""Request → Kafka's numbers of errors after which a client tries again."""
ONE_IN = 20


@pytest.mark.fault("F7")
@pytest.mark.timeout(600)
def test_f7_a_slow_broker_with_errors_costs_time_and_nothing_else(
    embedded: EmbeddedBroker, make_bed: MakeBed, dice: Dice, row: Row, scale: Scale
) -> None:
    seconds = scale.pick(15, 40)
    row.bed, row.schedule = "embedded", f"500 ms for each answer, 5 % errors on four requests, {seconds} s"
    bed = make_bed(embedded)
    bed.start(2)
    bed.load().start()
    bed.wait(bed.applied(300), "events are applied")
    before = [bed.claims(worker) for worker in bed.workers]
    row.inject("round trip 500 ms, 5 % errors")
    embedded.set_rtt(500)
    for _ in range(seconds):
        bed.pass_time(1)
        for api, codes in RETRIABLE.items():
            errors = [0] * (ONE_IN - 1) + [dice.choose(codes)]
            embedded.push_request_errors(api, dice.shuffled(errors))
    row.inject("fast again")
    embedded.set_rtt(0)
    bed.recover()
    claims = [bed.claims(worker) - count for worker, count in zip(bed.workers, before, strict=True)]
    row.notes.append(f"{max(claims)} rebalances, {bed.restarts} restarts")
    bed.finish()
    assert max(claims) <= 1, "at most one rebalance a minute"
