"""Rows as release 0.1.0 wrote them (form 1): what a changelog holds while a fleet is being upgraded.

Written here on its own, from what that form was, so that its reader in ``streams.customer.form1`` is not
judged by itself.
"""

import struct

import msgspec

from streams.customer.cadence import Cadence
from streams.customer.state import decode
from streams.wire import row

_HEAD = struct.Struct("<BqqqqI")
_CADENCE = struct.Struct("<Idddqqqq")


def as_form_1(value: bytes) -> bytes:
    """A row of today in form 1, which lacks nothing of it."""
    stored = row.unpack(value)
    body = _body(stored) if stored.body else b""
    head = _HEAD.pack(1, stored.epoch, stored.cut, stored.seq, stored.wake_at, len(body))
    return head + body + stored.outbox


def context_as_form_1(value: bytes) -> bytes:
    """An entry of the context, or a mark, in form 1: only its first byte tells them apart."""
    return b"\x01" + value[1:]


def _body(stored: row.Row) -> bytes:
    c = decode(stored.shape, stored.body)
    return msgspec.msgpack.encode(
        (
            c.first_seen,
            *map(_cadence, c.cadences()),
            c.channels,
            c.installed_at,
            c.episodes,
            c.ended,
            c.plays,
            c.sends,
            c.recent,
            c.last_category,
            c.spoken_at,
        )
    )


def _cadence(c: Cadence | None) -> bytes:
    if c is None:
        return b""
    return _CADENCE.pack(c.x, c.n, c.mean, c.m2, c.previous, c.start, c.last, c.due_at)
