"""F3, F4: workers come and go, one after the other."""

import time

import pytest

from tests.support.faults import PRODUCTION, Bed, Dice, Row

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

LONGEST_STALL = 20.0


@pytest.mark.fault("F3")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("members", ["static", "dynamic"])
def test_f3_four_workers_are_restarted_one_by_one(bed: Bed, dice: Dice, row: Row, members: str) -> None:
    row.schedule = "SIGTERM and start of each of 4 workers"
    bed.start(4, static=members == "static", settings=PRODUCTION)
    bed.load().start()
    bed.wait(bed.applied(600), "events are applied")
    began = time.time()
    for worker in dice.shuffled(bed.workers):
        others = {other: bed.claims(other) for other in bed.workers if other is not worker}
        bed.stop(worker)
        bed.pass_time(dice.between(0, 1))
        bed.again(worker)
        bed.wait(bed.shared, "all four have their share")
        bed.recover()
        moved = [bed.claims(other) - before for other, before in others.items()]
        assert members == "dynamic" or not any(moved), f"a static member's restart moved partitions: {moved}"
    stalls = bed.stalls(began, time.time())
    row.notes.append(f"longest stall of a partition {max(stalls.values()):.1f} s")
    verdict = bed.finish()
    assert max(stalls.values()) < LONGEST_STALL
    assert not verdict.ignored, "nobody wrote to a partition that somebody newer owned"


@pytest.mark.fault("F4")
@pytest.mark.timeout(600)
def test_f4_from_one_worker_to_four_and_back_to_two(bed: Bed, dice: Dice, row: Row) -> None:
    row.schedule = "1, then 4, then 2 workers, at random moments"
    bed.start(1, static=False)
    bed.load().start()
    bed.wait(bed.applied(300), "events are applied")
    began = time.time()
    for _ in range(3):
        bed.row.inject("one more worker")
        bed.worker(static=False)
        bed.pass_time(dice.between(0, 3))
    bed.wait(bed.shared, "four have a partition each")
    bed.recover()
    for worker in dice.shuffled(bed.workers)[:2]:
        bed.stop(worker)
        bed.pass_time(dice.between(0, 3))
    bed.wait(bed.shared, "two have two partitions each")
    bed.recover()
    stalls = bed.stalls(began, time.time())
    row.notes.append(f"longest stall of a partition {max(stalls.values()):.1f} s")
    verdict = bed.finish()
    assert not bed.restarts
    assert not verdict.ignored, "one owner per partition at any time"
    assert max(stalls.values()) < LONGEST_STALL
