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


def seen(recent: bytes, source: str, id_: str) -> bool:
    """Whether this event was counted before."""
    digest = _digest(source, id_)
    return any(recent[i : i + 8] == digest for i in range(0, len(recent), _ENTRY.size))


def remember(recent: bytes, source: str, id_: str, at: int) -> bytes:
    """The ids with this one added (arrived at ``at``, ms), the oldest and the outdated left out."""
    now = max(at // 1000, 0)
    entry = _ENTRY.pack(_digest(source, id_), min(now, 0xFFFFFFFF))
    kept = [
        recent[i : i + _ENTRY.size]
        for i in range(0, len(recent), _ENTRY.size)
        if _ENTRY.unpack_from(recent, i)[1] > now - KEPT_FOR
    ]
    return b"".join(kept[1 - KEPT :]) + entry


def _digest(source: str, id_: str) -> bytes:
    """Eight bytes that stand for an event."""
    return blake2b(f"{source}\0{id_}".encode(), digest_size=8).digest()
