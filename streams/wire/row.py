"""The envelope of a stored row: what the lane must know of a changelog value without opening it.

    format (1 byte) · epoch (i64) · cut (i64) · seq (i64) · wake_at (i64, ms) · body length (u32) ·
    shape (1 byte) · body · outbox

Shape says how the body is laid out; like the body it is the business of ``streams.customer.state``.

The body is the customer (``streams.customer.state``), empty for a row that is leaving. The outbox holds
the effects of the row's last cut, byte for byte, so that a new owner can send them again (design.md 5).
Everything in the changelog but markers begins with format and epoch; entries of the context (``CONTEXT``
keys) carry nothing else before their payload.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

import msgspec

FORMAT: Final = 3
"""The version of the stored form. A higher one was written by a newer Holdfast and is refused."""

READABLE: Final = (1, 2, FORMAT)
"""The versions that are read from a changelog: older ones are lifted first (``streams.customer.upcast``)."""

MARKER: Final = b"\x00epoch"
"""The changelog key of the record by which an owner claims a partition; its offset is the owner's epoch."""

CONTEXT: Final = b"\x00context/"
"""The beginning of the changelog keys of facts: ``\\x00context/<kind>/<control offset>``."""

HEAD: Final = struct.Struct("<BqqqqIB")
_PREFIX: Final = struct.Struct("<Bq")
_EPOCH: Final = struct.Struct("<q")
_CUT: Final = struct.Struct("<q")
_SEQ: Final = struct.Struct("<q")
_WAKE: Final = struct.Struct("<q")
_LENGTH: Final = struct.Struct("<I")
_CUT_AT: Final = _PREFIX.size
_SEQ_AT: Final = _PREFIX.size + 8
_WAKE_AT: Final = _PREFIX.size + 2 * 8
_LENGTH_AT: Final = _PREFIX.size + 3 * 8
SHAPE_AT: Final = HEAD.size - 1


class StoredFormError(ValueError):
    """A changelog value that this version cannot read: another format, or no row at all."""


class Item(NamedTuple):
    """One effect in an outbox: the short name of its topic, its value, and the trace that caused it."""

    topic: str
    value: bytes
    traceparent: bytes | None


class Row(NamedTuple):
    """An opened envelope. ``body`` is empty for a row that is leaving."""

    epoch: int
    cut: int
    seq: int
    wake_at: int
    body: bytes
    outbox: bytes
    shape: int


_items = msgspec.msgpack.Decoder(list[tuple[str, bytes, bytes | None]])
_encode_items = msgspec.msgpack.Encoder().encode


def pack(
    epoch: int, cut: int, seq: int, wake_at: int, body: bytes, outbox: list[Item], shape: int = 0
) -> bytes:
    """The stored form of a row."""
    head = HEAD.pack(FORMAT, epoch, cut, seq, wake_at, len(body), shape)
    return head + body + _encode_items(outbox) if outbox else head + body


def unpack(value: bytes) -> Row:
    """Open the envelope.

    Raises:
        StoredFormError: if the value is of another format or is cut short.
    """
    if len(value) < HEAD.size:
        raise StoredFormError(f"a row of {len(value)} bytes is too short to be one")
    form, epoch, cut, seq, wake_at, length, shape = HEAD.unpack_from(value)
    if form != FORMAT:
        raise StoredFormError(f"a row of format {form}; this version reads format {FORMAT}")
    end = HEAD.size + length
    if len(value) < end:
        raise StoredFormError(f"a row of {len(value)} bytes lacks {end - len(value)} of its body")
    return Row(epoch, cut, seq, wake_at, value[HEAD.size : end], value[end:], shape)


def check_format(value: bytes) -> None:
    """Refuse a changelog value (row or context entry) that this version cannot read.

    Raises:
        StoredFormError: if it is of another format or too short.
    """
    if len(value) < _PREFIX.size or value[0] not in READABLE:
        found = value[0] if value else "none"
        raise StoredFormError(f"a changelog value of format {found}; this version reads up to {FORMAT}")


def epoch_of(value: bytes) -> int:
    """The epoch of the owner who wrote this changelog value."""
    return int(_EPOCH.unpack_from(value, 1)[0])


def cut_of(value: bytes) -> int:
    """The number of the cut that made this row."""
    return int(_CUT.unpack_from(value, _CUT_AT)[0])


def seq_of(value: bytes) -> int:
    """The number of the customer's newest effect."""
    return int(_SEQ.unpack_from(value, _SEQ_AT)[0])


def wake_of(value: bytes) -> int:
    """When silence alone would change this row (ms), 0 for never."""
    return int(_WAKE.unpack_from(value, _WAKE_AT)[0])


def with_epoch(value: bytes, epoch: int) -> bytes:
    """The same changelog value, written by another owner."""
    return value[:1] + _EPOCH.pack(epoch) + value[1 + _EPOCH.size :]


def has_outbox(value: bytes) -> bool:
    """Whether the row carries effects of its last cut."""
    return len(value) > HEAD.size + int(_LENGTH.unpack_from(value, _LENGTH_AT)[0])


def is_leaving(value: bytes) -> bool:
    """Whether the row is kept only until its last cut is committed."""
    return int(_LENGTH.unpack_from(value, _LENGTH_AT)[0]) == 0


def outbox_of(value: bytes) -> list[Item]:
    """The effects that the row carries, in order."""
    outbox = unpack(value).outbox
    return [Item._make(item) for item in _items.decode(outbox)] if outbox else []


def without_outbox(value: bytes) -> bytes:
    """The same row once its effects are known to have left."""
    return value[: HEAD.size + int(_LENGTH.unpack_from(value, _LENGTH_AT)[0])]


def pack_context(epoch: int, payload: bytes) -> bytes:
    """The stored form of a fact of the context."""
    return _PREFIX.pack(FORMAT, epoch) + payload


def context_payload(value: bytes) -> bytes:
    """The control record that a context entry holds."""
    return value[_PREFIX.size :]


def context_key(kind: str, offset: int) -> bytes:
    """The changelog key of a fact that holds from a control offset on."""
    return CONTEXT + f"{kind}/{offset}".encode()


def parse_context_key(key: bytes) -> tuple[str, int]:
    """Kind and control offset of a context entry's key."""
    kind, _, offset = key[len(CONTEXT) :].decode().rpartition("/")
    return kind, int(offset)
