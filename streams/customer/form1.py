"""The stored form of a row in version 1, which 0.1.0 wrote: read, and never written any more.

    1 (1 byte) · epoch · cut · seq · wake_at (i64 each) · body length (u32) · body · outbox

The body was one packed array; each cadence in it 60 bytes (x u32; n, mean, m2 f64; previous, start, last,
due_at i64, ms), empty where a stream was never used. Nothing of version 2 is missing in it.
"""

from __future__ import annotations

import struct
from typing import Final

import msgspec

from streams.wire import row

from .cadence import Cadence
from .state import Channel, Customer, Ended, Episode, Running, encode

VERSION: Final = 1
_HEAD: Final = struct.Struct("<BqqqqI")
_CADENCE: Final = struct.Struct("<Idddqqqq")


class _Body(msgspec.Struct, array_like=True):
    """The customer as version 1 had it."""

    first_seen: int
    purchase: bytes = b""
    app: bytes = b""
    web: bytes = b""
    store: bytes = b""
    brand: bytes = b""
    channels: dict[str, Channel] = {}
    installed_at: int = 0
    episodes: list[Episode] = []
    ended: list[Ended] = []
    plays: list[Running] = []
    sends: list[tuple[int, str]] = []
    recent: bytes = b""
    last_category: str = ""
    spoken_at: int = 0


_read: Final = msgspec.msgpack.Decoder(_Body).decode


def upcast(value: bytes) -> bytes:
    """A row of version 1 in the version of today: the same customer, the same outbox.

    Raises:
        StoredFormError: if it is no row of version 1.
    """
    try:
        _, epoch, cut, seq, wake_at, length = _HEAD.unpack_from(value)
        body, outbox = value[_HEAD.size : _HEAD.size + length], value[_HEAD.size + length :]
        shape, new = encode(_customer(_read(body))) if body else (0, b"")
    except (struct.error, msgspec.MsgspecError) as error:
        raise row.StoredFormError(f"a row that says format {VERSION} and is none") from error
    return row.pack(epoch, cut, seq, wake_at, new, [], shape) + outbox


def _customer(old: _Body) -> Customer:
    return Customer(
        first_seen=old.first_seen,
        spoken_at=old.spoken_at,
        channels=old.channels,
        recent=old.recent,
        sends=old.sends,
        last_category=old.last_category,
        installed_at=old.installed_at,
        ended=old.ended,
        episodes=old.episodes,
        plays=old.plays,
        purchase=_cadence(old.purchase),
        app=_cadence(old.app),
        web=_cadence(old.web),
        store=_cadence(old.store),
        brand=_cadence(old.brand),
    )


def _cadence(stored: bytes) -> Cadence | None:
    return Cadence(*_CADENCE.unpack(stored)) if stored else None
