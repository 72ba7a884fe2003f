"""The stored form of a row in version 2: read, and never written any more.

Laid out as version 3 is (``streams.wire.row``, ``streams.customer.state``), with fewer fields in what is
packed behind the cadences. Those that are missing have their defaults, so only that part is packed anew.
"""

from __future__ import annotations

import struct
from typing import Final

import msgspec

from streams.wire import row

from .state import SHAPES, pack_rest, rest_of

VERSION: Final = 2
HEAD: Final = struct.Struct("<BqqqqIB")
BUSY: Final = 1 << 5
"""The bit of the shape byte that says: an episode is open, or a play runs."""


def upcast(value: bytes) -> bytes:
    """A row of version 2 in version 3: the same customer, the same outbox.

    Raises:
        StoredFormError: if it is no row of version 2.
    """
    try:
        _, epoch, cut, seq, wake_at, length, shape = HEAD.unpack_from(value)
        body, outbox = value[HEAD.size : HEAD.size + length], value[HEAD.size + length :]
        if body:
            rest = SHAPES[shape].rest
            body = body[:rest] + pack_rest(rest_of(body[rest:]))
    except (struct.error, IndexError, msgspec.MsgspecError) as error:
        raise row.StoredFormError(f"a row that says format {VERSION} and is none") from error
    return row.pack(epoch, cut, seq, wake_at, body, [], shape) + outbox
