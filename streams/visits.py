"""The commonest cuts of customers, quickly: visits, deliveries and orders, while nothing is open or due.

Most events only move the end of an occasion and its deadline. They need neither the customer unpacked nor
the step: the numbers lie at places that follow from the row's shape (``streams.customer.state``). A new
occasion moves the sums of its streams too. What is packed is opened only for what is counted.

``Visits.advance`` gives the bytes that ``customer_cut.advance`` would give, or None where it cannot tell:
then that one is asked. A property test holds that they agree.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from math import log
from operator import add
from typing import TYPE_CHECKING, Final

from .customer.cadence import DAY, LOW, MOVING, NEVER, SHORTEST_GAP, STILL, moved_along, started, with_gap
from .customer.elsewhere import OTHERS, begun, counted
from .customer.moves import Moves
from .customer.profile import cohort_of
from .customer.recent import with_id
from .customer.state import BUSY, CALM, NOTED, SHAPES, STREAMS, is_busy, pack_rest, rest_of
from .lapse.disengagement import HEARD, take
from .lapse.kinds import SILENCE
from .lapse.limits import limits_of
from .population.stream import NOBODY
from .step import COUNTING, TEACHING, count
from .wire import row
from .wire.event import STREAMS_OF, TYPES, human_surface

if TYPE_CHECKING:
    from .beliefs import Beliefs
    from .customer.cadence import Sums
    from .customer.elsewhere import Elsewhere, Others
    from .customer.state import Customer
    from .lapse.limits import Limit
    from .policy.model import Policy
    from .reading import Arrival

    _Group = tuple[int, Sequence[Limit]]
    from .wire.event import Event

_EPOCH, _CUT, _WAKE, _LENGTH = 1, 2, 4, 5
"""Places in an opened head."""

_FIRST: Final = 7
"""The place of the first stream's last; its due_at follows, then those of the next stream."""

_BRAND: Final = STREAMS.index("brand")
_NUMBERS: Final = {stream: number for number, stream in enumerate(STREAMS)}
_OTHERS: Final = tuple(
    tuple(_NUMBERS[other] for other in OTHERS[stream]) if stream in OTHERS else () for stream in STREAMS
)
"""By the stream's number, the numbers of the other surfaces, where it is one."""

_NOBODY: Final = (0, 0)
"""When the other surfaces were used, of a stream that is no surface."""

_ON_A_SURFACE: Final = frozenset({"order.completed", "custom", "in_app.clicked"})
"""Types whose streams depend on where it happened."""


FRESH: Final = (0, 0.0, 0.0, 0.0)
"""The sums of a stream's first occasion."""

_KEPT: Final = 256
"""Cohorts whose limits are kept ready."""


class _Plain:
    """Head and moving parts of the rows of one shape, as one struct.

    Attributes:
        places: of each stream's last in the opened form, by the stream's number; 0 where there is none.
        still: by the stream's number, where its still part lies in the row.
        rest: where the packed rest begins in the row.
        brand: the place of the brand's last.
    """

    __slots__ = ("brand", "form", "places", "rest", "size", "still", "streams")

    def __init__(self, bits: int) -> None:
        shape = SHAPES[bits]
        self.streams = shape.streams
        self.form = struct.Struct(row.HEAD.format + MOVING * len(shape.streams))
        self.size = self.form.size
        order = {number: i for i, number in enumerate(shape.streams)}
        numbers = range(len(STREAMS))
        self.places = tuple(_FIRST + 2 * order[s] if s in order else 0 for s in numbers)
        self.still = tuple(self.size + STILL.size * order.get(s, 0) for s in numbers)
        self.rest = row.HEAD.size + shape.rest
        self.brand = self.places[_BRAND]


_PLAIN: Final = tuple(
    None if bits & BUSY or not bits >> _BRAND & 1 else _Plain(bits) for bits in range(len(SHAPES))
)
"""By shape byte; None where something is open, runs or waits that this may touch, or nobody ever acted."""

_UNNOTED: Final = tuple(None if bits & NOTED else plain for bits, plain in enumerate(_PLAIN))
"""The same where the policy has switched such a kind off: what is open of it closes at the next look."""


Visited = tuple[bytes, int, Sequence[int]]
"""A customer who went the quick way: the new row; when to look again (ms) if that is earlier than before,
else 0; the places of duplicates among the events."""


