"""The rhythm of a stream: what late activity does to it, against the same history in order."""

import math
import random
import struct

import pytest

from streams.customer import cadence
from streams.customer.cadence import Cadence
from streams.wire.times import DAY, HOUR

from ...support.story import T

FORGETTING = (1.0, 0.95, 0.5)
MON, WED, SUN = T, T + 2 * DAY, T + 6 * DAY


def of(moments: list[int], forgetting: float) -> Cadence:
    """The cadence after activity at these moments, in this order."""
    c = cadence.first(moments[0])
    for at in moments[1:]:
        c = cadence.observe(c, at, forgetting)
    return c


def assert_same(left: Cadence, right: Cadence) -> None:
    assert (left.x, left.previous, left.start, left.last) == (
        right.x,
        right.previous,
        right.start,
        right.last,
    )
    assert left.n == pytest.approx(right.n, rel=1e-12)
    assert left.mean == pytest.approx(right.mean, rel=1e-12, abs=1e-12)
    assert left.m2 == pytest.approx(right.m2, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("forgetting", FORGETTING)
@pytest.mark.parametrize(
    ("history", "late"),
    [
        ([MON, SUN], WED),
        ([MON - 7 * DAY, MON, SUN], WED),
        ([MON, SUN], SUN - 2 * HOUR),
        ([MON - 7 * DAY, MON, SUN], SUN - 2 * HOUR),
        ([MON - 7 * DAY, MON, SUN, SUN + 4 * HOUR], SUN + 2 * HOUR),
        ([MON, SUN], MON + 2 * HOUR),
        ([MON - 7 * DAY, MON, SUN], MON + 2 * HOUR),
        ([WED], MON),
        ([WED], WED - 2 * HOUR),
        ([MON, SUN], SUN),
    ],
    ids=[
        "inside the only gap",
        "inside the newest gap",
        "an earlier start, one gap",
        "an earlier start, two gaps",
        "inside the newest occasion",
        "a later end of the occasion before, one gap",
        "a later end of the occasion before, two gaps",
        "before the only occasion",
        "an earlier start of the only occasion",
        "the newest again",
    ],
)
def test_late_activity_gives_the_same_rhythm_as_in_order(
    history: list[int], late: int, forgetting: float
) -> None:
    assert_same(of([*history, late], forgetting), of(sorted([*history, late]), forgetting))


@pytest.mark.parametrize("late", [MON, MON - DAY, MON - HOUR, MON - 30 * DAY])
def test_activity_before_the_newest_gap_changes_nothing(late: int) -> None:
    known = of([MON - 7 * DAY, MON, SUN], 0.95)
    assert cadence.observe(known, late, 0.95) is known


@pytest.mark.parametrize("forgetting", FORGETTING)
@pytest.mark.parametrize("gaps", [1, 2, 3, 50])
def test_undo_is_the_inverse_of_taking_a_gap_in(gaps: int, forgetting: float) -> None:
    chance = random.Random(gaps)
    moments = [T]
    for _ in range(gaps):
        moments.append(moments[-1] + round(chance.lognormvariate(2.0, 0.7) * DAY))
    before = of(moments, forgetting)
    y = cadence.log_gap(before.last, before.last + 11 * DAY)
    with_it = cadence.with_gap(before.x, before.n, before.mean, before.m2, y, forgetting)
    after = Cadence(
        *cadence.without_gap(*with_it, y, forgetting), before.previous, before.start, before.last, 0
    )
    assert_same(after, before)
    assert after.m2 >= 0.0


def test_forgetting_next_to_everything_divides_by_nothing() -> None:
    c = of([MON, SUN, SUN + 9 * DAY], 1e-20)
    late = cadence.observe(c, SUN + 3 * DAY, 1e-20)
    assert late.x == 3
    assert math.isfinite(late.mean)


def test_a_day_is_one_occasion_from_its_first_to_its_last_event() -> None:
    midnight = T - T % DAY
    c = of([midnight, midnight + HOUR, midnight + 23 * HOUR], 1.0)
    assert (c.x, c.start, c.last) == (0, midnight, midnight + 23 * HOUR)


def test_two_minutes_around_midnight_count_as_six_hours() -> None:
    midnight = T - T % DAY
    c = of([midnight - 60_000, midnight + 60_000], 1.0)
    assert c.x == 1
    assert c.mean == pytest.approx(math.log(0.25))


def test_the_deadline_moves_with_the_end_of_its_occasion_and_is_computed_anew_otherwise() -> None:
    c = of([MON, SUN], 1.0).due(SUN + 9 * DAY)
    assert cadence.observe(c, SUN + 3 * HOUR, 1.0).due_at == SUN + 9 * DAY + 3 * HOUR
    assert cadence.observe(c, SUN + 2 * DAY, 1.0).due_at == 0
    assert cadence.observe(c, WED, 1.0).due_at == 0
    assert cadence.observe(c, SUN, 1.0).due_at == SUN + 9 * DAY


@pytest.mark.parametrize("previous", [0, 1, 0xFFFF, 0x10000, T, 253_402_300_799_999])
def test_a_stored_cadence_is_60_bytes_and_gives_the_same_back(previous: int) -> None:
    c = Cadence(
        4_294_967_295,
        19.9,
        -1.25,
        3.5e-17,
        previous,
        T - T % DAY,
        T - T % DAY + DAY - 1,
        T + DAY,
        (255, 65_535, 0, 7),
    )
    still = c.still()
    assert len(still) + struct.calcsize("<" + cadence.MOVING) == 60
    assert cadence.stored(c.last, c.due_at, b"before" + still + b"behind", 6) == c


def test_a_stream_never_used_has_no_end() -> None:
    assert (cadence.last_of(None), cadence.last_of(of([MON, SUN], 1.0))) == (0, SUN)
