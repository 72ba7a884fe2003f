"""The forms that a setting's value may take, and how each is read and shown."""

import ipaddress
from typing import Annotated, Final

from pydantic import BeforeValidator

from streams.wire.times import DAY, HOUR, MINUTE, SECOND, parse_duration

_UNITS = (("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", SECOND), ("ms", 1))


def _duration(value: object) -> int:
    """Read a duration; a bare number is refused: nobody can tell seconds from milliseconds."""
    if isinstance(value, str):
        text = value.strip()
        if text.endswith("ms") and text[:-2].isdecimal():  # finer than the wire's durations: pacing needs it
            return int(text[:-2])
        try:
            return parse_duration(text)
        except ValueError:
            pass
    raise ValueError('is no duration: write "50ms", "12s", "15m", "36h" or "30d"')


def _addresses(value: object) -> tuple[str, ...]:
    """Read ``host:port,host:port`` (or a list of them)."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, (list, tuple)) or not all(isinstance(part, str) for part in parts):
        raise ValueError('is no list of brokers: write "host:9092,other:9092"')
    cleaned = tuple(part.strip() for part in parts if part.strip())
    for part in cleaned:
        host, _, port = part.rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 65_536:  # noqa: PLR2004 - the range of ports
            raise ValueError(f'"{part}" is no broker address: write "host:port"')
    if not cleaned:
        raise ValueError('names no broker: write "host:9092"')
    return cleaned


DURATION: Final = BeforeValidator(_duration)
"""Marks the settings that are durations, for those who show them."""

Duration = Annotated[int, DURATION]
"""A duration in files and variables, int milliseconds inside."""

Addresses = Annotated[tuple[str, ...], BeforeValidator(_addresses)]
"""Broker addresses ``host:port``."""


def format_duration(milliseconds: int) -> str:
    """Write a duration in the largest unit that divides it: 12000 is ``12s``."""
    if milliseconds == 0:
        return "0s"
    unit, size = next((unit, size) for unit, size in _UNITS if milliseconds % size == 0)
    return f"{milliseconds // size}{unit}"


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the host; a name other than ``localhost`` is not trusted to be."""
    bare = host.strip("[]").lower()
    if bare == "localhost":
        return True
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return False
