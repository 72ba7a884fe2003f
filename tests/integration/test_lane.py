"""The lane on a real Kafka: killed, stopped, frozen and doubled workers, judged by an oracle."""

import itertools
import os
import re
import time
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from agents.lane.fence import tombstone_headers
from devkit.broker import RealKafka
from streams.tables import app_id
from streams.wire.control import ControlRecord, Cut, PolicyFact, Tick, decode_control, encode
from tests.support.oracle import Verdict, judge
from tests.support.topics import (
    Load,
    Steady,
    committed,
    customer,
    ends,
    make_topics,
    producer,
    read_topic,
    settled,
)
from tests.support.toy_core import ToyPartition
from tests.support.worker import Worker, listening, wait_until

if TYPE_CHECKING:
    from streams.topics import Catalogue
from streams.wire import row

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(150)]

PARTITIONS = 4
_names = itertools.count()
STATIC = {"HOLDFAST_KAFKA__INSTANCE_ID": "one"}
EXTERNAL = {**STATIC, "HOLDFAST_CLOCK": "external"}
NO_LEASE = {"TOY_LEASE": "off"}


class Bench:
    """Topics of their own, workers on them, and the oracle."""

    def __init__(self, kafka: RealKafka, folder: Path, prefix: str) -> None:
        self.bootstrap = kafka.bootstrap
        self.topics: Catalogue = make_topics(kafka, prefix, PARTITIONS)
        self.group = app_id(prefix)
        self._folder = folder
        self._producer: Producer = producer(kafka.bootstrap)
        self.workers: list[Worker] = []

    def worker(self, settings: Mapping[str, str] | None = None) -> Worker:
        folder = self._folder / str(len(self.workers))
        worker = Worker(self.bootstrap, self.topics.prefix, PARTITIONS, folder, settings=settings)
        self.workers.append(worker)
        return worker.start()

    def load(self, rate: int = 1_000, seed: int = 1) -> Load:
        return Load(self.bootstrap, self.topics, rate, seed=seed)

    def control(self, record: ControlRecord, partitions: range = range(PARTITIONS)) -> None:
        for p in partitions:
            self._producer.produce(self.topics.control.name, encode(record), record.kind.encode(), p)
        assert self._producer.flush(30) == 0

    def cuts(self) -> list[tuple[int, int, Cut]]:
        """Every cut on control: partition, offset, cut."""
        found = read_topic(self.bootstrap, self.topics.control.name, PARTITIONS)
        decoded = [
            (r.partition, r.offset, decode_control(r.value)) for records in found.values() for r in records
        ]
        return [(p, offset, cut) for p, offset, cut in decoded if isinstance(cut, Cut)]

    def wait_settled(self, seconds: float = 60) -> None:
        wait_until(settled(self.bootstrap, self.topics, self.group), "all is committed", seconds)

    def judge(self) -> Verdict:
        verdict = judge(self.bootstrap, self.topics, lambda p: ToyPartition(p, self.topics))
        print(verdict.summary())  # noqa: T201 - pytest shows it for a failed test
        return verdict

    def close(self) -> None:
        for worker in self.workers:
            worker.close()


@pytest.fixture
def bench(kafka: RealKafka, tmp_path: Path) -> Generator[Bench]:
    made = Bench(kafka, tmp_path, f"lane{os.getpid()}-{next(_names)}")
    yield made
    made.close()


def applied(worker: Worker) -> int:
    return sum(entry["applied"] for part in worker.partitions() for entry in part["inputs"])


def applies_more(worker: Worker, count: int) -> Callable[[], bool]:
    before = applied(worker)
    return lambda: applied(worker) >= before + count


def owns(worker: Worker, count: int) -> Callable[[], bool]:
    return lambda: worker.is_ready() and len(worker.partitions()) == count


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


@pytest.mark.parametrize("after", [0.0, 0.9], ids=["checking topics", "joining"])
def test_sigterm_during_the_start_ends_it_cleanly(bench: Bench, after: float) -> None:
    worker = bench.worker(STATIC)
    wait_until(worker.url, "the admin server is up")
    time.sleep(after)  # the phase is the point; whichever it is, the end must be clean
    assert worker.stop() == 0


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


@pytest.mark.parametrize("settings", [{}, NO_LEASE], ids=["with the lease", "without the lease"])
def test_a_worker_that_wakes_up_after_its_partitions_moved_harms_nothing(
    bench: Bench, settings: Mapping[str, str]
) -> None:
    """It ends, or, where it slept with nothing in hand, it joins again and takes partitions over anew."""
    sleeper, other = bench.worker(settings), bench.worker(settings)
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
    load.burst(400)
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


def _answers(bench: Bench) -> dict[tuple[int, int | None], int]:
    found: dict[tuple[int, int | None], int] = {}
    for p, _, cut in bench.cuts():
        found[p, cut.tick] = found.get((p, cut.tick), 0) + 1
    return found


def _is_answered(bench: Bench, at: int) -> Callable[[], bool]:
    return lambda: sum(cut.at == at for _, _, cut in bench.cuts()) >= PARTITIONS


def _has_cut_of(bench: Bench, partition: int, epoch: int) -> Callable[[], bool]:
    return lambda: any(p == partition and cut.epoch == epoch for p, _, cut in bench.cuts())


def test_after_a_downtime_with_a_backlog_on_one_topic_nobody_is_called_silent(bench: Bench) -> None:
    worker = bench.worker(STATIC).wait_ready()
    load = bench.load()
    pace = Steady(load).start()
    wait_until(applies_more(worker, 1_000), "events are applied")
    worker.kill()
    pace.one_topic_only()
    time.sleep(4)  # longer than the silence of the toy core: the downtime itself is what is tested
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


