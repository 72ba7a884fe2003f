"""How many lapse and how fast, version 1 (G3, N13; wire.md, ``population.v1``): a partition's signals.

Each record says all that is still told of its partition up to a cut: the newest of a partition replaces the
older ones, so that one that is repeated, or missed, changes nothing. The counts are of signals, each once:
they are those that a reader of the signals finds.
"""

from typing import Final, Literal

from msgspec import Struct

from .control import Offset
from .event import TextTime
from .form import Form


class Count(Struct, kw_only=True):
    """Signals of one kind and cohort; ``closed`` by reason (wire.md, Signal)."""

    kind: str
    channel: str | None
    cohort: str | None
    opened: int = 0
    retracted: int = 0
    closed: dict[str, int] = {}


class Lengths(Struct, kw_only=True):
    """How long it took, for one kind and cohort, all days together: how many in each class.

    Attributes:
        silent: from the start of an episode to its opening: how fast a lapse is noticed.
        away: from the start of an episode to the return that closed it.
    """

    kind: str
    channel: str | None
    cohort: str | None
    silent: list[int]
    away: list[int]


class Episodes(Struct, kw_only=True):
    """A partition's signals.

    Attributes:
        cut: up to and including which cut, and ``at`` its time.
        since: the first cut that was counted: 1, but for a partition that is older than these counts.
        days: by the day (UTC) of the signals' ``at``, the newest eight.
        earlier: the signals of all days before, together: what a day holds when it leaves goes there.
        edges: the days that part the classes of ``lengths``: the first is up to the first edge, included.
    """

    v: int = 1
    kind: Literal["episodes"] = "episodes"
    partition: Offset
    cut: Offset
    at: TextTime
    since: Offset
    days: dict[str, list[Count]]
    earlier: list[Count]
    edges: list[int]
    lengths: list[Lengths]


EPISODES: Final = Form(Episodes, times=("at",))
