"""What a partition tells of its sources, version 1 (N5; wire.md, ``population.v1``): how much came when.

Each record says all of its partition: the newest of a partition replaces the older ones.
"""

from typing import Final, Literal

from msgspec import Struct

from .control import Offset
from .event import TextTime
from .form import Form
from .times import MINUTE

SLOT: Final = 5 * MINUTE
"""Events are counted by the five minutes in which they occurred (ms)."""

TOKENS: Final = "tokens"
"""The name under which revoked push tokens are counted, beside the sources."""


class SourceVolume(Struct, kw_only=True):
    """One source of a partition.

    Attributes:
        newest: when its newest event occurred (ms), 0 for none.
        counts: usable events by slot, from the record's ``first`` on, as they are known now.
        usual: events in an hour of the week, for each hour from that of the first slot on; null where too
            few weeks are known.
    """

    newest: Offset
    counts: list[Offset]
    usual: list[float | None]


class Volumes(Struct, kw_only=True):
    """A partition's sources at a moment of its time; ``first`` is the number of the first slot since 1970."""

    v: int = 1
    kind: Literal["volumes"] = "volumes"
    partition: Offset
    at: TextTime
    first: Offset
    sources: dict[str, SourceVolume]


VOLUMES: Final = Form(Volumes, times=("at",))
