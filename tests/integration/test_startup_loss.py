"""What is gone from the topics is refused and named; what a person accepts to have lost is passed over."""

import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from agents.errors import ConfigurationError
from agents.start import accept
from devkit.broker import RealKafka
from streams.timeline import Record
from streams.wire.control import Cut, PolicyFact, decode_control
from tests.support.judging import Log, Partitioned, Verdict, judge_log
from tests.support.lane_bench import PARTITIONS, STATIC, Bench
from tests.support.oracle import read_log
from tests.support.topics import ends, read_topic
from tests.support.toy_core import ToyPartition
from tests.support.worker import Worker, wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600)]


def fill(bench: Bench, worker: Worker, count: int = 400) -> None:
    """Have events applied, and the worker ended."""
    load = bench.load()
    for quiet in range(2):
        load.burst(count, quiet)
    load.flush()
    bench.wait_settled()
    wait_until(worker.audited(), "the accounts are looked at")
    assert worker.stop() == 0


def more(bench: Bench, count: int, number: int) -> None:
    """Send events of every partition to one input."""
    load = bench.load(seed=2)
    for quiet in range(2):
        load.burst(count // 2, quiet, inputs=[number])
    load.flush()


def trim(bench: Bench, *topics: str) -> None:
    """Delete all that stands there: what a retention shorter than the downtime does."""
    admin = AdminClient({"bootstrap.servers": bench.bootstrap, "log_level": 0})
    gone = [
        TopicPartition(topic, p, end)
        for topic in topics
        for p, end in ends(bench.bootstrap, topic, PARTITIONS).items()
    ]
    for answer in admin.delete_records(gone).values():
        answer.result()


def make_anew(bench: Bench, kafka: RealKafka, name: str) -> None:
    """Delete a topic and create it again; Kafka takes a moment to forget the name."""
    admin = kafka.admin()
    for answer in admin.delete_topics([name]).values():
        answer.result()
    (topic,) = (topic for topic in bench.topics.all if topic.name == name)
    wait_until(lambda: attempt(lambda: kafka.create_topic(name, topic.partitions, topic.config)), "it is new")


def attempt(work: Callable[[], object]) -> bool:
    try:
        work()
    except KafkaException:
        return False
    return True


def without_commits(bench: Bench) -> None:
    """Delete the group; Kafka remembers its static members for a session."""
    admin = AdminClient({"bootstrap.servers": bench.bootstrap, "log_level": 0})

    def delete() -> None:
        for answer in admin.delete_consumer_groups([bench.group]).values():
            answer.result()

    wait_until(lambda: attempt(delete), "the group can be deleted")


def accepting(*names: str) -> dict[str, str]:
    return {**STATIC, "TOY_ACCEPT": " ".join(names)}


def refused(bench: Bench, *accepted: str) -> str:
    """Start, and be refused; what was said."""
    worker = bench.worker(accepting(*accepted))
    assert worker.wait_end() == 71
    return worker.said


def judged(bench: Bench, log: Log) -> Verdict:
    """Compare the worker with a re-execution; what was read before the loss is handed in."""
    verdict = judge_log(log, lambda p: ToyPartition(p, bench.topics))
    verdict.require_equal()
    assert verdict.ledgers == PARTITIONS
    return verdict


def behind(before: Partitioned, now: Partitioned) -> Partitioned:
    """One history of two topics that had the same name."""
    return {p: [*before[p], *now[p]] for p in before}


def all_committed(log: Log) -> Log:
    """A log whose control was put together: all of it is carried out."""
    control = log.topics.control.name
    return replace(log, done={**log.done, control: dict.fromkeys(range(PARTITIONS), 2**60)})


def number(record: Record) -> int:
    """Of a cut; 0 of anything else."""
    cut = decode_control(record.value)
    return cut.n if isinstance(cut, Cut) else 0


def test_inputs_that_lost_unread_records(bench: Bench, kafka: RealKafka) -> None:
    """One by retention, one made anew and grown past the committed offsets: refused until each is named."""
    app, web = (topic.name for topic in bench.topics.inputs[:2])
    fill(bench, bench.worker(STATIC).wait_ready())
    before = read_log(bench.bootstrap, bench.topics)
    more(bench, 300, 0)
    trim(bench, app)
    make_anew(bench, kafka, web)
    more(bench, 1_500, 1)
    end, committed = ends(bench.bootstrap, app, PARTITIONS), before.done[app]
    grown = ends(bench.bootstrap, web, PARTITIONS)
    assert all(offset < grown[p] for p, offset in before.done[web].items()), "offsets alone do not tell"

    said = refused(bench)
    for p in range(PARTITIONS):
        gone = end[p] - committed[p]
        assert f"{app} {p} was applied up to {committed[p]}, and begins at {end[p]}: {gone} offsets" in said
        assert f"{web} {p} was applied up to {before.done[web][p]} and then made anew" in said
    assert f"--accept-data-loss {app} --accept-data-loss {web}" in said
    said = refused(bench, app)
    assert f"--accept-data-loss {web}" in said
    assert f"--accept-data-loss {app}" not in said, "only what was not accepted is refused"

    worker = bench.worker(accepting(app, web)).wait_ready()
    bench.wait_settled()
    assert worker.metric("holdfast_skipped_offsets_total") == sum(end.values()) - sum(committed.values())
    assert worker.metric("holdfast_accepted_losses_total") == 2 * PARTITIONS
    assert worker.stop() == 0
    fill(bench, bench.worker(STATIC).wait_ready())  # it is settled: nothing is left to be accepted
    log = read_log(bench.bootstrap, bench.topics)
    judged(bench, replace(log, former=before.inputs))


def test_a_control_topic_made_anew(bench: Bench, kafka: RealKafka) -> None:
    """Numbers go on above those of the rows, and what was in force is said again on the new one."""
    control = bench.topics.control.name
    bench.control(PolicyFact(version="first", document={}))
    fill(bench, bench.worker(STATIC).wait_ready())
    before = read_log(bench.bootstrap, bench.topics)
    make_anew(bench, kafka, control)
    said = refused(bench)
    assert f"{control} 0 does not hold the cuts that rows name" in said
    assert f"--accept-data-loss {control}" in said
    worker = bench.worker(accepting(control)).wait_ready()
    fill(bench, worker)
    fill(bench, bench.worker(STATIC).wait_ready())
    log = read_log(bench.bootstrap, bench.topics)
    begins = {p: cut.n for p, _, cut in bench.cuts() if cut.after_loss}
    assert begins.keys() == set(range(PARTITIONS))
    carried_out = {
        p: [record for record in records if number(record) < begins[p]]
        for p, records in before.control.items()
    }
    judged(bench, all_committed(replace(log, control=behind(carried_out, log.control))))
    signals = read_topic(bench.bootstrap, bench.topics.signals.name, PARTITIONS)
    late = [record for records in signals.values() for record in records][-20:]
    assert all(b"first" in (record.value or b"") for record in late), "the policy stayed in force"


def test_control_records_that_nobody_carried_out(bench: Bench) -> None:
    """What is gone and was carried out is no loss: the note beside the committed offset has the last cut."""
    control = bench.topics.control.name
    worker = bench.worker(STATIC).wait_ready()
    fill(bench, worker)
    before = read_log(bench.bootstrap, bench.topics)
    trim(bench, control)
    worker = bench.worker(STATIC).wait_ready()  # with nothing to be accepted
    fill(bench, worker)
    log = read_log(bench.bootstrap, bench.topics)
    judged(bench, replace(log, control=behind(before.control, log.control)))

    bench.control(PolicyFact(version="unread", document={}))
    trim(bench, control)
    said = refused(bench)
    assert f"{control} 0 was applied up to" in said
    assert "1 offsets are gone" in said
    fill(bench, bench.worker(accepting(control)).wait_ready())
    again = read_log(bench.bootstrap, bench.topics)
    whole = behind(behind(before.control, log.control), again.control)
    judged(bench, replace(again, control=whole))


def test_a_group_that_lost_its_commits(bench: Bench) -> None:
    """Kafka forgets them after a week without members. Control has it all: nothing is lost or different."""
    bench.control(PolicyFact(version="first", document={}))
    fill(bench, bench.worker(STATIC).wait_ready())
    without_commits(bench)
    said = refused(bench)
    assert f"{bench.group} 0: no offsets are committed, and there are rows of cut" in said
    assert f"--accept-data-loss {bench.group}" in said
    fill(bench, bench.worker(accepting(bench.group)).wait_ready())
    verdict = bench.judge()
    verdict.require_equal()
    assert not any(cut.after_loss for _, _, cut in bench.cuts())


def test_a_changelog_made_anew_cannot_be_done_without(bench: Bench, kafka: RealKafka) -> None:
    changelog = bench.topics.changelog.name
    fill(bench, bench.worker(STATIC).wait_ready())
    make_anew(bench, kafka, changelog)
    said = refused(bench)
    assert f"{changelog} 0 was made anew: rows of its customers are gone" in said
    assert "--accept-data-loss" not in said
    with pytest.raises(ConfigurationError, match="that cannot be accepted"):
        accept(bench.topics, [changelog])


def test_a_crash_between_the_cut_after_the_loss_and_its_commit(bench: Bench) -> None:
    """Whoever comes next needs the same word again, and comes to the same state."""
    app = bench.topics.inputs[0].name
    fill(bench, bench.worker(STATIC).wait_ready())
    before = read_log(bench.bootstrap, bench.topics)
    more(bench, 400, 0)
    trim(bench, app)
    more(bench, 400, 0)
    slow = {**accepting(app), "HOLDFAST_KAFKA__COMMIT_INTERVAL": "5m"}
    worker = bench.worker(slow)
    wait_until(lambda: sum(cut.after_loss is True for _, _, cut in bench.cuts()) == PARTITIONS, "they stand")
    time.sleep(0.5)  # longer than a cut takes: what must not be written would have been
    newest = {p: cut for p, _, cut in bench.cuts()}
    assert all(cut.after_loss for cut in newest.values()), "no cut is written before that one is committed"
    worker.kill()
    assert f"--accept-data-loss {app}" in refused(bench)
    fill(bench, bench.worker(accepting(app)).wait_ready())
    log = read_log(bench.bootstrap, bench.topics)
    judged(bench, replace(log, former=before.inputs))


@pytest.mark.parametrize("what", ["control", "an input"])
def test_cuts_that_were_carried_out_and_never_committed(bench: Bench, what: str) -> None:
    """The rows and the accounts have them: they are neither applied nor counted a second time."""
    fill(bench, bench.worker(STATIC).wait_ready())
    worker = bench.worker({**STATIC, "HOLDFAST_KAFKA__COMMIT_INTERVAL": "5m"}).wait_ready()
    more(bench, 800, 0)
    app, control = bench.topics.inputs[0].name, bench.topics.control.name
    there = sum(ends(bench.bootstrap, app, PARTITIONS).values())
    wait_until(lambda: applied_of(worker, app) == there, "all is applied")
    worker.kill()
    before = read_log(bench.bootstrap, bench.topics)
    assert sum(before.done[app].values()) < there, "it is not committed"
    name = control if what == "control" else app
    trim(bench, name)
    assert f"--accept-data-loss {name}" in refused(bench)
    worker = bench.worker(accepting(name)).wait_ready()
    wait_until(worker.audited(), "the accounts are looked at")
    assert worker.stop() == 0  # and nothing came in between
    fill(bench, bench.worker(STATIC).wait_ready())
    log = read_log(bench.bootstrap, bench.topics)
    if what == "control":
        log = all_committed(replace(log, control=behind(before.control, log.control)))
    judged(bench, replace(log, former=before.inputs))


def applied_of(worker: Worker, topic: str) -> int:
    return sum(e["applied"] for part in worker.partitions() for e in part["inputs"] if e["topic"] == topic)
