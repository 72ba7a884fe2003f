"""The stored form of a row in version 1, which 0.1.0 wrote: read, and never written any more.

    1 (1 byte) · epoch · cut · seq · wake_at (i64 each) · body length (u32) · body · outbox

The body was one packed array; each cadence in it 60 bytes (x u32; n, mean, m2 f64; previous, start, last,
due_at i64, ms), empty where a stream was never used. Nothing of version 2 is missing in it: only the order of
things is another, so what version 2 packs as version 1 did is taken over unread.
"""

from __future__ import annotations

import struct
from typing import Final

import msgspec
from msgspec import Raw

from streams.wire import row

from . import form2

VERSION: Final = 1
_HEAD: Final = struct.Struct("<BqqqqI")
_CADENCE: Final = struct.Struct("<Idddqqqq")
_DAY: Final = 86_400_000
_NONE: Final = (b"", b"\x90")
"""An empty list, packed, or left out."""


class _Body(msgspec.Struct, array_like=True):
    """The customer as version 1 had it."""

    first_seen: Raw
    purchase: bytes
    app: bytes
    web: bytes
    store: bytes
    brand: bytes
    channels: Raw
    installed_at: Raw
    episodes: Raw
    ended: Raw
    plays: Raw
    sends: Raw
    recent: Raw
    last_category: Raw
    spoken_at: Raw


_read: Final = msgspec.msgpack.Decoder(_Body).decode
_pack: Final = msgspec.msgpack.Encoder().encode


def upcast(value: bytes) -> bytes:
    """A row of version 1 in version 2: the same customer, the same outbox.

    Raises:
        StoredFormError: if it is no row of version 1.
    """
    try:
        _, epoch, cut, seq, wake_at, length = _HEAD.unpack_from(value)
        body, outbox = value[_HEAD.size : _HEAD.size + length], value[_HEAD.size + length :]
        shape, new = _body(_read(body)) if body else (0, b"")
    except (struct.error, msgspec.MsgspecError) as error:
        raise row.StoredFormError(f"a row that says format {VERSION} and is none") from error
    return form2.HEAD.pack(form2.VERSION, epoch, cut, seq, wake_at, len(new), shape) + new + outbox


def _body(old: _Body) -> tuple[int, bytes]:
    """The shape byte and the body of version 2."""
    shape = 0 if bytes(old.episodes) in _NONE and bytes(old.plays) in _NONE else form2.BUSY
    moving, still = b"", b""
    for number, cadence in enumerate((old.purchase, old.app, old.web, old.store, old.brand)):
        if cadence:
            shape |= 1 << number
            x, n, mean, m2, previous, start, last, due_at = _CADENCE.unpack(cadence)
            moving += form2.MOVING.pack(last, due_at)
            still += form2.STILL.pack(x, n, mean, m2, previous & 0xFFFF, previous >> 16, start % _DAY)
    return shape, moving + still + _pack(_rest(old))


def _rest(old: _Body) -> tuple[Raw, ...]:
    """What version 2 packs behind the cadences."""
    return (
        old.first_seen,
        old.spoken_at,
        old.channels,
        old.recent,
        old.sends,
        old.last_category,
        old.installed_at,
        old.ended,
        old.episodes,
        old.plays,
    )
