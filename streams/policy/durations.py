"""Durations of a policy: text in the file ("30d"), whole milliseconds inside, one text out.

The text is what a marketer writes and reads; the milliseconds are what the core adds to times. `2y` is two
years of 365.25 days.
"""

import re
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, PlainSerializer

from ..wire.times import DAY, HOUR, MINUTE, SECOND, parse_duration
from .words import shown

YEAR: Final = 365 * DAY + 6 * HOUR

LONGEST: Final = 100 * YEAR
"""Longer is a slip of the pen, and would carry times past what the stored row can hold."""

_UNITS: Final = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY, "y": YEAR}
_LOOSE: Final = re.compile(r"\s*([0-9]{1,9})\s*([a-zA-Z]+)\.?\s*")
_WORDS: Final = {
    "s": ("s", "sec", "secs", "second", "seconds"),
    "m": ("min", "mins", "minute", "minutes"),
    "h": ("h", "hr", "hrs", "hour", "hours"),
    "d": ("d", "day", "days"),
    "y": ("y", "yr", "yrs", "year", "years"),
}
_DAYS: Final = {
    **dict.fromkeys(("w", "wk", "week", "weeks"), 7),
    **dict.fromkeys(("mo", "month", "months"), 30),
}


def parse(text: str) -> int:
    """Milliseconds of "90s", "15m", "36h", "30d" or "2y".

    Raises:
        ValueError: Not such a text, or longer than a hundred years; the message says how to write it.
    """
    try:
        length = parse_duration(text)
    except ValueError as error:
        raise ValueError(f'"{text}" is not a duration: {_advice(text)} (units: s, m, h, d, y)') from error
    if length > LONGEST:
        raise ValueError(f'"{text}" is longer than a hundred years')
    return length


def text_of(length: int) -> str:
    """The shortest whole number of the largest unit that gives exactly this length: 86,400,000 is "1d"."""
    if length == 0:
        return "0s"
    for unit, size in reversed(_UNITS.items()):
        if length % size == 0:
            return f"{length // size}{unit}"
    raise ValueError(f"{length} ms is no whole number of seconds")


def _advice(text: str) -> str:
    match = _LOOSE.fullmatch(text)
    if match is None:
        return 'write a whole number and a unit, such as "30d"'
    number, word = int(match[1]), match[2].lower()
    if word in _DAYS:
        return f'write "{number * _DAYS[word]}d"'
    for unit, words in _WORDS.items():
        if word in words:
            return f'write "{number}{unit}"'
    return f'write a unit, such as "{number}d"'


def _read(given: Any) -> int:  # noqa: ANN401 - whatever a file holds arrives here, and is judged here
    if isinstance(given, str):
        return parse(given)
    if isinstance(given, int) and not isinstance(given, bool):
        number = shown(given)
        raise ValueError(f'{number} has no unit: write "{number}d" for days, or h, m, s, y')  # noqa: TRY004 - as below
    # pydantic turns a ValueError into an error with a place, and lets a TypeError through
    raise ValueError('must be a duration in quotes, such as "30d"')


Duration = Annotated[int, BeforeValidator(_read), PlainSerializer(text_of, return_type=str)]
"""A duration, zero allowed."""

Period = Annotated[int, Field(gt=0), BeforeValidator(_read), PlainSerializer(text_of, return_type=str)]
"""A duration above zero: a window of no length would make a rule meaningless."""
