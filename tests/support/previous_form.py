"""Rows as earlier versions wrote them: what a changelog holds while a fleet is being upgraded.

Written here on its own, from what those forms were, so that their readers in ``streams.customer`` are not
judged by themselves. What a form did not know is not in it: a row of today loses that.
"""

import struct
from typing import Any

import msgspec

from streams.customer.cadence import Cadence
from streams.customer.state import BUSY, SHAPES, decode
from streams.wire import row

_HEAD_1 = struct.Struct("<BqqqqI")
_HEAD_2 = struct.Struct("<BqqqqIB")
_CADENCE = struct.Struct("<Idddqqqq")
_MOVING_2 = struct.Struct("<qq")
_STILL_2 = struct.Struct("<IdddHII")
CUSTOMER, CHANNEL, EPISODE, ENDED, RUNNING, SENT = 10, 10, 10, 5, 12, 6
"""How many fields forms 1 and 2 had in each part of what is packed."""


def as_form_1(value: bytes) -> bytes:
    """A row of today in form 1, of release 0.1.0."""
    stored = row.unpack(value)
    body = _body(stored) if stored.body else b""
    head = _HEAD_1.pack(1, stored.epoch, stored.cut, stored.seq, stored.wake_at, len(body))
    return head + body + stored.outbox


def as_form_2(value: bytes) -> bytes:
    """A row of today in form 2."""
    stored = row.unpack(value)
    body = _cadences_2(stored) + msgspec.msgpack.encode(_rest(stored)) if stored.body else b""
    shape = stored.shape & (BUSY - 1) | (BUSY if stored.shape >= BUSY else 0)
    head = _HEAD_2.pack(2, stored.epoch, stored.cut, stored.seq, stored.wake_at, len(body), shape)
    return head + body + stored.outbox


def context_as_form_1(value: bytes) -> bytes:
    """An entry of the context, or a mark, in form 1: only its first byte tells them apart."""
    return b"\x01" + value[1:]


def context_as_form_2(value: bytes) -> bytes:
    """The same in form 2."""
    return b"\x02" + value[1:]


def _cadences_2(stored: row.Row) -> bytes:
    """The cadences as form 2 had them: nothing of others, and the start as a place in its day."""
    known = [c for c in decode(stored.shape, stored.body).cadences() if c is not None]
    parts = [_MOVING_2.pack(c.last, c.due_at) for c in known]
    for c in known:
        previous = c.previous & 0xFFFF, c.previous >> 16
        parts.append(_STILL_2.pack(c.x, c.n, c.mean, c.m2, *previous, c.start % 86_400_000))
    return b"".join(parts)


def _rest(stored: row.Row) -> list[Any]:
    """What forms 1 and 2 knew of what is packed behind the cadences."""
    rest = msgspec.msgpack.decode(stored.body[SHAPES[stored.shape].rest :])[:CUSTOMER]
    first_seen, spoken_at, channels, recent, sends, category, installed_at, ended, episodes, plays = rest
    return [
        first_seen,
        spoken_at,
        {name: channel[:CHANNEL] for name, channel in channels.items()},
        recent,
        sends,
        category,
        installed_at,
        [one[:ENDED] for one in ended],
        [episode[:EPISODE] for episode in episodes],
        [_play(play[:RUNNING]) for play in plays],
    ]


def _play(play: list[Any]) -> list[Any]:
    sent, reacted = play[10:]
    return [*play[:10], [one[:SENT] for one in sent], reacted]


def _body(stored: row.Row) -> bytes:
    first_seen, spoken_at, channels, recent, sends, category, installed_at, ended, episodes, plays = _rest(
        stored
    )
    cadences = decode(stored.shape, stored.body).cadences()
    return msgspec.msgpack.encode(
        (
            first_seen,
            *map(_cadence, cadences),
            channels,
            installed_at,
            episodes,
            ended,
            plays,
            sends,
            recent,
            category,
            spoken_at,
        )
    )


def _cadence(c: Cadence | None) -> bytes:
    if c is None:
        return b""
    return _CADENCE.pack(c.x, c.n, c.mean, c.m2, c.previous, c.start, c.last, c.due_at)
