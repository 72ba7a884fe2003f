"""Which partition a key belongs to: murmur2 as Java's default partitioner has it, which aiokafka follows.

A record elsewhere was sent by a producer with another partitioner, and its customer would live in two rows.
"""

from functools import lru_cache
from struct import unpack_from
from typing import Final

_SEED: Final = 0x9747B28C
_M: Final = 0x5BD1E995
_MASK: Final = 0xFFFFFFFF


def murmur2(key: bytes) -> int:
    """Hash a key; an unsigned number of 32 bits."""
    length = len(key)
    rest = length & 3
    hashed = _SEED ^ length
    for word in unpack_from(f"<{length >> 2}I", key):
        k = (word * _M) & _MASK
        hashed = (hashed * _M ^ (k ^ (k >> 24)) * _M) & _MASK
    if rest:
        hashed = ((hashed ^ int.from_bytes(key[-rest:], "little")) * _M) & _MASK
    hashed = ((hashed ^ (hashed >> 13)) * _M) & _MASK
    return hashed ^ (hashed >> 15)


@lru_cache(maxsize=1 << 16)  # customers come back; about 10 MB at most
def partition_of(key: bytes, partitions: int) -> int:
    """Say on which of `partitions` partitions every producer puts this key."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions
