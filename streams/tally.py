"""The sums of one partition over its customers, for the population role (design.md 8, model.md 3, 4).

Customers who move on leave a note (``streams.customer.moves``); what follows from the notes is worked out for
many at once. The sums are kept in the changelog with the context, now and then, so a crash misses the
statistics of the last minutes, and never a decision. Where they are missing, or the policy asks for others,
they are counted anew from the rows.
"""

from __future__ import annotations

from array import array
from itertools import islice
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from .customer.cadence import STILL
from .customer.moves import Moves
from .customer.profile import cohort_of
from .customer.state import SHAPES, STREAMS, rest_of
from .lapse.kinds import SILENCE
from .population.stream import NOBODY, STREAM, WIDTH, Basis, Stored, StreamTally
from .wire import row
from .wire.population import SUMS, PartitionSums
from .wire.times import DAY, MINUTE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from .beliefs import Beliefs
    from .policy.model import Policy
    from .portion import Portion

KEY: Final = row.context_key("sums", 0)
"""The changelog key of the sums."""

MANY: Final = 1_000
"""Moves that are worked in at once; so many are also worth being stored after a minute."""

OFTEN: Final = MINUTE
SELDOM: Final = 10 * MINUTE
"""Of the partition's time: sums are stored after the first if much moved, else after the second."""

_ROWS: Final = 2_000


class _Stored(msgspec.Struct, array_like=True):
    """All streams as they are stored."""

    groups: list[str]
    streams: list[Stored]


_pack: Final = msgspec.msgpack.Encoder().encode
_unpack: Final = msgspec.msgpack.Decoder(_Stored).decode


class Tally:
    """The sums of a partition.

    Args:
        number: of the partition.
        stored: whether the changelog is to hold them; nobody recovers what lives in memory alone.

    Attributes:
        moves: what moved and is not worked in yet.
    """

    def __init__(self, number: int, *, stored: bool = True) -> None:
        self.moves = Moves()
        self._kept = stored
        self._number = number
        self._streams: list[StreamTally] = []
        self._beliefs: Beliefs | None = None
        self._stored: bytes | None = None
        self._stored_at = self._told_at = 0
        self._moved = 0  # worked in since it was stored

    # --- in the changelog

    def restore(self, value: bytes | None) -> None:
        """Take in what the changelog says.

        Raises:
            streams.wire.row.StoredFormError: if this version cannot read it.
        """
        if value is None:
            return
        self._stored = row.context_payload(value)
        try:
            stored = _unpack(self._stored)
        except msgspec.MsgspecError as error:
            raise row.StoredFormError(f"the sums of a partition: {error}") from None
        self.moves.groups = stored.groups
        self._streams = [StreamTally.restored(stream) for stream in stored.streams]

    def current(self, epoch: int) -> bytes | None:
        """What the changelog must hold."""
        return None if self._stored is None else row.pack_context(epoch, self._stored)

    def entry(self, at: int, epoch: int) -> bytes | None:
        """What the changelog is to hold from a cut at ``at`` (ms) on, if it is time for that."""
        moved, since = self._moved + len(self.moves.numbers) // WIDTH, at - self._stored_at
        if not self._kept or not moved or since < (OFTEN if moved >= MANY else SELDOM):
            return None
        self._reach(at)
        self._stored = _pack(_Stored(self.moves.groups, [stream.stored() for stream in self._streams]))
        self._stored_at, self._moved = at, 0
        return row.pack_context(epoch, self._stored)

    # --- under a policy

    def prepare(self, rows: Mapping[bytes, bytes], beliefs: Beliefs, portion: Portion) -> Iterator[None]:
        """Go on under what is believed now; where other sums are asked for, count the rows, in steps."""
        if beliefs is self._beliefs:
            return
        self.work()
        self._beliefs = beliefs
        anew = self._begin(beliefs.policy)
        values = iter(rows.values() if anew else ())
        while some := list(islice(values, _ROWS)):
            for value in some:
                self._enter(value, anew, beliefs.policy)
            self.work()
            portion.steps += len(some)
            yield

    def _begin(self, policy: Policy) -> Collection[int]:
        """Take up a policy; tells the streams whose customers are to be counted anew."""
        bases = [basis_of(policy, stream) for stream in STREAMS]
        if not self._streams:
            self._streams = [StreamTally(basis) for basis in bases]
            return range(len(STREAMS))
        if bases[0].attribute != self._streams[0].basis.attribute:
            self.moves.groups = [""]
        return [
            n
            for n, (stream, basis) in enumerate(zip(self._streams, bases, strict=True))
            if stream.rebase(basis)
        ]

    def _enter(self, value: bytes, streams: Collection[int], policy: Policy) -> None:
        """Note a customer's rhythms on these streams."""
        if row.is_leaving(value):
            return
        shape, body, group = SHAPES[value[row.SHAPE_AT]], row.unpack(value).body, 0
        if policy.cohort.attribute:
            group = self.moves.group(cohort_of(rest_of(body[shape.rest :]), policy.cohort.attribute))
        for place, number in enumerate(shape.streams):
            if number in streams:
                x, n, mean, m2, *_ = STILL.unpack_from(body, shape.still + place * STILL.size)
                self.moves.numbers.extend((number, group, *NOBODY, x, n, mean, m2, 0, 0, 0))

    # --- working in, and telling

    def keep_up(self) -> int:
        """Work in what moved if it is much; tells how many steps of a portion that took."""
        if len(self.moves.numbers) < MANY * WIDTH:
            return 0
        self.work()
        return MANY

    def work(self) -> None:
        """Work in what moved."""
        numbers, beliefs = self.moves.numbers, self._beliefs
        if not numbers or beliefs is None:
            return
        moves = np.array(numbers).reshape(-1, WIDTH)
        self.moves.numbers = array("d")
        self._moved += len(moves)
        for number in np.unique(moves[:, STREAM]).astype(int).tolist():
            believed = [beliefs.of(STREAMS[number], cohort).prior for cohort in self.moves.groups]
            priors = np.array([(prior.m0, prior.kappa0, prior.a0, prior.b0) for prior in believed])
            self._streams[number].take(moves[moves[:, STREAM] == number], priors)

    def report(self, at: int) -> bytes | None:
        """What the population role is to know at ``at`` (ms), if it is time for that."""
        if self._beliefs is None or (at - self._told_at < SELDOM and at // DAY == self._told_at // DAY):
            return None
        self._told_at = at
        return SUMS.encode(self.sums(at))

    def sums(self, at: int) -> PartitionSums:
        """The sums at ``at`` (ms), everything worked in."""
        self._reach(at)
        fact = self._beliefs.population if self._beliefs is not None else None
        return PartitionSums(
            partition=self._number,
            at=at,
            version=fact.version if fact is not None else 0,
            streams={
                name: stream.told(self.moves.groups)
                for name, stream in zip(STREAMS, self._streams, strict=False)  # none before the first cut
            },
        )

    def _reach(self, at: int) -> None:
        """Let the time of all streams reach ``at`` (ms)."""
        self.work()
        for stream in self._streams:
            stream.reach(at)


def basis_of(policy: Policy, stream: str) -> Basis:
    """Under what a policy has a stream counted."""
    rule, time = policy.detect.silences[SILENCE[stream]], policy.calendar.open_time
    return Basis(
        forgetting=rule.forgetting,
        attribute=policy.cohort.attribute,
        horizon=rule.horizon,
        open=1.0 if time is None else time.share,
        rule=rule.rule,
        per_year=rule.per_year,
        alpha=rule.alpha,
    )
