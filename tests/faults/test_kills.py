"""F1, F2: processes that end, at once or politely, at any moment."""

import signal
import time
from collections.abc import Callable
from statistics import median

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from tests.support.faults import Bed, Dice, Row, Scale
from tests.support.faults.changelog import filled, inflate
from tests.support.topics import each, read_topic
from tests.support.worker import Worker

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

SESSION = 6.0
"""Of the workers under test: `tests.support.worker.QUICK`."""
POLITE = 15.0


@pytest.mark.fault("F1")
@pytest.mark.quick
@pytest.mark.timeout(900)
def test_f1_workers_killed_at_random_points_under_load(bed: Bed, dice: Dice, row: Row, scale: Scale) -> None:
    kills, longest = scale.pick(4, 20), scale.pick(2.0, 10.0)
    static = dice.chance(0.5)
    row.schedule = f"{kills} × SIGKILL of one of 2 workers, back after 0–{longest:g} s"
    row.notes.append("static members" if static else "dynamic members")
    started = time.monotonic()
    bed.start(2, static=static)
    undisturbed = time.monotonic() - started
    bed.load().start()
    ready = []
    for _ in range(kills):
        bed.pass_time(dice.between(0.2, 2.5))
        victim = dice.choose(bed.running)
        bed.kill(victim)
        bed.pass_time(dice.between(0.0, longest) if dice.chance(0.8) else 0.0)
        bed.again(victim)
        began = time.monotonic()
        ready.append(bed.wait(victim.is_ready, "the worker is ready again"))
        bed.recover(began=began)
    row.notes.append(f"ready again after {median(ready):.1f} s, at most {max(ready):.1f} s")
    verdict = bed.finish()
    assert median(ready) < max(SESSION + 10, 2 * undisturbed), "on a crowded machine any start takes long"
    assert len(verdict.epochs) > kills, "partitions changed hands"
    assert verdict.accounts
    assert not verdict.total("duplicate")


def under_load(bed: Bed, worker: Worker) -> None:
    bed.wait(bed.shared, "ready")
    bed.load().start()
    bed.wait(bed.applied(600), "events are applied")
    assert worker.running


def idle(bed: Bed, worker: Worker) -> None:
    bed.wait(bed.shared, "ready")
    load = bed.load()
    load.burst(300)
    load.flush()
    bed.recover()
    assert worker.running


def joining(bed: Bed, worker: Worker) -> None:
    bed.load().start()
    bed.wait(worker.url, "the admin server is up")
    bed.wait(lambda: members(bed), "the group has taken the worker in")


def members(bed: Bed) -> int:
    """How many are in the group; 0 while Kafka knows none of that name."""
    admin = AdminClient({"bootstrap.servers": bed.bootstrap, "log_level": 0})
    try:
        return len(admin.describe_consumer_groups([bed.group])[bed.group].result().members)
    except KafkaException:
        return 0


def twice(bed: Bed, worker: Worker) -> None:
    under_load(bed, worker)

    worker.child.signal(signal.SIGTERM)


@pytest.mark.fault("F2")
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "phase",
    [
        pytest.param(under_load, marks=pytest.mark.quick),
        idle,
        pytest.param(joining, marks=pytest.mark.quick),
        twice,
    ],
    ids=lambda phase: phase.__name__.replace("_", " "),
)
def test_f2_sigterm_ends_a_worker_in_any_phase_with_its_work_committed(
    bed: Bed, row: Row, phase: Callable[[Bed, Worker], None]
) -> None:
    row.schedule = "SIGTERM, and later another worker goes on"
    worker = bed.worker()
    phase(bed, worker)
    took = bed.stop(worker)
    row.notes.append(f"ended with 0 after {took:.1f} s")
    assert took < POLITE
    done = bed.committed()
    repeats = len(effects(bed))
    bed.worker()
    bed.wait(bed.shared, "another worker goes on")
    bed.recover()
    verdict = bed.finish()
    assert verdict.repeated == 0, "what was finished was committed, so nothing was sent again"
    assert repeats <= verdict.effects
    assert all(bed.committed()[place] >= offset for place, offset in done.items())


@pytest.mark.fault("F2", "recovering")
@pytest.mark.timeout(600)
def test_f2_sigterm_ends_a_worker_that_reads_its_changelog(
    toy_bed: Bed, dice: Dice, row: Row, scale: Scale
) -> None:
    bed, count = toy_bed, scale.pick(100_000, 500_000)
    row.schedule = f"toy; SIGTERM while {count:,} records are read back"
    filled(bed)
    inflate(bed, count)
    bed.toy_load().start()
    (worker,) = bed.workers
    bed.again(worker)
    bed.wait(lambda: "partitions claimed" in worker.child.output(2_000_000), "recovery begins")
    bed.pass_time(dice.between(0, 0.3))
    took = bed.stop(worker)
    row.notes.append(f"ended with 0 after {took:.1f} s")
    assert took < POLITE
    assert worker.said.count("partitions recovered") == 1, "it was too late to stop it"
    bed.again(worker)
    bed.recover()
    bed.finish()


def effects(bed: Bed) -> list[bytes | None]:
    topics = (bed.topics.signals, *bed.topics.commands.values())
    return [r.value for t in topics for r in each(read_topic(bed.bootstrap, t.name, bed.partitions))]