def test_a_zombies_rows_in_the_changelog_are_written_again(bench: Bench) -> None:
    worker = bench.worker(STATIC).wait_ready()
    load = bench.load()
    load.burst(400)
    load.flush()
    bench.wait_settled()
    assert worker.stop() == 0
    old = dict(bench.judge().epochs)
    worker.start().wait_ready()
    zombie = producer(bench.bootstrap)
    for number in range(8):
        key, p = customer(number, PARTITIONS)
        value = row.pack(old[p], 1, 1, 0, b"an old story", [])
        zombie.produce(bench.topics.changelog.name, value, key, p)
        gone = customer(number + 8, PARTITIONS)[0]
        zombie.produce(bench.topics.changelog.name, None, gone, p, headers=tombstone_headers(old[p]))
    assert zombie.flush(30) == 0
    for quiet in range(2):  # so that every partition is written to
        load.burst(400, quiet)
    load.flush()
    bench.wait_settled()
    wait_until(lambda: worker.output().count("changelog gap") >= PARTITIONS, "the gaps are noticed")
    assert worker.stop() == 0
    verdict = bench.judge()
    verdict.require_equal()
    assert verdict.stale_rows == 16


def test_a_marker_of_a_newer_owner_in_the_changelog_ends_the_worker(bench: Bench) -> None:
    worker = bench.worker(STATIC).wait_ready()
    other = producer(bench.bootstrap)
    other.produce(bench.topics.changelog.name, b"somebody", row.MARKER, 0)
    assert other.flush(30) == 0
    load = bench.load()
    load.burst(100)
    load.flush()
    assert worker.wait_end() == 70
    assert "the marker of a newer owner" in worker.output()
    sent = read_topic(bench.bootstrap, bench.topics.commands["email"].name, PARTITIONS)
    assert not sent[0], "it ended before it sent anything"


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


def test_an_input_that_lost_unread_records_is_refused(bench: Bench) -> None:
    worker = bench.worker(STATIC).wait_ready()
    load = bench.load()
    load.burst(300)
    load.flush()
    bench.wait_settled()
    assert worker.stop() == 0
    load.burst(300)
    load.flush()
    app = bench.topics.inputs[0].name
    admin = AdminClient({"bootstrap.servers": bench.bootstrap, "log_level": 0})
    trimmed = [TopicPartition(app, p, end) for p, end in ends(bench.bootstrap, app, PARTITIONS).items()]
    for answer in admin.delete_records(trimmed).values():
        answer.result()
    worker.start()
    assert worker.wait_end() == 71
    assert app in worker.output()


def test_a_missing_topic_is_refused_before_the_group_is_joined(bench: Bench) -> None:
    admin = AdminClient({"bootstrap.servers": bench.bootstrap, "log_level": 0})
    gone = bench.topics.inputs[3].name
    admin.delete_topics([gone])[gone].result()
    worker = bench.worker(STATIC)
    assert worker.wait_end() == 64
    assert gone in worker.output()


def test_only_the_admin_port_is_open_and_only_on_loopback(bench: Bench) -> None:
    worker = bench.worker(STATIC).wait_ready()
    port = int((worker.url() or "").rsplit(":", 1)[1])
    assert listening(worker.child.pid) == {("0100007F", port)}


def test_rows_without_a_committed_control_offset_are_refused(bench: Bench) -> None:
    worker = bench.worker(STATIC).wait_ready()
    load = bench.load()
    load.burst(300)
    load.flush()
    bench.wait_settled()
    assert worker.stop() == 0
    admin = AdminClient({"bootstrap.servers": bench.bootstrap, "log_level": 0})

    def group_is_gone() -> bool:
        try:
            admin.delete_consumer_groups([bench.group])[bench.group].result()
        except Exception:  # noqa: BLE001 - not empty yet: the static member is remembered for a session
            return False
        return True

    wait_until(group_is_gone, "the group can be deleted")
    worker.start()
    assert worker.wait_end() == 71
    assert "no committed control offset" in worker.output()


def test_a_changelog_record_of_an_unknown_form_is_refused(bench: Bench) -> None:
    writer = producer(bench.bootstrap)
    writer.produce(bench.topics.changelog.name, b"\xff what is this", b"k1", 1)
    assert writer.flush(30) == 0
    worker = bench.worker(STATIC)
    assert worker.wait_end() == 71
    assert "this version cannot read" in worker.output()


def test_rows_ahead_of_the_end_of_control_are_refused(bench: Bench) -> None:
    worker = bench.worker(STATIC).wait_ready()
    load = bench.load()
    load.burst(300)
    load.flush()
    bench.wait_settled()
    assert worker.stop() == 0
    admin = AdminClient({"bootstrap.servers": bench.bootstrap, "log_level": 0})
    back = [TopicPartition(bench.topics.control.name, p, 0) for p in range(PARTITIONS)]

    def group_is_reset() -> bool:
        asked = admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(bench.group, back)])
        try:
            asked[bench.group].result()
        except Exception:  # noqa: BLE001 - not empty yet
            return False
        return True

    wait_until(group_is_reset, "offsets can be set")
    end = ends(bench.bootstrap, bench.topics.control.name, PARTITIONS)
    trimmed = [TopicPartition(bench.topics.control.name, p, end[p]) for p in range(PARTITIONS)]
    for answer in admin.delete_records(trimmed).values():
        answer.result()
    worker.start()
    assert worker.wait_end() == 71
    assert "control" in worker.output()
