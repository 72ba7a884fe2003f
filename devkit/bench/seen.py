"""What the contenders without Holdfast read of an event, what stock Faust keeps of a customer, and where.

Apart from the stock contender's app, which is made on import.
"""

import time
from typing import Final

import msgspec

from streams.wire.event import SHORT_TOPICS

TABLE: Final = "seen"
EMAIL: Final = "email.delivered"
NOBODY_ACTED: Final = frozenset({EMAIL, "push.delivered"})
EVERY: Final = 0.1
"""Seconds between two lines of progress."""


class Head(msgspec.Struct, gc=False):
    """What is read of an event."""

    type: str
    occurred_at: str


class Seen(msgspec.Struct, array_like=True, gc=False):
    """Events, delivered emails, and the last sign of life as its event had it."""

    events: int = 0
    emails: int = 0
    last: str = ""


decode: Final = msgspec.json.Decoder(Head).decode
pack: Final = msgspec.msgpack.Encoder().encode
unpack: Final = msgspec.msgpack.Decoder(Seen).decode


def progress(events: int, emails: int) -> str:
    """A line that says how far it is, at what CPU time (s), and when (monotonic s)."""
    return f"progress {events} {emails} {time.process_time():.4f} {time.monotonic():.4f}"


def inputs(prefix: str) -> list[str]:
    """The topics that are read."""
    return [f"{prefix}.events.{short}.v1" for short in SHORT_TOPICS]


def app_id(prefix: str) -> str:
    """The contender's own group, beside Holdfast's on the same topics."""
    return f"{prefix}-stock"


def changelog(prefix: str) -> str:
    """The topic of its table, as Faust names it."""
    return f"{app_id(prefix)}-{TABLE}-changelog"
