"""Cuts on control: those of others, those at ticks, and those over records of transactions."""

import time
from collections.abc import Callable

import pytest
from confluent_kafka import Producer

from streams.wire.control import Cut, Tick
from tests.support.lane_bench import EXTERNAL, PARTITIONS, STATIC, Bench, applies_more
from tests.support.topics import customer, ends
from tests.support.worker import wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600)]


def test_cuts_of_a_former_owner_are_executed_as_they_stand_and_others_are_passed_over(bench: Bench) -> None:
    worker = bench.worker(STATIC).wait_ready()
    load = bench.load()
    load.burst(400)
    load.flush()
    bench.wait_settled()
    assert worker.stop() == 0
    newest = {p: cut for p, _, cut in bench.cuts()}
    load.burst(400)
    load.flush()
    web = bench.topics.inputs[1].name
    found = {}
    for p, last in newest.items():
        ends_now = {**last.ends, web: ends(bench.bootstrap, web, PARTITIONS)[p]}
        cut = Cut(epoch=last.epoch, n=last.n + 1, at=last.at + 777, from_=last.ends, ends=ends_now)
        found[p] = cut
        here = range(p, p + 1)
        bench.control(cut, here)
        bench.control(cut, here)  # its number is taken: void
        bench.control(
            Cut(epoch=last.epoch, n=last.n + 9, at=0, from_=last.ends, ends=last.ends), here
        )  # void
    worker.start().wait_ready()
    wait_until(applies_more(worker, 0), "it answers")
    epoch = {part["partition"]: part["epoch"] for part in worker.partitions()}
    for p, last in newest.items():
        old = Cut(epoch=last.epoch, n=last.n + 5, at=last.at + 10_000, from_=last.ends, ends=last.ends)
        wait_until(_has_cut_of(bench, p, epoch[p]), "an own cut")
        bench.control(old, range(p, p + 1))  # older than the newest epoch: ignored
    for quiet in range(2):  # every partition has records after it, and so one more cut
        load.burst(200, quiet)
    load.flush()
    bench.wait_settled()
    assert worker.stop() == 0
    verdict = bench.judge()
    verdict.require_equal()
    assert verdict.void == 2 * PARTITIONS
    assert verdict.ignored == PARTITIONS
    for p, cut in found.items():
        after = [c for q, _, c in bench.cuts() if q == p and c.n == cut.n + 1 and c.from_ == cut.ends]
        assert after, "the next cut goes on where the found one ended"


def test_a_cut_of_a_newer_owner_ends_the_worker_before_it_sends_anything(bench: Bench) -> None:
    worker = bench.worker(STATIC).wait_ready()
    at_start = {topic.name: 0 for topic in bench.topics.inputs}
    bench.control(Cut(epoch=10**6, n=1, at=1, from_=at_start, ends=at_start), range(1))
    assert worker.wait_end() == 70
    assert "epoch 1000000" in worker.output()


def test_with_the_external_clock_each_tick_is_answered_once_also_across_kills(bench: Bench) -> None:
    worker = bench.worker(EXTERNAL).wait_ready()
    load = bench.load()
    at = int(time.time() * 1000)
    for step in range(6):
        load.burst(600)
        load.flush()
        at += 3_000
        bench.control(Tick(at=at))
        if step in (1, 3):
            worker.kill()
            worker.start()
        wait_until(_is_answered(bench, at), f"tick {step} is answered")
    bench.wait_settled()
    assert worker.stop() == 0
    verdict = bench.judge()
    verdict.require_equal()
    ticks = {cut.tick: 0 for _, _, cut in bench.cuts()}
    assert None not in ticks, "there are no timed cuts"
    assert verdict.cuts == 6 * PARTITIONS
    assert all(count == 1 for (_, _), count in _answers(bench).items())


def test_records_of_transactions_are_applied_if_committed_and_markers_are_no_hole(bench: Bench) -> None:
    worker = bench.worker(STATIC).wait_ready()
    settings = {"bootstrap.servers": bench.bootstrap, "transactional.id": bench.topics.prefix, "log_level": 0}
    writer = Producer(settings)
    writer.init_transactions(30)
    for round_ in range(4):
        writer.begin_transaction()
        for number in range(200):
            key, p = customer(number % 40, PARTITIONS)
            writer.produce(bench.topics.inputs[round_].name, b"%d" % round_, key, p)
        if round_ % 2:
            writer.abort_transaction(30)
        else:
            writer.commit_transaction(30)
    bench.wait_settled()
    assert worker.stop() == 0
    verdict = bench.judge()
    verdict.require_equal()
    assert verdict.events == 400


def _answers(bench: Bench) -> dict[tuple[int, int | None], int]:
    found: dict[tuple[int, int | None], int] = {}
    for p, _, cut in bench.cuts():
        found[p, cut.tick] = found.get((p, cut.tick), 0) + 1
    return found


def _is_answered(bench: Bench, at: int) -> Callable[[], bool]:
    return lambda: sum(cut.at == at for _, _, cut in bench.cuts()) >= PARTITIONS


def _has_cut_of(bench: Bench, partition: int, epoch: int) -> Callable[[], bool]:
    return lambda: any(p == partition and cut.epoch == epoch for p, _, cut in bench.cuts())
