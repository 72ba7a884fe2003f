"""The commonest cut of a customer, quickly: visits, while nothing is open and nothing comes due.

Most events only move the end of an occasion and its deadline. They need neither the customer unpacked nor
the step: the numbers lie at places that follow from the row's shape (``streams.customer.state``). A new
occasion moves the sums of its streams too. ``Visits.advance`` gives the bytes that ``customer_cut.advance``
would give, or None where it cannot tell: then that one is asked. A property test holds that they agree.
"""

from __future__ import annotations

import struct
from math import log
from operator import add
from typing import TYPE_CHECKING, Final

from .customer.cadence import DAY, MOVING, SHORTEST_GAP, STILL, with_gap
from .customer.state import BUSY, SHAPES, STREAMS
from .lapse.kinds import SILENCE
from .lapse.limits import limits_of
from .step import REMEMBERED, TEACHING
from .wire import row
from .wire.event import STREAMS_OF

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .lapse.limits import Limit
    from .policy.model import Policy
    from .reading import Arrival

_EPOCH, _CUT, _WAKE, _LENGTH = 1, 2, 4, 5
"""Places in an opened head."""

_FIRST: Final = 7
"""The place of the first stream's last; its due_at follows, then those of the next stream."""

_BRAND: Final = STREAMS.index("brand")
_NEVER: Final = 1 << 60
"""The grace of a kind that the policy has switched off: it makes nobody wake."""


class _Plain:
    """Head and moving parts of the rows of one shape, as one struct.

    Attributes:
        places: of each stream's last in the opened form, by the stream's number; 0 where there is none.
        still: by the stream's number, where its still part lies in the row.
        brand: the place of the brand's last.
    """

    __slots__ = ("brand", "form", "places", "size", "still", "streams")

    def __init__(self, bits: int) -> None:
        shape = SHAPES[bits]
        self.streams = shape.streams
        self.form = struct.Struct(row.HEAD.format + MOVING * len(shape.streams))
        self.size = self.form.size
        order = {number: i for i, number in enumerate(shape.streams)}
        numbers = range(len(STREAMS))
        self.places = tuple(_FIRST + 2 * order[s] if s in order else 0 for s in numbers)
        self.still = tuple(self.size + STILL.size * order.get(s, 0) for s in numbers)
        self.brand = self.places[_BRAND]


_PLAIN: Final = tuple(
    None if bits & BUSY or not bits >> _BRAND & 1 else _Plain(bits) for bits in range(len(SHAPES))
)
"""By shape byte; None where a play runs, an episode is open, or nobody ever acted."""


class Visits:
    """What visits do to customers under one policy.

    Args:
        policy: in force.
    """

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        rules = [policy.detect.silences[SILENCE[stream]] for stream in STREAMS]
        limits = limits_of(policy)
        self._streams_of = _plain_types(policy)
        self._graces = [rule.grace if rule.enabled else _NEVER for rule in rules]
        self._one_grace = self._graces[0] if len(set(self._graces)) == 1 else None
        self._rhythms = [
            (rule.forgetting, limits[stream]) for rule, stream in zip(rules, STREAMS, strict=True)
        ]
        self._memory = policy.memory

    def advance(  # noqa: C901 - spelt out: a call for each event would cost a tenth of it
        self, stored: bytes, mine: Sequence[Arrival], now: int, n: int, epoch: int
    ) -> tuple[bytes, int] | None:
        """The row of a known customer after cut ``n`` at ``now`` (ms), and a wake earlier than before, or 0.

        None for all that is more than visits on known streams: the long way decides.
        """
        plain = _PLAIN[stored[row.SHAPE_AT]]
        if plain is None:
            return None
        opened = list(plain.form.unpack_from(stored))
        earliest: int = opened[_WAKE]
        if opened[_CUT] >= n:
            return None
        places = plain.places
        moved: dict[int, bytes] | None = None
        for at, _, event, _, _ in mine:
            touched = self._streams_of.get(event.type)
            if touched is None or event.automated or event.activity is False:
                return None
            if earliest <= now and earliest <= at:
                return None
            day = at - at % DAY
            for number in touched:
                place = places[number]
                last = opened[place]
                if last < at and place:
                    opened[place] = at
                    if last >= day:
                        opened[place + 1] += at - last
                        continue
                    if moved is None:
                        moved = {}
                    still = (
                        moved.get(number) or stored[plain.still[number] : plain.still[number] + STILL.size]
                    )
                    length, moved[number] = _occasion(still, last, at, *self._rhythms[number])
                    opened[place + 1] = at + length
                    earliest = min(earliest, at + length + self._graces[number])
                elif not place or last >= day + DAY or at - day < _start(stored, plain.still[number]):
                    return None  # a new stream, or late
        return self._packed(stored, opened, plain, moved, now, n, epoch)

    def _packed(
        self,
        stored: bytes,
        opened: list[int],
        plain: _Plain,
        moved: Mapping[int, bytes] | None,
        now: int,
        n: int,
        epoch: int,
    ) -> tuple[bytes, int] | None:
        """The new row; None if somebody is due, or forgetting might be."""
        dues = opened[_FIRST + 1 :: 2]
        if self._one_grace is not None:
            wake = min(dues) + self._one_grace
        else:
            wake = min(map(add, dues, [self._graces[number] for number in plain.streams]))
        before = opened[_WAKE]
        if wake <= now or wake > opened[plain.brand] + self._memory:
            return None
        opened[_EPOCH], opened[_CUT], opened[_WAKE] = epoch, n, wake
        end = row.HEAD.size + opened[_LENGTH]
        head = plain.form.pack(*opened)
        if moved is None:
            return head + stored[plain.size : end], wake if wake < before else 0
        parts = [head]
        place = plain.size
        for number in plain.streams:
            parts.append(moved.get(number) or stored[place : place + STILL.size])
            place += STILL.size
        parts.append(stored[place:end])
        return b"".join(parts), wake if wake < before else 0


def _start(stored: bytes, place: int) -> int:
    """The start of the newest occasion within its day (ms)."""
    return int(STILL.unpack_from(stored, place)[-1])


def _occasion(still: bytes, last: int, at: int, forgetting: float, limit: Limit) -> tuple[int, bytes]:
    """A new occasion at ``at``, the one before ended at ``last`` (ms): the longest silence, and the sums."""
    x, n, mean, m2, _, _, _ = STILL.unpack(still)
    gap = at - last
    y = log((max(SHORTEST_GAP, gap)) / DAY)
    x, n, mean, m2 = with_gap(x, n, mean, m2, y, forgetting)
    return limit(x, n, mean, m2), STILL.pack(x, n, mean, m2, last & 0xFFFF, last >> 16, at % DAY)


def _plain_types(policy: Policy) -> dict[str, tuple[int, ...]]:
    """By type of event, the numbers of the streams that it touches, where it does nothing else."""
    return {
        type_: tuple(STREAMS.index(stream) for stream in streams)
        for type_, streams in STREAMS_OF.items()
        if type_ not in REMEMBERED and type_ not in TEACHING and f"event:{type_}" not in policy.plays_on
    }