class Visits:
    """What happens to customers under one policy and one state of knowledge, the quick way.

    Args:
        beliefs: what is believed of everybody, under the policy in force.
        moves: takes notes for the statistics over all customers; nothing else depends on it.

    Attributes:
        outages: between which moments (ms) a source was quiet, ever: there a deadline does not just move on.
    """

    def __init__(self, beliefs: Beliefs, moves: Moves | None = None) -> None:
        self.beliefs, policy = beliefs, beliefs.policy
        self._moves = moves if moves is not None else Moves()
        rules = [policy.detect.silences[SILENCE[stream]] for stream in STREAMS]
        self._streams_of = _plain_types(policy)
        self._graces = [rule.grace if rule.enabled else NEVER for rule in rules]  # off: it makes nobody wake
        self._one_grace = self._graces[0] if len(set(self._graces)) == 1 else None
        self._forgetting = [rule.forgetting for rule in rules]
        self._attribute = policy.cohort.attribute
        self._everybody = self._group("")
        self._known: dict[str, _Group] = {}
        self._memory = policy.memory
        self._time = policy.calendar.open_time
        self._closes = self._time is not None and self._time.closes
        self.outages = (0, 0)
        self._plain = _PLAIN if policy.detect.enabled >= CALM else _UNNOTED

    def advance(  # noqa: C901, PLR0911, PLR0912, PLR0915 - spelt out: a call for each event would cost a tenth of it
        self,
        stored: bytes,
        mine: Sequence[Arrival],
        now: int,
        n: int,
        epoch: int,
        soonest: int = NEVER,
        added: Sequence[float] = (),
    ) -> Visited | None:
        """Take the events of a known customer in; None for more than visits and counts.

        Args:
            stored: the row.
            mine: the events, in order.
            now: the cut's ``at`` (ms).
            n: its number; who carries it already is left to the long way too.
            epoch: of the owner.
            soonest: when a stream that was added on the way comes due (ms).
            added: what is to be noted of such streams.
        """
        plain = self._plain[stored[row.SHAPE_AT]]
        if plain is None:
            return None
        opened = list(plain.form.unpack_from(stored))
        earliest = min(opened[_WAKE], soonest)
        if opened[_CUT] >= n:
            return None
        places, time, closes = plain.places, self._time, self._closes
        policy = self.beliefs.policy
        first_outage, last_outage = self.outages
        fresh: dict[int, bytes] = {}
        rest: Customer | None = None
        group = None if self._attribute else self._everybody
        noted = list(added)
        repeated: list[int] = []
        for which, (at, _, event, _, _) in enumerate(mine):
            touched = self._streams_of.get(event.type)
            if touched is None or (earliest <= now and earliest <= at):
                return None
            if event.type in HEARD:
                if rest is None:
                    rest = rest_of(stored[plain.rest : row.HEAD.size + opened[_LENGTH]])
                if rest.episodes:
                    return None
                if event.type in COUNTING and not _counted(
                    rest, event, max(at, now), opened[places[0]] if places[0] else 0
                ):
                    repeated.append(which)
                    continue
                if take(rest, event, policy) and is_busy(rest):
                    return None  # a channel was ignored too often, if nothing happens first
            if event.automated or event.activity is False:
                continue
            if event.type in _ON_A_SURFACE:
                touched = [_NUMBERS[stream] for stream in human_surface(event)]
            if time is None:
                day = at - at % DAY
                night = day + DAY
            else:
                day, night = time.day(at)
            for number in touched:
                place = places[number]
                last = opened[place]
                if last < at and place:
                    opened[place] = at
                    due = opened[place + 1]
                    if last >= day:
                        if due >= NEVER:
                            return None  # late: what was explained is asked again
                        if last < last_outage and at > first_outage:  # it may have been put off
                            if closes:
                                return None
                            if group is None:
                                group = self._group_of(stored, plain, opened[_LENGTH])
                            still = fresh.get(number) or stored[plain.still[number] :]
                            due = at + group[1][number](*STILL.unpack_from(still)[:4])
                            earliest = min(earliest, due + self._graces[number])
                        else:
                            due = due + at - last if time is None else moved_along(due, last, at, time)
                        opened[place + 1] = due
                        continue
                    if closes:
                        return None
                    still = (
                        fresh.get(number) or stored[plain.still[number] : plain.still[number] + STILL.size]
                    )
                    if group is None:
                        group = self._group_of(stored, plain, opened[_LENGTH])
                    others = _others(opened, places, number, at)
                    sums, after, fresh[number] = _occasion(still, last, at, others, self._forgetting[number])
                    noted += (number, group[0], *sums, *after, last, at, due)
                    due = at + group[1][number](*after)
                    opened[place + 1] = due
                    earliest = min(earliest, due + self._graces[number])
                elif not place:
                    if closes:
                        return None
                    if group is None:
                        group = self._group_of(stored, plain, opened[_LENGTH])
                    due = at + group[1][number](*FRESH)
                    known = _with_stream(stored, number, at, due, begun(_others(opened, places, number, at)))
                    soonest = min(soonest, due + self._graces[number])
                    began = (number, group[0], *NOBODY, *FRESH, 0, at, 0)
                    return self.advance(known, mine, now, n, epoch, soonest, (*added, *began))
                elif last >= night or at < _start(stored, plain.still[number], last):
                    return None  # late
                elif number == _BRAND and len(touched) > 1 and last > at:
                    return None  # late for another surface
        if len(repeated) == len(mine):
            return None
        opened[_EPOCH], opened[_CUT] = epoch, n
        visited = self._packed(stored, opened, plain, fresh, rest, repeated, now)
        if noted and visited is not None:
            self._moves.numbers.extend(noted)
        return visited

    def _group_of(self, stored: bytes, plain: _Plain, length: int) -> _Group:
        """The group of the customer of a row, whose body has this length."""
        cohort = cohort_of(rest_of(stored[plain.rest : row.HEAD.size + length]), self._attribute)
        found = self._known.get(cohort)
        if found is None:
            if len(self._known) >= _KEPT:
                self._known.clear()
            found = self._known[cohort] = self._group(cohort)
        return found

    def _group(self, cohort: str) -> _Group:
        """The place of a cohort among those that are noted, and its limits by the stream's number."""
        limits = limits_of(self.beliefs, cohort)
        return self._moves.group(cohort), [limits[stream] for stream in STREAMS]

    def _packed(
        self,
        stored: bytes,
        opened: list[int],
        plain: _Plain,
        fresh: dict[int, bytes],
        rest: Customer | None,
        repeated: Sequence[int],
        now: int,
    ) -> Visited | None:
        """The new row; None if somebody is due by now, or might be forgotten: the long way tells."""
        dues = opened[_FIRST + 1 :: 2]
        if self._one_grace is not None:
            wake = min(dues) + self._one_grace
        else:
            wake = min(map(add, dues, [self._graces[number] for number in plain.streams]))
        before = opened[_WAKE]
        if wake <= now or wake > opened[plain.brand] + self._memory:
            return None
        opened[_WAKE] = wake
        end = row.HEAD.size + opened[_LENGTH]
        if rest is None:
            packed, still_to = b"", end
        else:
            packed, still_to = pack_rest(rest), plain.rest
            opened[_LENGTH] = plain.rest - row.HEAD.size + len(packed)
        if not fresh:
            new = plain.form.pack(*opened) + stored[plain.size : still_to] + packed
        else:
            parts = [plain.form.pack(*opened)]
            place = plain.size
            for number in plain.streams:
                parts.append(fresh.get(number) or stored[place : place + STILL.size])
                place += STILL.size
            parts += (stored[place:still_to], packed)
            new = b"".join(parts)
        return new, wake if wake < before else 0, repeated


