"""The stored form of a row in version 2: read, and never written any more.

Laid out as version 3 is (``streams.wire.row``, ``streams.customer.state``), but a cadence knew nothing of
the other surfaces, and of the start of its newest occasion the place in its day (UTC). What is packed behind
the cadences had fewer fields. Those that are missing have their defaults.
"""

from __future__ import annotations

import struct
from typing import Final

import msgspec

from streams.wire import row

from .cadence import LOW
from .cadence import STILL as STILL_3
from .elsewhere import NOWHERE
from .state import SHAPES, marks_of, pack_rest, rest_of

VERSION: Final = 2
HEAD: Final = struct.Struct("<BqqqqIB")
BUSY: Final = 1 << 5
"""The bit of the shape byte that says: an episode is open, or a play runs."""

MOVING: Final = struct.Struct("<qq")
"""Of each cadence: last, due_at."""

STILL: Final = struct.Struct("<IdddHII")
"""Of each cadence: x, n, mean, m2, previous (48 bits, low ones first), the start's place in its day (ms)."""

_DAY: Final = 86_400_000


def upcast(value: bytes) -> bytes:
    """A row of version 2 in version 3: the same customer, the same outbox.

    Raises:
        StoredFormError: if it is no row of version 2.
    """
    try:
        _, epoch, cut, seq, wake_at, length, shape = HEAD.unpack_from(value)
        body, outbox = value[HEAD.size : HEAD.size + length], value[HEAD.size + length :]
        if body:
            shape, body = _body(shape, body)
    except (struct.error, IndexError, msgspec.MsgspecError) as error:
        raise row.StoredFormError(f"a row that says format {VERSION} and is none") from error
    return row.pack(epoch, cut, seq, wake_at, body, [], shape) + outbox


def _body(shape: int, old: bytes) -> tuple[int, bytes]:
    """The shape byte and the body of version 3."""
    streams = len(SHAPES[shape].streams)
    moving, still = old[: MOVING.size * streams], []
    rest = len(moving) + STILL.size * streams
    for number in range(streams):
        last, _ = MOVING.unpack_from(moving, MOVING.size * number)
        *sums, start = STILL.unpack_from(old, len(moving) + STILL.size * number)
        still.append(STILL_3.pack(*sums, last - last % _DAY + start & LOW, *NOWHERE))
    c = rest_of(old[rest:])
    return shape & (BUSY - 1) | marks_of(c), b"".join((moving, *still, pack_rest(c)))
