"""What a partition tells the population role, version 1 (wire.md, ``population.v1``): sums that add up.

Each record says all of its partition: the newest of a partition replaces the older ones. Numbers that may
outgrow what a reader of JSON holds exactly are decimal strings.
"""

from typing import Final, Literal

from msgspec import Struct

from .control import Offset, Positive
from .event import TextTime
from .form import Form


class Day(Struct, kw_only=True):
    """The gaps that closed within L on one day, by experience.

    Their lengths together (ms), how many there were, and how many of them had an alarm.
    """

    length: list[int]
    closed: list[int]
    alarmed: list[int]


class StreamSums(Struct, kw_only=True):
    """One stream of a partition.

    Attributes:
        rule: which promise its threshold keeps; with the number that it promises, and L (ms).
        since: the day of its first occasion, by its number since 1970; null where there is none yet.
        sums: by cohort, those of ``streams.population.gaps.Sums``, in order; customers without one under "".
        trials: occasions whose L is over, by returns survived; ``gone`` those without a return, ``survivals``
            the predicted ones, in units of ``streams.population.dropout``.
        pit: how gaps closed within L lie in what was predicted, in a hundred places: flat if all is well.
        days: by the number of the day since 1970, the last weeks.
    """

    rule: str
    per_year: Positive
    alpha: Positive
    horizon: Offset
    since: Offset | None
    sums: dict[str, list[str]]
    trials: list[int]
    gone: list[int]
    survivals: list[int]
    pit: list[int]
    days: dict[int, Day]


class PartitionSums(Struct, kw_only=True):
    """A partition's sums at a moment of its time; ``version``: of the population's fact in force there."""

    v: int = 1
    kind: Literal["sums"] = "sums"
    partition: Offset
    at: TextTime
    version: Offset
    streams: dict[str, StreamSums]


SUMS: Final = Form(PartitionSums, times=("at",))
