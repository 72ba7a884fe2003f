"""Moments of a scenario: offsets from its start, or absolute; and how a moment is told to a reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streams.wire.times import DAY, HOUR, MINUTE, SECOND, format_time, parse_duration, parse_time

if TYPE_CHECKING:
    from .given import Given


def moment(given: Given, start: int, what: str = "at") -> int:
    """A moment (ms): ``93d``, ``93d 2h`` or ``2026-01-05T10:00:00Z``."""
    found = as_moment(given.plain, start)
    if found is None:
        given.fail(
            f'{what} must be a time from the start ("93d", "93d 2h") or a moment: 2026-01-05T10:00:00Z'
        )
    return found


def absolute(given: Given, what: str) -> int:
    """A moment (ms) that is no offset."""
    found = as_moment(given.plain, 0)
    if found is None or _length(given.plain) is not None:
        given.fail(f"{what} must be a moment such as 2026-01-05T10:00:00Z")
    return found


def duration(given: Given, what: str) -> int:
    """A length of time (ms): ``7d``, ``1d 12h``."""
    found = _length(given.plain)
    if found is None:
        given.fail(f'{what} must be a length of time such as "90s", "15m", "36h" or "30d"')
    return found


def as_moment(value: object, start: int) -> int | None:
    """A moment (ms) if a value can be read as one."""
    length = _length(value)
    if length is not None:
        return start + length
    if not isinstance(value, str):
        return None
    try:
        return parse_time(value)
    except ValueError:
        return None


def _length(value: object) -> int | None:
    if not isinstance(value, str) or not value:
        return None
    try:
        return sum(parse_duration(part) for part in value.split(" "))
    except ValueError:
        return None


def tell(at: int, start: int) -> str:
    """A moment as a scenario says it, and as the wire does: ``93d 2h (2026-04-08T12:00:00.000Z)``."""
    rest, parts = abs(at - start), []
    for unit, size in (("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", SECOND), ("ms", 1)):
        number, rest = divmod(rest, size)
        if number:
            parts.append(f"{number}{unit}")
    offset = " ".join(parts) or "0d"
    sign = "-" if at < start else ""
    return f"{sign}{offset} ({format_time(at)})"
