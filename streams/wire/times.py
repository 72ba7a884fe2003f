"""Moments and durations: text outside, whole milliseconds since 1970 (UTC) inside.

Integers compare, subtract and hash the same on every machine, which is what makes ids and replays repeatable.
The texts are RFC 3339 for moments and ``"36h"`` for durations (wire.md).
"""

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)

# Fields of wire forms hold text while they are decoded and milliseconds ever after (`decode` puts the number
# in place). One class for both spares the hot path a second object for each event.
if TYPE_CHECKING:
    Moment = int
else:
    Moment = str

_RFC_3339: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ]((?:[01]\d|2[0-3]):[0-5]\d):(\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)",
    re.ASCII,
)
_WIRE_LENGTH: Final = len("2026-11-21T10:00:00.000Z")

_SECONDS: Final = {f":{second:02}": second * SECOND for second in range(60)}
_DECIMALS: Final = {f".{decimals:03}Z": decimals for decimals in range(1000)}
_SECOND_TEXTS: Final = tuple(_SECONDS)
_DECIMAL_TEXTS: Final = tuple(_DECIMALS)
_MINUTES_OF_DAY: Final = tuple(f"{hour:02}:{minute:02}" for hour in range(24) for minute in range(60))
_MOST_DATES: Final = 1 << 12
_dates: Final[dict[int, str]] = {}
"""Days written lately, by their number since 1970."""

_MOST_MINUTES: Final = 1 << 14
UNREAD: Final = -(1 << 62)
_minutes: Final[dict[str, int]] = {}
"""Minutes read lately, and when they begin (ms): events cluster in time. A megabyte or two at most."""

_DURATION: Final = re.compile(r"(\d{1,6})([smhdy])", re.ASCII)
_UNITS: Final = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY, "y": 36525 * DAY // 100}


def parse_time(text: str) -> int:
    """Read an RFC 3339 moment.

    Args:
        text: for example ``2026-11-21T10:00:00.000Z``; any offset, any number of decimals up to nine. What is
            finer than a millisecond is cut off. A leap second is the first moment of the next minute.

    Returns:
        Milliseconds since 1970 UTC, negative before.

    Raises:
        ValueError: the text is no such moment (a date alone, no offset, the 30th of February …).
    """
    at = recent_time(text)
    return at if at != UNREAD else _parse_minute(text)


def recent_time(text: str) -> int:
    """Read a moment of the form that we write ourselves, in a minute that was read before; else `UNREAD`.

    Most producers write that form too. It is looked up in three pieces: the minute, the second, its decimals.
    """
    try:
        return _minutes[text[:16]] + _SECONDS[text[16:19]] + _DECIMALS[text[19:]]
    except KeyError:
        return UNREAD


def _parse_minute(text: str) -> int:
    """Read a moment, and remember its minute if it has the form that we write ourselves."""
    moment = _parse_slowly(text)
    minute = text[:16]
    # At this length and with these two characters, what was read is YYYY-MM-DDTHH:MM:SS.mmmZ; a leap second
    # is none of these seconds.
    if len(text) == _WIRE_LENGTH and text[10] == "T" and text[16:19] in _SECONDS and text[19:] in _DECIMALS:
        if len(_minutes) >= _MOST_MINUTES:
            _minutes.clear()
        _minutes[minute] = moment - _SECONDS[text[16:19]] - _DECIMALS[text[19:]]
    return moment


def _parse_slowly(text: str) -> int:
    match = _RFC_3339.fullmatch(text)
    if match is None:
        raise ValueError("not an RFC 3339 time")
    date, minute, second, decimals, offset = match.groups()
    offset = "+00:00" if offset in {"Z", "z"} else offset
    leap = second == "60"
    moment = datetime.fromisoformat(f"{date}T{minute}:{'59' if leap else second}{offset}")
    whole = (moment - _EPOCH) // _MILLISECOND
    if leap:
        return whole + SECOND
    return whole + int((decimals or "")[:3].ljust(3, "0"))


def format_time(ms: int) -> str:
    """Write a moment as the wire has it: UTC, ``Z``, always three decimals.

    Raises:
        OverflowError: the moment is outside the years 1 to 9999.
    """
    day, rest = divmod(ms, DAY)
    minute, rest = divmod(rest, MINUTE)
    second, decimals = divmod(rest, SECOND)
    date = _dates.get(day) or _format_day(day)
    return date + _MINUTES_OF_DAY[minute] + _SECOND_TEXTS[second] + _DECIMAL_TEXTS[decimals]


def _format_day(day: int) -> str:
    """Write a day since 1970 as the moments in it begin, and remember it."""
    # Not strftime: its %Y does not pad years below 1000 on every platform.
    text = f"{(_EPOCH + timedelta(days=day)).date().isoformat()}T"
    if len(_dates) >= _MOST_DATES:
        _dates.clear()
    _dates[day] = text
    return text


def parse_duration(text: str) -> int:
    """Read a duration such as ``90s``, ``15m``, ``36h``, ``30d`` or ``2y`` (a year has 365.25 days).

    Returns:
        Milliseconds, never negative.

    Raises:
        ValueError: the text is no whole number followed by one of these five units.
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError('not a duration such as "90s", "15m", "36h", "30d" or "2y"')
    return int(match[1]) * _UNITS[match[2]]


def format_days(ms: int) -> str:
    """Write a length of time in days with one decimal, as evidence has it: ``24.1d``."""
    # Integers only, half away from zero: the same text on every machine.
    tenths = (abs(ms) * 20 + DAY) // (2 * DAY)
    sign = "-" if ms < 0 and tenths else ""
    return f"{sign}{tenths // 10}.{tenths % 10}d"
