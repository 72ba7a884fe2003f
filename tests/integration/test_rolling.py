"""Stopping and starting workers, one by one and several at once: nothing is lost, nobody waits long."""

import signal
import time
from pathlib import Path

import pytest

from devkit.broker import EmbeddedBroker
from streams.tables import app_id
from tests.support.lane_bench import PARTITIONS, STATIC, Bench, applies_more, owns
from tests.support.oracle import judge
from tests.support.topics import Load, make_topics, settled
from tests.support.toy_core import ToyPartition
from tests.support.worker import Worker, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

# A start on a crowded machine fits into such a session.
PATIENT = {"HOLDFAST_KAFKA__SESSION_TIMEOUT": "40s", "HOLDFAST_KAFKA__REQUEST_TIMEOUT": "50s"}

STOPS_WITHIN = 15.0
AT_ONCE = {"TOY_FAULT_AT_ONCE": "on"}


def stopped_in_time(worker: Worker, how_often: int = 1) -> int:
    """SIGTERM; its exit code, if it ended in time."""
    began = time.monotonic()
    for _ in range(how_often):
        worker.child.signal(signal.SIGTERM)
    worker.child.thaw()
    code = worker.wait_end(30)
    took = time.monotonic() - began
    assert took < STOPS_WITHIN, worker.said[-3000:]
    return code


def test_sigterm_said_twice_ends_an_idle_worker(bench: Bench) -> None:
    worker = bench.worker(STATIC).wait_ready()
    assert stopped_in_time(worker, 2) == 0


@pytest.mark.parametrize("point", ["claim", "recover"])
def test_sigterm_ends_a_worker_that_recovers(bench: Bench, point: str) -> None:
    worker = bench.worker({**STATIC, **AT_ONCE, "TOY_FAULT": f"{point}:stop"})
    wait_until(lambda: worker.stopped, "it is there")
    assert stopped_in_time(worker) == 0


def test_sigterm_in_a_rebalance_under_load_ends_a_worker_and_loses_nothing(bench: Bench) -> None:
    worker = bench.worker({"TOY_FAULT": "claim:stop"}).wait_ready()
    load = bench.load(rate=500).start()
    wait_until(applies_more(worker, 500), "events are applied")
    worker.arm()
    other = bench.worker()
    wait_until(lambda: worker.stopped, "it takes part in the rebalance")
    assert stopped_in_time(worker, 2) == 0
    wait_until(owns(other, PARTITIONS), "the other has taken over")
    load.stop()
    bench.wait_settled()
    assert other.stop() == 0
    bench.judge().require_equal()


def test_sigterm_ends_a_worker_in_time_while_the_brokers_are_away(
    embedded: EmbeddedBroker, tmp_path: Path
) -> None:
    """It can neither finish its cut nor commit, so it says that it did not end cleanly; nothing is lost."""
    topics = make_topics(embedded, "away", PARTITIONS)
    worker = Worker(embedded.bootstrap, "away", PARTITIONS, tmp_path, settings=STATIC).start().wait_ready()
    load = Load(embedded.bootstrap, topics, rate=500).start()
    wait_until(applies_more(worker, 200), "events are applied")
    embedded.set_down()
    wait_until(lambda: "Heartbeat" in worker.output() or "failed" in worker.output(), "it has noticed")
    assert stopped_in_time(worker) == 70
    assert "not stopped within 12 s" in worker.said
    embedded.set_up()
    worker.start().wait_ready()
    load.stop()
    wait_until(settled(embedded.bootstrap, topics, app_id("away")), "it is made good")
    assert worker.stop() == 0
    judge(embedded.bootstrap, topics, lambda p: ToyPartition(p, topics)).require_equal()


@pytest.mark.kafka
@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_static_member_that_is_started_again_disturbs_nobody(bench: Bench, how: str) -> None:
    other = bench.worker({**PATIENT, "HOLDFAST_KAFKA__INSTANCE_ID": "two"})
    worker = bench.worker({**PATIENT, **STATIC})
    half = PARTITIONS // 2
    wait_until(lambda: owns(other, half)() and owns(worker, half)(), "each has its half")
    load = bench.load(rate=500).start()
    wait_until(applies_more(worker, 300), "events are applied")
    claims = other.output().count("partitions claimed")
    if how == "stop":
        assert stopped_in_time(worker) == 0
    else:
        worker.kill()
    worker.start().wait_ready()
    wait_until(applies_more(worker, 300), "it goes on")
    assert len(worker.partitions()) == half
    assert other.output().count("partitions claimed") == claims, "no rebalance"
    load.stop()
    bench.wait_settled()
    assert (worker.stop(), other.stop()) == (0, 0)
    bench.judge().require_equal()


@pytest.mark.kafka
def test_from_one_worker_to_four_and_back_to_two_under_load(bench: Bench) -> None:
    load = bench.load(rate=800).start()
    workers = [bench.worker().wait_ready()]
    wait_until(applies_more(workers[0], 500), "events are applied")
    workers += [bench.worker() for _ in range(3)]
    wait_until(lambda: all(owns(worker, 1)() for worker in workers), "each of four has one partition")
    for worker in workers:
        wait_until(applies_more(worker, 100), "it applies events")
    for leaving in workers[:2]:
        assert stopped_in_time(leaving) == 0
    wait_until(lambda: all(owns(worker, 2)() for worker in workers[2:]), "each of two has two partitions")
    wait_until(applies_more(workers[2], 300), "they apply events")
    load.stop()
    bench.wait_settled()
    assert [worker.stop() for worker in workers[2:]] == [0, 0]
    verdict = bench.judge()
    verdict.require_equal()
    assert owners_follow_each_other(bench) > PARTITIONS


def owners_follow_each_other(bench: Bench) -> int:
    """How many owners wrote cuts that count; each stopped for good when the next one began."""
    owners = 0
    for p in range(PARTITIONS):
        epochs = [cut.epoch for q, _, cut in bench.cuts() if q == p]
        assert epochs == sorted(epochs), "an owner wrote a cut after the next one had begun"
        owners += len(set(epochs))
    return owners
