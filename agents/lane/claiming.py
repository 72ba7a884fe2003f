"""What a new owner must find to go on where the last one stopped, and when it must refuse.

The committed control offset alone is the truth: the record below it is the last executed cut, and tells
epoch, number, time and ends. Where that does not fit what the topics hold, commits, records or topics were
lost, and going on would lose data in silence.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from streams.wire.control import Cut, decode_control

from ..errors import DataLossError
from .core import Record
from .cuts import Base
from .partition import Claim

_WAY_OUT = "restore the topic or the offsets of the group, or start over under another prefix"


class Place(NamedTuple):
    """What the broker says of one topic partition: committed offset of the group, first and next offset."""

    committed: int | None
    first: int
    end: int


def base_offset(place: Place) -> int | None:
    """Where the last executed cut stands on control; ``None`` if nothing was executed yet.

    Raises:
        DataLossError: if the record cannot be there.
    """
    if place.committed is None or place.committed in (0, place.first):
        return None
    if not place.first < place.committed <= place.end:
        raise DataLossError(
            f"control is committed up to {place.committed}, but holds {place.first} to {place.end}", _WAY_OUT
        )
    return place.committed - 1


def base_of(records: Sequence[Record], offset: int, partition: int) -> Base:
    """The last executed cut.

    Raises:
        DataLossError: if there is no cut at that place.
    """
    record = decode_control(records[0].value) if records and records[0].offset == offset else None
    if not isinstance(record, Cut):
        raise DataLossError(
            f"control {partition} has no cut at {offset}, where the last one must be", _WAY_OUT
        )
    return Base(record.epoch, record.n, record.at, record.ends)


def claim_of(epoch: int, control: Place, base: Base | None, inputs: Mapping[str, Place]) -> Claim:
    """Put together what the new owner starts from.

    Raises:
        DataLossError: if an input no longer has what follows the last executed cut.
    """
    start = control.first if control.committed is None else control.committed
    positions = {topic: _position(topic, place, base) for topic, place in inputs.items()}
    return Claim(epoch, control.committed, start, control.end, base, positions)


def _position(topic: str, place: Place, base: Base | None) -> int:
    if base is None or topic not in base.ends:
        return place.first if place.committed is None else max(place.committed, place.first)
    position = base.ends[topic]
    if not place.first <= position <= place.end:
        raise DataLossError(
            f"{topic} was applied up to {position}, but holds {place.first} to {place.end}", _WAY_OUT
        )
    return position
