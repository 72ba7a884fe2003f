"""F8, F9: what producers do: they send twice, and they send what cannot be used."""

import time

import pytest

from agents.errors import ExitCode
from streams.wire.partition import partition_of
from tests.support.bad_input import CUSTOMER, KEY, as_bytes, corpus, good
from tests.support.faults import PARTITIONS, Bed, Dice, Row, Scale
from tests.support.faults.load import BAD, Poison, ShopLoad
from tests.support.faults.rules import policy_fact
from tests.support.worker import Worker, wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


@pytest.mark.fault("F8")
@pytest.mark.quick
@pytest.mark.timeout(600)
def test_f8_events_that_are_sent_again_count_once(bed: Bed, dice: Dice, row: Row, scale: Scale) -> None:
    seconds = scale.pick(4.0, 15.0)
    row.schedule = (
        "30 % of the records are repeats, and the first 200 come again after a SIGKILL of each worker"
    )
    bed.start(2)
    load = bed.load(twice=0.3, bad=0.0)
    load.start()
    for worker in dice.shuffled(bed.workers):
        bed.pass_time(seconds)
        bed.kill(worker)
        bed.again(worker)
        bed.recover()
    load.repeat_the_first()
    verdict = bed.finish()
    row.notes.append(f"{load.twice_sent:,} repeats of events that count")
    assert verdict.total("duplicate") == load.twice_sent > 100
    assert verdict.total("accepted") == load.sent - load.twice_sent


def poisons() -> list[Poison]:
    """The corpus, and what lies on a partition that is not its key's."""
    stranger = b"c-stranger"
    elsewhere = (partition_of(stranger, PARTITIONS) + 1) % PARTITIONS
    return [
        *(Poison(bad.topic, bad.key, bad.value) for bad in corpus()),
        Poison("web", stranger, as_bytes(good(customer_id=stranger.decode())), elsewhere),
    ]


@pytest.mark.fault("F9")
@pytest.mark.quick
@pytest.mark.timeout(600)
def test_f9_a_tenth_of_the_records_is_poison(bed: Bed, dice: Dice, row: Row, scale: Scale) -> None:
    kills, every = scale.pick(1, 4), poisons()
    row.schedule = f"10 % poison of {len(every)} sorts, {kills} × SIGKILL; then the brake at 5 %"
    bed.publish(policy_fact(share=0.9, run=LONG_RUN))
    bed.start(2)
    load = bed.load(bad=0.0, poison=dice.shuffled(every)).start()
    bed.pass_time(1)
    pairs = [latencies(bed, load)]
    while not cheap(*pairs[-1]) and len(pairs) < PAIRS:
        pairs.append(latencies(bed, load))
    usual, slow = pairs[-1]
    row.notes.append(f"p99 until a cut {1000 * usual:.0f} ms, with poison {1000 * slow:.0f} ms")
    assert cheap(usual, slow), pairs
    for _ in range(kills):
        bed.pass_time(dice.between(2, 4))
        victim = dice.choose(bed.running)
        bed.kill(victim)
        bed.again(victim)
        bed.recover()
    assert not bed.restarts, "no crash"
    load.pause()
    bed.recover()
    stopped = trip_the_brake(bed, load)
    bed.publish(policy_fact(share=0.9, run=LONG_RUN))
    bed.again(stopped)
    bed.recover()
    load.resume()
    bed.pass_time(1)
    verdict = bed.finish()
    assert verdict.rejects == verdict.total("rejected") == load.bad_sent >= len(every)


LONG_RUN = 10_000
NOISE = 0.25
"""Seconds that a crowded machine may add."""
PAIRS = 4
"""So often it is tried: a crowded machine makes one moment slow, poison would make each slow."""


def latencies(bed: Bed, load: ShopLoad) -> tuple[float, float]:
    """The p99 until a cut, without poison and with it; the load is poisoned from then on."""
    load.bad = 0.0
    calm, poisoned = window(bed, 3), window(bed, 3, load)
    bed.recover()
    return bed.latency(*calm), bed.latency(*poisoned)


def cheap(usual: float, slow: float) -> bool:
    """Whether poison costs the others little time."""
    return slow < 2 * usual + NOISE


def window(bed: Bed, seconds: float, load: ShopLoad | None = None) -> tuple[float, float]:
    """Let some time pass, poisoned if a load is given; returns its begin and end."""
    begin = time.time()
    if load is not None:
        load.bad = 0.1
        load.every_poison()
    bed.pass_time(seconds)
    return begin, time.time()


def trip_the_brake(bed: Bed, load: ShopLoad) -> Worker:
    """Put more than the default share on one partition; returns the worker that stopped and said so."""
    bed.publish(policy_fact(share=0.05, run=LONG_RUN))
    bed.row.inject("6 % poison on one partition, over a limit of 5 %")
    for _ in range(1_000):
        load.event(int(CUSTOMER[2:]), "web.visited")
    for number in range(60):
        load.spoil(Poison("web", KEY, BAD + b"%d" % number))
    wait_until(lambda: len(bed.running) < len(bed.workers), "a worker stops")
    (stopped,) = (worker for worker in bed.workers if not worker.running)
    assert bed.expect_end(stopped) == ExitCode.DATA_LOSS
    assert "of the last 1,000 records could not be used (the policy's limit: 50)" in stopped.said
    return stopped
