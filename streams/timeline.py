"""A partition: its customers, its time, and what a cut does to them.

A cut says up to which offsets of the inputs to read and what time it is then (design.md 4). Executing it
is a pure function of the rows, the facts in force, the records and the cut, so that whoever executes it,
however often, gets the same rows, signals and commands, byte for byte:

1. the records are decoded; what cannot be used becomes a reject;
2. each customer's events, ordered by (``occurred_at``, topic, offset), and the wakes that come due between
them and
   up to ``at``, go through the step in that order;
3. what the step wishes to send passes reach at the end, with everything in the cut known;
4. a customer whose row carries this cut already, or a later one, is left alone: this was done before a crash.

It is carried out in portions of a few milliseconds, so that whoever runs it can do other things in between.
A customer is in one portion, and no customer depends on another, so neither the size of the portions nor a
crash between two of them changes a byte.
"""

from __future__ import annotations

from itertools import islice, repeat
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from . import rates, volumes
from .customer.state import BUSY
from .customer.upcast import lifted
from .customer_cut import SECOND, Heading, Result, advance, heading_of
from .deadlines import Deadlines
from .executed import Counts, Effect, Executed, Headers, Record, Rejected, merged
from .facts import FactsInForce
from .portion import PORTION, Portion
from .rates import Rates
from .reading import Reader
from .step import DUPLICATE
from .tally import KEY as SUMS
from .tally import Tally
from .visits import Visited, Visits
from .volumes import SourceVolumes
from .wire import row
from .wire.headers import effect_headers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .context import Context
    from .reading import Arrival, Arrived
    from .topics import Catalogue
    from .wire.control import Fact
    from .wire.population import PartitionSums

__all__ = ["Counts", "Effect", "Executed", "Headers", "Partition", "Record", "Rejected"]

INDEXED_AT_ONCE: Final = 10_000
"""Rows that are filed in one step of a recovery."""

REVIEWED_AT_ONCE: Final = 1_000
"""Rows of which one byte is looked at in a step of a portion."""

RESENT_AT_ONCE: Final = 500
"""Rows whose effects are sent again in one step of a recovery; most have one effect or two."""

_occurred: Final = itemgetter(0)


