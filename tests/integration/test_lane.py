"""The lane on a real Kafka: killed, stopped, frozen and doubled workers, judged by an oracle."""

import re
from collections.abc import Callable

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from streams.wire.control import PolicyFact
from tests.support.lane_bench import PARTITIONS, STATIC, Bench, applies_more, owns
from tests.support.topics import Steady, committed, read_topic
from tests.support.toy_core import SILENCE
from tests.support.worker import listening, wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600)]


def test_a_worker_killed_three_times_under_load_loses_and_repeats_nothing(bench: Bench) -> None:
    worker = bench.worker(STATIC).wait_ready()
    load = bench.load(rate=1_500).start()
    for round_ in range(3):
        wait_until(applies_more(worker, 3_000), "events are applied")
        bench.control(PolicyFact(version=f"p{round_}", document={}))
        wait_until(applies_more(worker, 1_000), "events are applied under the new policy")
        worker.kill()
        worker.start().wait_ready()
    wait_until(applies_more(worker, 1_500), "events are applied")
    load.stop()
    bench.wait_settled()
    assert worker.stop() == 0
    assert worker.exits == [-9, -9, -9, 0]
    verdict = bench.judge()
    verdict.require_equal()
    assert verdict.rejects
    assert len(verdict.epochs) >= 3 * PARTITIONS


def test_sigterm_under_load_finishes_the_cut_in_hand_and_commits_it(bench: Bench) -> None:
    worker = bench.worker(STATIC).wait_ready()
    load = bench.load().start()
    wait_until(applies_more(worker, 2_000), "events are applied")
    assert worker.stop() == 0
    done = committed(bench.bootstrap, bench.group, bench.topics.control.name, PARTITIONS)
    verdict = bench.judge()
    assert not verdict.missing
    assert not verdict.extra
    assert not verdict.wrong_rows, "what was executed was committed"
    assert verdict.repeated == 0
    worker.start().wait_ready()
    load.stop()
    bench.wait_settled()
    assert worker.stop() == 0
    verdict = bench.judge()
    verdict.require_equal()
    assert verdict.repeated == 0, "nothing was left to be sent again"
    later = committed(bench.bootstrap, bench.group, bench.topics.control.name, PARTITIONS)
    assert all(later[p] > done[p] for p in done)


@pytest.mark.parametrize("phase", ["checking topics", "joining"])
def test_sigterm_during_the_start_ends_it_cleanly(bench: Bench, phase: str) -> None:
    worker = bench.worker(STATIC)
    wait_until(worker.url, "the admin server is up")
    if phase == "joining":
        wait_until(has_members(bench), "the group has taken the worker in")
    assert worker.stop() == 0


def has_members(bench: Bench) -> Callable[[], bool]:
    """A condition: somebody is in the group. Kafka tells of a group that is not there yet by an error."""
    admin = AdminClient({"bootstrap.servers": bench.bootstrap, "log_level": 0})

    def condition() -> bool:
        try:
            return bool(admin.describe_consumer_groups([bench.group])[bench.group].result().members)
        except KafkaException:
            return False

    return condition


def test_two_workers_share_the_partitions_and_take_over_from_each_other(bench: Bench) -> None:
    first = bench.worker().wait_ready()
    load = bench.load().start()
    wait_until(applies_more(first, 1_000), "events are applied")
    second = bench.worker()
    wait_until(
        lambda: second.running and len(second.partitions()) == PARTITIONS // 2, "the second has its half"
    )
    second.wait_ready()
    wait_until(owns(first, PARTITIONS // 2), "the first has the other half")
    wait_until(applies_more(second, 1_000), "the second applies events")
    second.kill()
    wait_until(owns(first, PARTITIONS), "the first has all of them again")
    assert re.search(r'"current": \[\d', first.output()), "what it keeps in a rebalance is not read again"
    third = bench.worker().wait_ready()
    wait_until(owns(third, PARTITIONS // 2), "the third has its half")
    assert first.stop() == 0
    wait_until(owns(third, PARTITIONS), "the third has all of them")
    load.stop()
    bench.wait_settled()
    assert third.stop() == 0
    bench.judge().require_equal()


def test_a_worker_that_wakes_up_after_its_partitions_moved_harms_nothing(bench: Bench) -> None:
    """It ends, or, where it slept with nothing in hand, it joins again and takes partitions over anew.

    Without the lease, at each point where it may sleep: ``test_one_writer.py``.
    """
    sleeper, other = bench.worker(), bench.worker()
    wait_until(owns(sleeper, PARTITIONS // 2), "half for the one")
    wait_until(owns(other, PARTITIONS // 2), "half for the other")
    load = bench.load(rate=2_000).start()
    wait_until(applies_more(sleeper, 1_500), "events are applied")
    sleeper.child.freeze()
    wait_until(owns(other, PARTITIONS), "the other has taken over")
    wait_until(applies_more(other, 2_000), "and is at work")
    claims = sleeper.output().count("partitions claimed")
    sleeper.child.thaw()
    wait_until(
        lambda: not sleeper.running or sleeper.output().count("partitions claimed") > claims,
        "it has ended, or is a member again",
    )
    load.stop()
    bench.wait_settled()
    code = sleeper.stop() if sleeper.running else sleeper.wait_end()
    assert code == 0 or (code == 70 and "worker ends" in sleeper.output())
    assert other.stop() == 0
    bench.judge().require_equal()


def test_after_a_downtime_with_a_backlog_on_one_topic_nobody_is_called_silent(bench: Bench) -> None:
    worker = bench.worker(STATIC).wait_ready()
    load = bench.load()
    pace = Steady(load).start()
    wait_until(applies_more(worker, 1_000), "events are applied")
    worker.kill()
    pace.one_topic_only()
    killed = pace.stopped_at
    wait_until(
        lambda: pace.stopped_at > killed + 2 * SILENCE, "events go on for longer than anybody may be silent"
    )
    worker.start().wait_ready()
    wait_until(applies_more(worker, 2_000), "the backlog is applied")
    pace.stop()
    bench.wait_settled()
    assert worker.stop() == 0
    verdict = bench.judge()
    verdict.require_equal()
    signals = read_topic(bench.bootstrap, bench.topics.signals.name, PARTITIONS)
    last = pace.stopped_at
    early = [
        r.value
        for records in signals.values()
        for r in records
        if int((r.value or b"").split(b"silent ")[1].split(b" ")[0]) < last
    ]
    assert not early, "everybody was active all the time"


def test_only_the_admin_port_is_open_and_only_on_loopback(bench: Bench) -> None:
    worker = bench.worker(STATIC).wait_ready()
    port = int((worker.url() or "").rsplit(":", 1)[1])
    assert listening(worker.child.pid) == {("0100007F", port)}
