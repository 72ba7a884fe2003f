"""Texts of time, read and written."""

import pytest

from streams.wire.times import DAY, HOUR, MINUTE, SECOND, format_days, format_time, parse_duration, parse_time

NOON_TEN = 1_795_255_200_000


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("1970-01-01T00:00:00.000Z", 0),
        ("1969-12-31T23:59:59.999Z", -1),
        ("2026-11-21T10:00:00.000Z", NOON_TEN),
        ("2026-11-21T10:00:00.001Z", NOON_TEN + 1),
        ("2026-11-21T10:00:00Z", NOON_TEN),
        ("2026-11-21T10:00:00.5Z", NOON_TEN + 500),
        ("2026-11-21T10:00:00.123456789Z", NOON_TEN + 123),
        ("2026-11-21T10:00:00.9999Z", NOON_TEN + 999),
        ("2026-11-21T11:30:00.000+01:30", NOON_TEN),
        ("2026-11-21T00:00:00.000-10:00", NOON_TEN),
        ("2026-11-21t10:00:00z", NOON_TEN),
        ("2026-11-21 10:00:00Z", NOON_TEN),
        ("2016-12-31T23:59:60Z", 1_483_228_800_000),
        ("2016-12-31T23:59:60.500Z", 1_483_228_800_000),
    ],
)
def test_a_moment_is_read_to_the_millisecond(text: str, ms: int) -> None:
    assert parse_time(text) == ms


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-21",
        "10:00:00Z",
        "2026-11-21T10:00:00",
        "2026-11-21T10:00:00.000",
        "2026-11-21T10:00:00,000Z",
        "2026-11-21T10:00Z",
        "20261121T100000Z",
        "2026-W47-6T10:00:00.000Z",
        "2026-W47-6T10:00:00Z",
        "2026-13-01T10:00:00.000Z",
        "2026-02-29T10:00:00.000Z",
        "2026-11-21T24:00:00.000Z",
        "2026-11-21T10:00:61.000Z",
        "2026-11-21T10:00:00.000+25:00",
        "2026-11-21T10:00:00.000Z ",
        " 2026-11-21T10:00:00.000Z",
        "2026-11-21T10:00:00.00\u0660Z",
        "+026-11-21T10:00:00.000Z",
        "2026-11-21T10:00:00.-01Z",
        "2026-11-21T1\u0660:00:00.000Z",
        "2026-11-21X10:00:00.000Z",
    ],
)
def test_what_is_no_rfc_3339_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_time(text)


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (NOON_TEN + 7, "2026-11-21T10:00:00.007Z"),
        (-62_135_596_800_000, "0001-01-01T00:00:00.000Z"),
    ],
)
def test_a_moment_is_always_written_with_three_decimals_and_z(ms: int, text: str) -> None:
    assert format_time(ms) == text


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("0s", 0),
        ("90s", 90 * SECOND),
        ("15m", 15 * MINUTE),
        ("36h", 36 * HOUR),
        ("30d", 30 * DAY),
        ("2y", 730 * DAY + 12 * HOUR),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text: str, ms: int) -> None:
    assert parse_duration(text) == ms


@pytest.mark.parametrize(
    "text", ["", "90", "s", "-1s", "1.5h", "1w", "1 h", "90S", "1h30m", "1h ", "1h\n", "\u0661h"]
)
def test_another_form_of_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "0.0d"),
        (DAY, "1.0d"),
        (24 * DAY + 2 * HOUR + 24 * MINUTE, "24.1d"),
        (DAY // 20, "0.1d"),
        (DAY // 20 - 1, "0.0d"),
        (-DAY, "-1.0d"),
        (-1, "0.0d"),
    ],
)
def test_days_are_rounded_to_a_tenth(ms: int, text: str) -> None:
    assert format_days(ms) == text
