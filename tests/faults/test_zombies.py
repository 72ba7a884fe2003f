"""F20, F21: workers that live and do nothing, and workers that wake up after others took over."""

import time

import pytest

from agents.errors import ExitCode
from tests.support.faults import Bed, Dice, Row, Scale
from tests.support.faults.load import ShopLoad
from tests.support.worker import Worker

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

SESSION = 6.0
NOTICED = 60.0
STUCK = {
    "a blocked loop": "turn:block",
    "a handler that never returns": "mutated:hang",
    "a dead fetcher": "turn:cancel",
}


IMPATIENT = {"HOLDFAST_WATCHDOG": "12s"}
"""In the quick selection; the whole suite tries the default, which must end a worker within a minute too."""


@pytest.mark.fault("F20")
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "fault",
    [pytest.param(name, marks=pytest.mark.quick if name == "a blocked loop" else ()) for name in STUCK],
)
def test_f20_a_worker_that_stands_still_ends_itself(toy_bed: Bed, row: Row, scale: Scale, fault: str) -> None:
    bed, settings = toy_bed, scale.pick(IMPATIENT, {})
    row.schedule = "toy; the watchdog ends one of 2 workers, the other takes over"
    stuck = bed.worker({**settings, "TOY_FAULT": STUCK[fault]}, static=False)
    other = bed.worker(settings, static=False)
    bed.wait(bed.shared, "both have their share")
    bed.toy_load().start()
    bed.wait(bed.applied(600), "events are applied")
    row.inject(fault)
    stuck.arm()
    began = time.monotonic()
    assert bed.expect_end(stuck, NOTICED) == ExitCode.INFRASTRUCTURE
    row.notes.append(f"ended after {time.monotonic() - began:.0f} s")
    assert '"stacks": ' in stuck.said, "what it was doing"
    bed.wait(lambda: owns_all(bed, other), "the other takes over")
    bed.recover()
    bed.finish()


def owns_all(bed: Bed, worker: Worker) -> bool:
    """Whether a worker is ready with all partitions."""
    return worker.is_ready() and len(worker.partitions()) == bed.partitions


@pytest.mark.fault("F21")
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "moment", [pytest.param("under load", marks=pytest.mark.quick), "after the last event"]
)
def test_f21_a_frozen_worker_wakes_up_after_its_partitions_moved(
    bed: Bed, dice: Dice, row: Row, scale: Scale, moment: str
) -> None:
    rounds = scale.pick(1, 2)
    row.schedule = f"{rounds} × SIGSTOP until the other has all partitions and has caught up, then SIGCONT"
    bed.start(2, static=False)
    load = bed.load().start()
    for _ in range(rounds):
        bed.wait(bed.shared, "both have their share")
        load.resume()
        bed.wait(bed.applied(500), "events are applied")
        bed.pass_time(dice.between(0, 0.5))
        sleep_and_wake(bed, load, *dice.shuffled(bed.workers), last=moment == "after the last event")
    verdict = bed.finish()
    row.notes.append(f"{bed.restarts} ended by themselves, {verdict.stale_rows} rows of zombies")
    assert len(verdict.epochs) > 2 * bed.partitions, "partitions moved"


def sleep_and_wake(bed: Bed, load: ShopLoad, sleeper: Worker, other: Worker, *, last: bool) -> None:
    """Freeze one worker until the other has taken over, and wake it."""
    bed.freeze(sleeper)
    bed.wait(lambda: owns_all(bed, other), "the other takes over")
    if last:
        load.pause()
    bed.recover()
    claims = sleeper.output().count("partitions claimed")
    bed.thaw(sleeper)
    bed.wait(
        lambda: sleeper.output().count("partitions claimed") > claims,
        "it has ended and was started again, or is a member again",
    )