def _counted(rest: Customer, event: Event, arrived: int, bought_at: int) -> bool:
    """Count a delivery or an order; false if it was counted before."""
    known = with_id(rest.recent, event.source, event.id, arrived)
    if known is None:
        return False
    rest.recent = known
    count(rest, event, bought_at)
    return True


def _others(opened: Sequence[int], places: Sequence[int], number: int, at: int) -> Others:
    """When the surfaces other than this stream had been used at ``at`` (ms), 0 for never.

    A stream that was added on the way is there before its first event.
    """
    if not _OTHERS[number]:
        return _NOBODY
    first, second = _OTHERS[number]
    a = opened[places[first]] if places[first] else 0
    b = opened[places[second]] if places[second] else 0
    return a if a <= at else 0, b if b <= at else 0


def _with_stream(stored: bytes, number: int, at: int, due_at: int, elsewhere: Elsewhere) -> bytes:
    """The same row with a stream that was first used at ``at``, and is due then (ms)."""
    bits = stored[row.SHAPE_AT]
    old, new = _shape(bits), _shape(bits | 1 << number)
    place, still = new.places[number], new.still[number] - new.size + old.size
    opened = list(old.form.unpack_from(stored))
    opened[place:place] = (at, due_at)
    opened[_LENGTH] += new.rest - old.rest
    opened[_LENGTH + 1] = bits | 1 << number
    first = STILL.pack(0, 0.0, 0.0, 0.0, 0, 0, at & LOW, *elsewhere)
    return new.form.pack(*opened) + stored[old.size : still] + first + stored[still:]


def _shape(bits: int) -> _Plain:
    """The form of the rows of a shape that the quick way takes."""
    plain = _PLAIN[bits]
    assert plain is not None
    return plain


def _start(stored: bytes, place: int, last: int) -> int:
    """The start of the newest occasion (ms), which ended at ``last``."""
    return started(last, STILL.unpack_from(stored, place)[6])


def _occasion(
    still: bytes, last: int, at: int, others: Others, forgetting: float
) -> tuple[Sums, Sums, bytes]:
    """A new occasion at ``at``, the one before ended at ``last`` (ms): sums before, after, and as stored."""
    x, n, mean, m2, _, _, low, a, a_gap, b, b_gap = STILL.unpack(still)
    elsewhere = a, a_gap, b, b_gap
    if others != _NOBODY:
        elsewhere = counted(elsewhere, n, mean, m2, started(last, low), last, others, None)
    gap = at - last
    y = log((gap if gap > SHORTEST_GAP else SHORTEST_GAP) / DAY)  # noqa: FURB136 - max costs a call
    after = with_gap(x, n, mean, m2, y, forgetting)
    return (x, n, mean, m2), after, STILL.pack(*after, last & 0xFFFF, last >> 16, at & LOW, *elsewhere)


def _plain_types(policy: Policy) -> dict[str, Sequence[int]]:
    """By type of event, the streams that it touches, where it does nothing but count besides."""
    return {
        type_: [_NUMBERS[stream] for stream in STREAMS_OF.get(type_, ())]
        for type_ in TYPES
        if type_ not in TEACHING and f"event:{type_}" not in policy.plays_on
    }
