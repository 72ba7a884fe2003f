"""One writer per partition: first what a woken process does without the guards, then that it does nothing.

Workers stop themselves with a cut in hand, their partitions move, the new owner works on, and they wake and
finish what they began. The lease, which ends most of these, is off in both: what is judged is the log.
"""

from collections.abc import Callable, Mapping, Sequence

import pytest

from tests.support.lane_bench import NO_LEASE, STATIC, Bench, applies_more, owns
from tests.support.oracle import Verdict
from tests.support.worker import Worker, wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600)]

QUICK = {"HOLDFAST_KAFKA__SESSION_TIMEOUT": "4s"}
NO_GUARDS = {"TOY_GUARDS": "off"}
SLEEPS = [f"{point}:stop" for point in ("mutated", "leased", "sent", "acked", "effects")]
WRITES_AND_DIES = "leased:stop,acked:kill"


def processes_sleep_and_wake(bench: Bench, faults: Sequence[str], guards: Mapping[str, str]) -> Verdict:
    """One sleeper for each fault, and one who takes over from all; told with and without guards."""
    settings = {**QUICK, **guards}
    sleepers = [bench.worker({**settings, "TOY_FAULT": fault}) for fault in faults]
    other = bench.worker(settings)
    wait_until(lambda: all(owns(worker, 1)() for worker in (*sleepers, other)), "each has one partition")
    load = bench.load(rate=1_500).start()
    for sleeper in sleepers:
        wait_until(applies_more(sleeper, 200), "events are applied")
    for sleeper in sleepers:
        sleeper.arm()
    wait_until(lambda: all(sleeper.stopped for sleeper in sleepers), "they stopped themselves")
    wait_until(owns(other, bench.partitions), "the other has taken over")
    wait_until(applies_more(other, 1_500), "and is at work")
    load.stop()
    bench.wait_settled()  # nothing overwrites what they are about to write
    claims = [claims_of(sleeper) for sleeper in sleepers]
    for sleeper in sleepers:
        sleeper.child.thaw()
    for sleeper, before in zip(sleepers, claims, strict=True):
        wait_until(_has_ended_or_joined_again(sleeper, before), "ended, or a member again")
    for worker in (*sleepers, other):
        if worker.running:
            worker.stop()
    heir = bench.worker(settings).wait_ready()  # it knows what the changelog says, and nothing else
    load.burst(800)
    load.burst(800, quiet=1)
    load.flush()
    bench.wait_settled()
    assert heir.stop() == 0
    return bench.judge()


def _has_ended_or_joined_again(worker: Worker, claims: int) -> Callable[[], bool]:
    return lambda: not worker.running or claims_of(worker) > claims


def claims_of(worker: Worker) -> int:
    return worker.output().count("partitions claimed")


@pytest.mark.parametrize("bench", [2], indirect=True)
def test_without_the_guards_a_woken_process_does_damage(bench: Bench) -> None:
    """The hazard itself: if this finds none, the test below proves nothing."""
    verdict = processes_sleep_and_wake(bench, [WRITES_AND_DIES], NO_GUARDS)
    assert verdict.missing, "signals and commands that must be there"
    assert verdict.extra, "others that must not"
    assert verdict.wrong_rows, "and customers whose row is wrong for good"


@pytest.mark.parametrize("bench", [len(SLEEPS) + 2], indirect=True)
def test_with_them_it_does_none_wherever_it_slept(bench: Bench) -> None:
    processes_sleep_and_wake(bench, [*SLEEPS, WRITES_AND_DIES], NO_LEASE).require_equal()


@pytest.mark.parametrize("loaded", [True, False], ids=["under load", "idle"])
def test_of_two_processes_with_one_instance_id_the_elder_ends_and_says_so(
    bench: Bench, *, loaded: bool
) -> None:
    """Kafka gives both the same partitions and tells neither; a restart of the first would go on for ever."""
    first = bench.worker(STATIC).wait_ready()
    load = bench.load(rate=500)
    load.burst(200)
    if loaded:
        load.start()
    wait_until(applies_more(first, 100), "events are applied")
    second = bench.worker(STATIC)
    assert first.wait_end() == 64
    assert "another process has the kafka.instance_id one as well" in first.said
    second.wait_ready()
    if loaded:
        load.stop()
    load.flush()
    bench.wait_settled()
    assert second.stop() == 0
    bench.judge().require_equal()
