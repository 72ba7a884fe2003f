"""The brand's days and the time in which it is open: exact there and back, whatever the clocks do."""

import random
from datetime import date

import pytest

from streams.open_time import OpenTime
from streams.wire.times import DAY, HOUR, MINUTE, parse_time

BRANDS = {
    "berlin": OpenTime("Europe/Berlin", (5, 6), [(date(2025, 12, 24), date(2026, 1, 3))]),
    "clocks skip midnight": OpenTime("America/Sao_Paulo", (6,)),
    "closed on Saturdays": OpenTime("UTC", (5,), [(date(2011, 12, 24), date(2012, 1, 3))]),
    "half an hour": OpenTime("Australia/Lord_Howe"),
}
brands = pytest.mark.parametrize("brand", BRANDS.values(), ids=BRANDS)


def at(text: str) -> int:
    return parse_time(f"{text}:00.000Z")


def anywhen(chance: random.Random) -> int:
    return chance.randrange(at("2005-01-01T00:00"), at("2030-01-01T00:00"))


@brands
def test_so_much_open_time_after_a_moment_is_so_much_open_time_after_it(brand: OpenTime) -> None:
    chance = random.Random(1)
    for _ in range(2_000):
        since, length = anywhen(chance), chance.randrange(0, 200 * DAY)
        until = brand.after(since, length)
        assert brand.between(since, until) == length
        assert not length or brand.between(since, until - 1) < length, "the first such moment"
        closed = list(brand.closed_between(since, until))
        assert until - since - sum(end - start for start, end in closed) == length
        assert all(since <= start < end <= until for start, end in closed)


@brands
def test_every_moment_lies_in_one_day_of_about_24_hours(brand: OpenTime) -> None:
    chance = random.Random(2)
    for _ in range(2_000):
        moment = anywhen(chance)
        start, end = brand.day(moment)
        assert start <= moment < end
        assert 23 * HOUR <= end - start <= 25 * HOUR
        assert brand.day(start) == brand.day(end - 1) == (start, end)
        assert brand.day(end)[0] == end


@pytest.mark.parametrize(
    ("zone", "moment", "day"),
    [
        ("Europe/Berlin", "2025-03-01T23:30", ("2025-03-01T23:00", "2025-03-02T23:00")),
        ("Europe/Berlin", "2025-03-30T12:00", ("2025-03-29T23:00", "2025-03-30T22:00")),
        ("Europe/Berlin", "2025-10-26T12:00", ("2025-10-25T22:00", "2025-10-26T23:00")),
        ("America/Sao_Paulo", "2018-11-04T12:00", ("2018-11-04T03:00", "2018-11-05T02:00")),
    ],
    ids=["winter", "23 hours", "25 hours", "no midnight"],
)
def test_days_are_those_of_the_zone(zone: str, moment: str, day: tuple[str, str]) -> None:
    assert OpenTime(zone).day(at(moment)) == (at(day[0]), at(day[1]))


def test_a_closed_day_is_no_time_at_all() -> None:
    saturdays = BRANDS["closed on Saturdays"]
    friday, sunday = at("2025-03-07T12:00"), at("2025-03-09T12:00")
    assert saturdays.between(friday, sunday) == DAY
    assert saturdays.after(friday, DAY) == sunday
    assert saturdays.after(friday, 12 * HOUR) == at("2025-03-08T00:00"), "the first moment, not the last"
    assert saturdays.between(at("2025-03-08T01:00"), at("2025-03-08T23:00")) == 0
    assert saturdays.after(at("2025-03-08T10:00"), MINUTE) == at("2025-03-09T00:01")
    assert saturdays.after(at("2025-03-08T10:00"), 0) == at("2025-03-08T10:00")


def test_closed_days_that_meet_are_one_span() -> None:
    assert list(BRANDS["berlin"].closed_between(at("2025-12-20T12:00"), at("2026-01-05T00:00"))) == [
        (at("2025-12-20T12:00"), at("2025-12-21T23:00")),
        (at("2025-12-23T23:00"), at("2026-01-04T23:00")),
    ]


def test_a_brand_that_never_closes_loses_no_time() -> None:
    brand = BRANDS["half an hour"]
    assert not brand.closes
    assert (brand.between(5, 9), brand.after(5, 4), brand.share) == (4, 9, 1.0)
    assert BRANDS["berlin"].share == pytest.approx(5 / 7)
