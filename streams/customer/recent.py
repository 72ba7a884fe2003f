"""The events of a customer that count, by id: what was sent twice by its producer is counted once.

Most events are idempotent in themselves (a maximum, a state). For those that count (deliveries, orders,
words on consent) the row keeps the last 64 ids that arrived within 28 days (wire.md, ``id``), 12 bytes
each: 8 of a hash of source and id, 4 of the time of arrival.
"""

from __future__ import annotations

import struct
from hashlib import blake2b
from typing import Final

KEPT: Final = 64
KEPT_FOR: Final = 28 * 86_400
_ENTRY: Final = struct.Struct("<8sI")
_SIZE: Final = _ENTRY.size
_TIMES: Final = tuple(struct.Struct("<" + "8xI" * number) for number in range(KEPT + 1))
"""By the number of ids: the times of their arrival."""


def with_id(recent: bytes, source: str, id_: str, at: int) -> bytes | None:
    """The ids with this one added (arrived at ``at``, ms), the oldest and the outdated left out.

    None if this event was counted before.
    """
    digest = blake2b(f"{source}\0{id_}".encode(), digest_size=8).digest()
    place = recent.find(digest)
    while place >= 0:
        if place % _SIZE == 0:
            return None
        place = recent.find(digest, place + 1)
    now = max(at // 1000, 0)
    entry = _ENTRY.pack(digest, min(now, 0xFFFFFFFF))
    return _kept(recent, now - KEPT_FOR)[(1 - KEPT) * _SIZE :] + entry


def _kept(recent: bytes, since: int) -> bytes:
    """The ids that arrived after a moment (s); they lie by their arrival, nearly."""
    times = _TIMES[len(recent) // _SIZE].unpack(recent)
    if not times or min(times) > since:
        return recent
    return b"".join(recent[i * _SIZE : (i + 1) * _SIZE] for i, at in enumerate(times) if at > since)
