"""Trials and verdicts: by hand, and against a count that keeps everything."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from agents.backtest.intervals import rate, share
from agents.backtest.trials import Trials, experience_of, hours_of, total
from agents.backtest.verdict import Verdict, equally_noisy, of_fixed, third_of, thirds, verdict
from streams.open_time import OpenTime
from streams.wire.times import DAY, HOUR

L = 60 * DAY


def trials(end: int, since: int = 0) -> Trials:
    return Trials({"purchase": L}, since, end, 1)


def test_a_return_after_an_alarm_makes_it_false_and_a_silence_to_the_horizon_makes_it_right() -> None:
    t = trials(end=400 * DAY)
    t.act(b"c", ["purchase"], 0)
    t.alarm(0, "purchase", b"c", 20 * DAY)
    t.act(b"c", ["purchase"], 30 * DAY)
    t.alarm(0, "purchase", b"c", 50 * DAY)
    t.finish()

    v = verdict(t.counts, "purchase", 0)

    assert (v.active, v.lapsed, v.false, v.found) == (1, 1, 1, 1)
    assert v.years == 30 / 365.25
    assert v.delay == 20.0
    assert v.precision is not None
    assert v.precision.value == 0.5


def test_activity_of_one_day_is_one_occasion_and_the_gap_begins_at_its_end() -> None:
    t = trials(end=400 * DAY)
    for at in (HOUR, 5 * HOUR, 10 * DAY, 10 * DAY + HOUR, 15 * DAY):
        t.act(b"c", ["purchase"], at)
    t.finish()

    v = verdict(t.counts, "purchase", 0)

    assert v.gaps == Counter({10 * 24 - 5: 1, 5 * 24 - 1: 1})


def test_a_day_is_one_of_the_brands_time_zone() -> None:
    t = Trials({"purchase": L}, 0, 400 * DAY, 1, OpenTime("Asia/Tokyo"))
    for at in (14 * HOUR, 16 * HOUR, 40 * HOUR):  # 23:00, and 01:00 of the next two days
        t.act(b"c", ["purchase"], at)
    t.finish()

    assert verdict(t.counts, "purchase", 0).gaps == Counter({2: 1, 24: 1})


def test_a_lapsed_customer_without_an_alarm_within_the_horizon_counts_with_the_horizon() -> None:
    t = trials(end=400 * DAY)
    t.act(b"c", ["purchase"], 0)
    t.alarm(0, "purchase", b"c", 61 * DAY)
    t.finish()

    v = verdict(t.counts, "purchase", 0)

    assert (v.lapsed, v.found, v.delay, v.median_delay(L)) == (1, 0, 60.0, 60.0)


def test_what_began_before_the_judging_or_could_not_be_watched_to_the_horizon_is_no_trial() -> None:
    t = trials(end=100 * DAY, since=10 * DAY)
    t.act(b"c", ["purchase"], 9 * DAY)
    t.act(b"c", ["purchase"], 20 * DAY)  # the only one that is judged: 10 d <= 20 d <= 40 d
    t.act(b"c", ["purchase"], 41 * DAY)
    t.finish()

    assert verdict(t.counts, "purchase", 0).active + verdict(t.counts, "purchase", 0).lapsed == 1


def test_a_second_alarm_in_one_silence_is_counted_as_repeated() -> None:
    t = trials(end=400 * DAY)
    t.act(b"c", ["purchase"], 0)
    t.alarm(0, "purchase", b"c", 20 * DAY)
    t.alarm(0, "purchase", b"c", 25 * DAY)
    t.finish()

    assert verdict(t.counts, "purchase", 0).repeated == 1
    assert verdict(t.counts, "purchase", 0).delay == 20.0


def test_classes_of_occasions() -> None:
    assert [experience_of(n) for n in (1, 2, 3, 4, 6, 7, 12, 13, 99)] == [0, 1, 1, 2, 2, 3, 3, 4, 4]


def test_thirds_are_of_trials_by_the_own_typical_gap_from_four_occasions_on() -> None:
    t = trials(end=1_000 * DAY)
    for days in (2, 10, 40):
        for n in range(8):
            t.act(f"every {days}".encode(), ["purchase"], n * days * DAY)
    t.finish()

    bounds = thirds(t.counts, "purchase")

    assert bounds is not None
    parts = [
        verdict(t.counts, "purchase", 0, lambda key, n=number: third_of(key, bounds) == n)  # type: ignore[misc]
        for number in range(3)
    ]
    assert [set(part.gaps) for part in parts] == [{48}, {240}, {960}]
    assert [part.active for part in parts] == [4, 4, 4]  # of seven gaps, those after the fourth occasion


gap = st.integers(1, 90 * 24).map(lambda hours: hours * HOUR)


@given(st.lists(st.lists(gap, min_size=1, max_size=8), min_size=1, max_size=8), st.integers(1, 100))
def test_a_fixed_rule_counted_from_the_gaps_is_the_same_rule_told_as_alarms(
    customers: list[list[int]], days: int
) -> None:
    end = 500 * DAY
    t = trials(end)
    for number, gaps in enumerate(customers):
        key, at = str(number).encode(), 0
        t.act(key, ["purchase"], at)
        for length in [*gaps, None]:
            if length is None or length > days * DAY:
                t.alarm(0, "purchase", key, at + days * DAY)
            if length is not None:
                t.act(key, ["purchase"], at + length)
                at += length
    t.finish()
    told = verdict(t.counts, "purchase", 0)

    counted = of_fixed(told, days, L)

    assert (told.lapsed, told.false) == (counted.lapsed, counted.false)
    if days <= 60:
        assert told.delay_ms == counted.delay_ms


@given(st.dictionaries(st.integers(1, 1_000), st.integers(1, 20), min_size=1), st.data())
def test_the_equally_noisy_fixed_rule_is_equally_noisy(gaps: dict[int, int], data: st.DataObject) -> None:
    active = sum(gaps.values())
    v = Verdict(active=active, gaps=Counter(gaps))
    false = data.draw(st.integers(0, active))

    days = equally_noisy(v, false)

    assert days is not None
    assert of_fixed(v, days, 10_000 * DAY, v.gaps).false == false


def test_counts_of_shares_add_up_to_the_count_of_all() -> None:
    parts = [trials(end=400 * DAY) for _ in range(3)]
    whole = parts[2]
    for number, name in enumerate("abcdefg"):
        for n in range(9):
            for one in (parts[number % 2], whole):
                one.act(name.encode(), ["purchase"], n * (number + 1) * DAY)
    for one in parts:
        one.finish()

    assert total([parts[0].counts, parts[1].counts]) == whole.counts


def test_intervals_are_the_exact_ones_of_the_tables() -> None:
    ten = rate(10, 1.0)
    assert ten is not None
    assert (round(ten.low, 3), round(ten.high, 3)) == (4.795, 18.390)  # Garwood 1936
    none = rate(0, 1.0)
    assert none is not None
    assert (none.low, round(none.high, 3)) == (0.0, 3.689)
    part = share(8, 10)
    assert part is not None
    assert (round(part.low, 4), round(part.high, 4)) == (0.4439, 0.9748)
    assert rate(3, 0.0) is None
    assert share(0, 0) is None


def test_lengths_are_rounded_up_to_hours() -> None:
    assert [hours_of(ms) for ms in (1, HOUR, HOUR + 1)] == [1, 1, 2]