class Partition:
    """One partition of the customers: ``rows`` (stored forms by key), ``at`` (its time in ms, 0 at first).

    Args:
        number: which one.
        catalogue: the topics.
        portion: steps in a portion of a cut (``streams.portion``).
        recovered: whether somebody may recover it from a changelog; without, no statistics are stored.
    """

    def __init__(
        self, number: int, catalogue: Catalogue, portion: int = PORTION, *, recovered: bool = True
    ) -> None:
        self.number = number
        self.rows: dict[bytes, bytes] = {}
        self.at = 0
        self.facts = FactsInForce()
        self._tally = Tally(number, stored=recovered)
        self._rates = Rates(number)
        self._volumes = SourceVolumes(number)
        self._catalogue = catalogue
        self._inputs = [topic.name for topic in catalogue.inputs]
        self._portion = portion
        self._deadlines = Deadlines()
        self._leaving: dict[int, list[bytes]] = {}
        self._sending: dict[int, list[bytes]] = {}
        self._epoch = 0
        self._visits: Visits | None = None

    # --- recovery

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Apply one record of the changelog, in the order of the log.

        Raises:
            streams.wire.row.StoredFormError: if this version cannot read it.
        """
        if value is not None:
            row.check_format(value)
        if key == SUMS:
            self._tally.restore(value)
        elif key in (rates.WHOLE, rates.NEW):
            self._rates.restore(key, value)
        elif key in (volumes.USUAL, volumes.RECENT):
            self._volumes.restore(key, value)
        elif key.startswith(row.CONTEXT):
            self.facts.restore(key, value)
        elif value is None:
            self.rows.pop(key, None)
        else:
            self.rows[key] = lifted(value)

    def restored(self, control_committed: int, at: int = 0) -> Iterator[None]:
        """All is read: put the facts in force that were committed; then, row by row, what follows from rows.

        ``at`` (ms) is that of the last committed cut. Returns steps of a few milliseconds, all to be taken
        before anything else: a million rows shall not keep whoever recovers them from everything else.
        """
        self.at = at
        self.facts.restored(control_committed)
        self._deadlines = Deadlines()
        self._leaving, self._sending = {}, {}
        return self._index()

    def _index(self) -> Iterator[None]:
        """File each row's deadline, and note what only its cut's commit lets go."""
        rows = iter(self.rows.items())
        while some := list(islice(rows, INDEXED_AT_ONCE)):
            for key, value in some:
                if row.has_outbox(value):
                    self._sending.setdefault(row.cut_of(value), []).append(key)
                if row.is_leaving(value):
                    self._leaving.setdefault(row.cut_of(value), []).append(key)
                elif wake := row.wake_of(value):
                    self._deadlines.file(key, wake)
            yield

    def resend(self, since_cut: int) -> Iterator[list[Effect]]:
        """The effects of rows whose cut is above the last committed one, in portions: they may be unsent."""
        late = iter(sorted(key for n, keys in self._sending.items() if n > since_cut for key in keys))
        while some := list(islice(late, RESENT_AT_ONCE)):
            yield [effect for key in some for effect in self._resent(key)]
        self._rates.recovered()

    def _resent(self, key: bytes) -> list[Effect]:
        """The effects of a row, counted if a crash came before they were."""
        stored = self.rows[key]
        items = row.outbox_of(stored)
        if self._rates.owes(row.cut_of(stored)):
            self._rates.take(items)
        return [self._effect(key, item, heading_of(item)) for item in items]

    def current(self, key: bytes) -> bytes | None:
        """What the changelog must hold under this key, None for a tombstone: what a repair writes again."""
        if key == SUMS:
            return self._tally.current(self._epoch)
        if key in (rates.WHOLE, rates.NEW):
            return self._rates.current(key, self._epoch)
        if key in (volumes.USUAL, volumes.RECENT):
            return self._volumes.current(key, self._epoch)
        if key.startswith(row.CONTEXT):
            return self.facts.current(key, self._epoch)
        return self.rows.get(key)

    # --- living

    def learn(self, offset: int, fact: Fact) -> None:
        """A fact stands on control at this offset: it holds from the next cut on."""
        self.facts.learn(offset, fact)

    def restate(self) -> Sequence[Fact]:
        """The facts in force, to be said again on a control topic that begins anew."""
        return self.facts.restate()

    def is_due(self, at: int) -> bool:
        """Whether a cut at this time (ms) may have something to do even without records."""
        return bool(self._leaving) or self._deadlines.waits(at) or self.facts.outage_waits

    def execute(
        self, n: int, epoch: int, at: int, slices: Sequence[Sequence[Record]], committed_cut: int
    ) -> Executed:
        """Execute cut ``n`` in one go: all its ``portions`` as one."""
        return merged(self.portions(n, epoch, at, slices, committed_cut))

    def portions(
        self, n: int, epoch: int, at: int, slices: Sequence[Sequence[Record]], committed_cut: int
    ) -> Iterator[Executed]:
        """Execute cut ``n`` in portions: one at least, and all of them before anything else is executed.

        A portion takes some milliseconds. Its rows and effects may leave before the next one is asked for:
        after a crash the cut is executed again, and whoever has a row of it already is left alone.

        Args:
            n: the number of the cut.
            epoch: of the owner who executes it; it marks the rows.
            at: the partition's time from here on (ms).
            slices: by input, in the catalogue's order, the records between the cut before and this one.
            committed_cut: the newest cut whose commit is known; what only older ones need is dropped.
        """
        self.at, self._epoch = max(self.at, at), epoch
        portion = Portion(self._inputs, self._portion)
        portion.rows.update(self.facts.entries(n, epoch, committed_cut))
        reader = Reader(self.number, self._catalogue.control.partitions, self.rows, self.at, self._volumes)
        context = self.facts.context(self.at)
        for stage in (
            self._tally.prepare(self.rows, context.beliefs, portion),
            reader.read(slices, portion, portion.grain),
            self._arrived(reader.arrived, context, n, portion),
            self._reviewed(reader.arrived, context, n, portion),
            self._due(reader.arrived, context, n, portion),
            self._settle(committed_cut, portion),
        ):
            for _ in stage:
                if portion.is_full:
                    yield portion.take()
        if (sums := self._tally.entry(self.at, epoch)) is not None:
            portion.rows[SUMS] = sums
        portion.rows.update(self._rates.entries(n, self.at, epoch))
        portion.rows.update(self._volumes.entries(context, epoch))
        yield portion.take()

    def reports(self) -> Sequence[bytes]:
        """What the population role is to be told now; most of the time nothing."""
        reports = (self._tally.report(self.at), self._rates.report(), self._volumes.report())
        return [report for report in reports if report is not None]

    def sums(self, at: int) -> PartitionSums:
        """The sums over the customers at ``at`` (ms), before which nothing more happens."""
        return self._tally.sums(at)

    def _arrived(self, arrived: Arrived, context: Context, n: int, portion: Portion) -> Iterator[None]:
        """Look at the customers of whom there is news, some at a time."""
        if self._visits is None or self._visits.beliefs is not context.beliefs:
            self._visits = Visits(context.beliefs, self._tally.moves)
        self._visits.outages = context.outages.ends
        visits, news, rows, now, epoch = self._visits, iter(arrived.items()), self.rows, self.at, self._epoch
        while some := list(islice(news, portion.grain)):
            for key, mine in some:
                if len(mine) > 1:
                    mine.sort(key=_occurred)  # they come by topic and offset
                stored = rows.get(key)
                visited = visits.advance(stored, mine, now, n, epoch) if stored is not None else None
                if visited is None:
                    self._look_at_news(key, stored, mine, context, n, portion)
                else:
                    self._visited(key, mine, visited, portion)
            portion.steps += len(some) + self._tally.keep_up()
            yield

    def _visited(self, key: bytes, mine: Sequence[Arrival], visited: Visited, portion: Portion) -> None:
        """Keep the row of a customer who was taken the quick way."""
        value, wake, repeated = visited
        self.rows[key] = portion.rows[key] = value
        if wake:
            self._deadlines.file(key, wake)
        for place, arrival in enumerate(mine):
            counts = portion.counts[arrival[1]]
            if repeated and place in repeated:
                counts.count(DUPLICATE, arrival[4])
            else:
                counts.accepted += 1
                counts.accepted_bytes += arrival[4]

    def _look_at_news(
        self,
        key: bytes,
        stored: bytes | None,
        mine: Sequence[Arrival],
        context: Context,
        n: int,
        portion: Portion,
    ) -> None:
        """Take a customer through the cut the long way, unless this was done before a crash."""
        if stored is None or row.cut_of(stored) < n:
            self._look(key, stored, mine, context, n, portion)
            return
        for arrival in mine:
            portion.counts[arrival[1]].ignore(arrival[4])

    def _reviewed(self, arrived: Arrived, context: Context, n: int, portion: Portion) -> Iterator[None]:
        """Where an outage was found, look at all of whom something is open and there is no news."""
        rows = iter(self.rows.items() if self.facts.outage_found() else ())
        while some := list(islice(rows, REVIEWED_AT_ONCE)):
            portion.steps += portion.grain
            for key, stored in some:
                if stored[row.SHAPE_AT] & BUSY and key not in arrived and row.cut_of(stored) < n:
                    self._look(key, stored, (), context, n, portion)
            portion.steps += self._tally.keep_up()
            yield

    def _due(self, arrived: Arrived, context: Context, n: int, portion: Portion) -> Iterator[None]:
        """Look at the customers for whom the time has come and of whom there is no news, some at a time."""
        while self._deadlines.waits(self.at):
            portion.steps += portion.grain
            for key in self._deadlines.take(self.at, self._wake_of, portion.grain):
                stored = self.rows[key]
                if key not in arrived and row.cut_of(stored) < n:
                    self._look(key, stored, (), context, n, portion)
            yield

    def _look(
        self,
        key: bytes,
        stored: bytes | None,
        mine: Sequence[Arrival],
        context: Context,
        n: int,
        portion: Portion,
    ) -> None:
        """Take a customer through the cut."""
        result = advance(key, stored, mine, context, n, self._epoch, self._tally.moves)
        portion.steps += 1 + len(mine) + 4 * len(result.outbox)
        for outcome, arrival in zip(result.outcomes, mine, strict=True):
            portion.counts[arrival[1]].count(outcome, arrival[4])
        if result.value is not None:
            self.rows[key] = portion.rows[key] = result.value
            filed = row.wake_of(stored) if stored is not None and mine else 0
            self._keep(key, filed, result, n, portion)

    def _keep(self, key: bytes, filed: int, result: Result, n: int, portion: Portion) -> None:
        """See that a new row is looked at when it wakes, sent, and settled later.

        ``filed`` (ms) is where the index has the key, 0 for nowhere: who came due was taken out.
        """
        wake = result.wake_at
        if result.outbox:
            self._sending.setdefault(n, []).append(key)
            self._rates.take(result.outbox)
            portion.effects += map(self._effect, repeat(key), result.outbox, result.headings)
        if result.leaving:
            self._leaving.setdefault(n, []).append(key)
        elif wake and (not filed or wake < filed):
            self._deadlines.file(key, wake)

    def _settle(self, committed_cut: int, portion: Portion) -> Iterator[None]:
        """Drop what only an uncommitted cut needs, some at a time: outboxes in memory, rows that left."""
        for keys in _taken(self._sending, committed_cut, portion.grain):
            for key in keys:
                self._sent(key, committed_cut)
            portion.steps += len(keys)
            yield
        waits: dict[int, list[bytes]] = {}
        for keys in _taken(self._leaving, committed_cut, portion.grain):
            for key in keys:
                self._left(key, committed_cut, waits, portion)
            portion.steps += len(keys)
            yield
        self._leaving |= waits

    def _sent(self, key: bytes, committed_cut: int) -> None:
        """The effects of a committed cut have left: forget them, unless the row has newer ones."""
        stored = self.rows.get(key)
        if stored is not None and row.cut_of(stored) <= committed_cut:
            self.rows[key] = row.without_outbox(stored)

    def _left(self, key: bytes, committed_cut: int, waits: dict[int, list[bytes]], portion: Portion) -> None:
        """The cut that let a customer go is committed: the row goes, unless they are back."""
        stored = self.rows.get(key)
        if stored is None or not row.is_leaving(stored) or row.cut_of(stored) > committed_cut:
            return
        if row.seq_of(stored) >= self.at // SECOND:  # the next row would begin below: see `advance`
            waits.setdefault(row.cut_of(stored), []).append(key)
            return
        del self.rows[key]
        portion.rows[key] = None

    def _wake_of(self, key: bytes) -> int:
        """When a key wants to be looked at (ms), 0 for never: what its row says."""
        value = self.rows.get(key)
        return row.wake_of(value) if value is not None else 0

    def _effect(self, key: bytes, item: row.Item, heading: Heading) -> Effect:
        """An item of an outbox as it is published."""
        prefix = self._catalogue.prefix
        headers = effect_headers(heading.type, heading.id, heading.at, key.decode(), prefix, item.traceparent)
        return Effect(f"{prefix}.{item.topic}.v1", key, item.value, headers)


def _taken(by_cut: dict[int, list[bytes]], committed_cut: int, grain: int) -> Iterator[Sequence[bytes]]:
    """Take the keys of committed cuts out, the oldest first, some at a time."""
    for n in [n for n in by_cut if n <= committed_cut]:
        keys = by_cut.pop(n)
        for start in range(0, len(keys), grain):
            yield keys[start : start + grain]
