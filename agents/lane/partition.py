"""Everything that the owner of one partition holds: customers, inbox, control, cuts under way, accounts."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from streams.wire import row

from ..errors import DataLossError, TooManyRejectsError
from .brake import Brake
from .core import Core, Executed, Record
from .cuts import Base, ControlLog, DueCut, DueFact, WaitingTick
from .fence import Contiguity, EpochFilter
from .inbox import Inbox
from .ledger import LEDGER, Ledger, LedgerError
from .loss import Loss
from .note import note_of
from .proposing import Pace, Proposer
from .twins import Twins

if TYPE_CHECKING:
    from streams.wire.control import Cut


ALL_THAT_IS_KEPT = 2**63
"""In place of an offset of control, when that is gone: all facts hold that the changelog has."""


class Claim(NamedTuple):
    """What a new owner found when it put its marker down.

    Attributes:
        epoch: The offset of its marker.
        committed: The committed control offset, ``None`` if there is none.
        control: Where control is read from.
        control_end: The end of control at that moment; everything below is carried out before own cuts.
        base: The last executed cut, as the record below the committed offset tells it.
        positions: Where each input is read from, in the order of the catalogue.
        losses: What it did not find, and a person accepted that.
        ids: Of the topics, by full name.
        former: The ids of those that are lost, as they were.
    """

    epoch: int
    committed: int | None
    control: int
    control_end: int
    base: Base | None
    positions: Mapping[str, int]
    losses: tuple[Loss, ...] = ()
    ids: Mapping[str, str] = {}
    former: Mapping[str, str] = {}

    def known(self, *, settled: bool) -> dict[str, str]:
        """The ids to be committed: of what is lost the former ones, until the cut after the loss is."""
        ids = dict(self.ids) if settled else {**self.ids, **self.former}
        return {topic: name for topic, name in ids.items() if name}


@dataclass(slots=True)
class Target:
    """The ends that the inputs had when a tick was seen."""

    tick: WaitingTick
    ends: Mapping[str, int]


@dataclass(slots=True)
class _Restoring:
    """State that is needed until the changelog is read."""

    until: int
    filter: EpochFilter = field(default_factory=EpochFilter)
    records: int = 0
    values: int = 0
    newest_cut: int = 0


class OwnedPartition:
    """One partition and its owner's knowledge of it.

    Args:
        number: The partition.
        core: Its customers.
        claim: What was found when it was claimed.
        pace: How its owner cuts.
        bound: Records that its inbox may hold.
        owner: What this process writes into its markers.
    """

    def __init__(
        self, number: int, core: Core, claim: Claim, pace: Pace, bound: int, owner: bytes = b""
    ) -> None:
        self.number = number
        self.core = core
        self.restoring: _Restoring | None = _Restoring(claim.epoch)
        self.newest_row = 0
        self.learned = -1
        self.steps = 0  # portions of cuts that were carried out: grows while there is work, or it is stuck
        self.clean = True  # nothing in memory that is not acknowledged
        self.ledger = Ledger(claim.positions)
        self.twins = Twins(owner)
        self._brakes = {topic: Brake() for topic in claim.positions}
        self._over: tuple[str, str] | None = None  # an input over the policy's limit of rejects, and what is
        self._begin(claim, pace, bound)

    def _begin(self, claim: Claim, pace: Pace, bound: int) -> None:
        self.claim = claim
        self.epoch = claim.epoch
        self.contiguity = Contiguity(claim.epoch + 1)
        self.log = ControlLog(claim.epoch, claim.control, claim.base)
        self.inbox = Inbox(claim.positions, bound)
        self.proposer = Proposer(claim.epoch, pace)
        self.target: Target | None = None
        self.applied = dict(claim.positions)
        self.executed = claim.base.n if claim.base else 0
        self.committable = claim.control  # control offset after the last executed cut
        self.committed_cut = self.executed
        self._last = claim.base
        self._uncommitted: deque[tuple[int, Base]] = deque()
        self.at = claim.base.at if claim.base else 0
        self.losses = claim.losses  # until the cut after them is committed
        self._anew: int | None = None  # the number of that cut, once it is written
        self.held_until = 0
        self.proposing = False  # cuts found on control come before own ones

    @property
    def ready(self) -> bool:
        """Whether the changelog was read and the former owner's effects were sent again."""
        return self.restoring is None

    @property
    def is_read(self) -> bool:
        """Whether the changelog was read up to our marker."""
        return self.restoring is None or self.restoring.filter.newest == self.epoch

    def keeps(self, claim: Claim) -> bool:
        """Whether memory is current though the partition was claimed anew: nobody else wrote in between."""
        return (
            self.ready
            and self.clean
            and not claim.losses
            and claim.epoch == self.contiguity.expected
            and claim.committed == self.committable
        )

    def reclaim(self, claim: Claim, pace: Pace, bound: int) -> None:
        """Go on under a new epoch with what is in memory."""
        self.newest_row = 0  # it was judged when it was read
        self._begin(claim, pace, bound)

    def restore(self, records: Sequence[Record]) -> None:
        """Apply changelog records up to our marker.

        Raises:
            DataLossError: if one cannot be read by this version.
            TwinError: if a younger process has our instance id, and was the owner in between.
        """
        state = self.restoring
        assert state is not None
        for record in records:
            if record.offset > state.until:
                break
            state.records += 1
            try:
                self._restore_record(state, record)
            except row.StoredFormError as error:
                raise DataLossError(
                    f"changelog {self.number} at {record.offset}: this version cannot read {error}",
                    "run the version that wrote it, or a newer one",
                ) from None

    def _restore_record(self, state: _Restoring, record: Record) -> None:
        if record.key == row.MARKER and (younger := self.twins.meet(record.value)) is not None:
            raise younger
        if not state.filter.counts(record):
            return
        key, value = record.key, record.value
        assert key is not None
        if key == LEDGER:
            self.ledger.restore(value)
        else:
            self.core.restore(key, value)
        if value is not None:
            state.values += 1
            if key != LEDGER and not key.startswith(row.CONTEXT):
                state.newest_cut = max(state.newest_cut, row.cut_of(value))

    @property
    def newest_without_commits(self) -> int:
        """The newest cut that a row or the accounts name, if nothing is committed; else 0."""
        state = self.restoring
        if state is None or self.claim.committed is not None:
            return 0
        return max(state.newest_cut, self.ledger.cut)

    @property
    def counted_beyond_control(self) -> bool:
        """Whether control is lost, and the accounts include cuts after the last one that is known."""
        return self.lost_control and self.ledger.cut > self.executed

    def find_again(self, claim: Claim, pace: Pace, bound: int) -> None:
        """Go on from what control and accounts tell, since commits or control are lost; rows are read.

        Lost commits alone need no cut to say so: what control holds is carried out as it stands.
        """
        losses = tuple(loss for loss in claim.losses if loss.kind != "commits")
        self._begin(claim._replace(losses=losses), pace, bound)

    def restored(self) -> set[bytes]:
        """The changelog was read up to our marker; returns the keys that a fenced owner wrote last.

        Raises:
            RuntimeError: if the marker was not reached (recovery ended early).
            LedgerError: if inputs were not counted up to where they go on.
        """
        state = self.restoring
        assert state is not None
        if state.filter.newest != self.epoch:
            raise RuntimeError(
                f"recovery of partition {self.number} ended at epoch {state.filter.newest}, "
                f"ours is {self.epoch}"
            )
        for loss in self.losses:
            self.ledger.pass_over(loss)
        if said := self.ledger.disagreements(self.claim.positions, self.executed):
            raise LedgerError(
                f"partition {self.number}: {'; '.join(said)}",
                "offsets of the group were moved, or the changelog lost its end: restore them, or start over "
                "under another prefix",
            )
        self.newest_row = state.newest_cut
        return state.filter.stale

    def derive(self) -> Iterator[None]:
        """Rebuild what follows from the rows, a few milliseconds at each step."""
        return self.core.restored(ALL_THAT_IS_KEPT if self.lost_control else self.claim.control, self.at)

    def live(self) -> None:
        """Recovery is over."""
        self.restoring = None

    def due(self) -> DueCut | None:
        """The next cut if its records are here; facts before it are learned on the way."""
        queue = self.log.queue
        while queue and isinstance(queue[0], DueFact):
            self._learn(queue.popleft())  # type: ignore[arg-type] # deque gives back what was looked at
        if not queue:
            return None
        head = queue[0]
        assert isinstance(head, DueCut)
        cut = head._replace(ends=self._reachable(head.ends))
        return cut if self.inbox.holds(cut.ends) else None

    def _reachable(self, ends: Mapping[str, int]) -> Mapping[str, int]:
        """Of a cut's ends those that can be reached: where an input is lost, a former owner's may not be."""
        gone = {loss.resource: loss for loss in self.losses}
        if not gone:
            return ends
        return {
            topic: end
            for topic, end in ends.items()
            if topic not in gone or (gone[topic].kind == "cut" and end > gone[topic].end)
        }

    @property
    def executable(self) -> bool:
        """Whether ``due`` would give a cut; nothing is learned by asking."""
        cuts = self.log.cuts() if self.ready else []
        return bool(cuts) and self.inbox.holds(self._reachable(cuts[0].ends))

    def _learn(self, fact: DueFact) -> None:
        if fact.offset > self.learned:  # read again after a rebalance that left memory current
            self.core.learn(fact.offset, fact.fact)
            self.learned = fact.offset

    def execute(self, cut: DueCut) -> Iterator[Executed]:
        """Carry out the cut at the head of the queue, in memory, a bounded portion at each step.

        What a portion holds may leave before the next one is made: each row carries its own outbox. The last
        one brings the ledger; to know that it is the last, one is held back.
        """
        self.log.queue.popleft()
        self.clean = False
        slices, counts, held = self.inbox.take(cut.ends), [], None
        woken = 0  # rows that no record accounts for: at least so many customers were woken
        for part in self.core.portions(cut.n, self.epoch, cut.at, slices, self.committed_cut):
            self._brake(part)
            counts.append(part.counts)
            woken += len(part.rows) - sum(found.read for found in part.counts.values())
            if held is not None:
                yield held
            held = part
        assert held is not None
        self.proposer.woke(woken, cut.at - self.at)
        if self.ledger.enter(cut.n, cut.ends, counts, self.inbox.take_holes(cut.ends)):
            held.rows[LEDGER] = self.ledger.pack(self.epoch)
        yield held

    def current(self, key: bytes) -> bytes | None:
        """What the changelog must hold under this key, ``None`` for a tombstone."""
        return self.ledger.pack(self.epoch) if key == LEDGER else self.core.current(key)

    def _brake(self, part: Executed) -> None:
        limits = self.core.facts.policy.rejects
        for topic, counts in part.counts.items():
            said = self._brakes[topic].feed(counts.read, counts.rejected_at, limits.share, limits.run)
            if said and self._over is None:
                self._over = topic, said

    def finished(self, cut: DueCut) -> None:
        """The cut's rows and effects are acknowledged."""
        self.clean = True
        self.executed, self.at = cut.n, cut.at
        self.applied.update(cut.ends)
        self.committable = cut.offset + 1
        before = self._uncommitted[-1][1] if self._uncommitted else self._last
        ends = {**(before.ends if before else {}), **cut.ends}
        self._uncommitted.append((self.committable, Base(cut.epoch, cut.n, cut.at, ends)))

    def over_limit(self, cut: DueCut, rejects: str) -> TooManyRejectsError | None:
        """What to stop for after this cut: an input with more rejects than the policy in force bears.

        Args:
            cut: The cut, finished.
            rejects: The topic where the rejects are.
        """
        if self._over is None:
            return None
        topic, said = self._over
        return TooManyRejectsError(
            f"{topic} {self.number}: {said}; read up to offset {cut.ends[topic]}",
            f"nothing is lost: they are on {rejects} as they came, headers say why. Stop the "
            "producer, or publish a policy with other [rejects]; "
            "a worker that is started goes on behind them",
        )

    def committed(self, control: int) -> None:
        """Control is committed up to this offset."""
        while self._uncommitted and self._uncommitted[0][0] <= control:
            self._last = self._uncommitted.popleft()[1]
            self.committed_cut = self._last.n
        if self._anew is not None and self.committed_cut >= self._anew:
            self.losses, self._anew = (), None

    def note(self, control: int, partitions: int) -> str:
        """What is to be written beside this committed control offset."""
        base = next((base for offset, base in self._uncommitted if offset == control), self._last)
        settled = not self.losses or (base is not None and base.n == self._anew)
        return note_of(control, partitions, base, self.claim.known(settled=settled))

    def after_loss(self, now: float) -> "Cut | None":
        """The cut that begins the chain anew, once; no other is written until it is committed."""
        if self._anew is not None:
            return None
        self._anew = max(self.log.n, self.newest_row, self.ledger.cut) + 1
        ends = {**self.claim.positions, **(self.log.ends or {})}
        for loss in self.losses:
            if loss.resource in ends:
                ends[loss.resource] = max(loss.end, ends[loss.resource]) if loss.kind == "cut" else loss.end
        return self.proposer.anew(now, self._anew, ends)

    def take_up(self) -> bool:
        """Whether own cuts may be written: all that was found on control is carried out.

        Raises:
            DataLossError: if rows are ahead of control: it was deleted or made anew.
        """
        if not self.proposing and self.log.next >= self.claim.control_end and not self.log.queue:
            if self.newest_row > self.log.n and not self.lost_control:
                raise DataLossError(
                    f"partition {self.number} has rows of cut {self.newest_row}, "
                    f"but control ends at cut {self.log.n}",
                    "control was cut or made anew; restore it, or start over under another prefix",
                )
            self.proposer.take_up(self.log, self.claim.positions)
            self.proposing = True
        return self.proposing

    @property
    def lost_control(self) -> bool:
        """Whether control itself is what a person accepted to have lost."""
        return any(loss.resource not in self.claim.positions for loss in self.losses)

    def needed(self) -> list[Mapping[str, int]]:
        """Ends that the inbox must be allowed to reach."""
        ends = [self._reachable(cut.ends) for cut in self.log.cuts()]
        if self.target is not None:
            ends.append(self.target.ends)
        return ends

    def next_by_tick(self, now: float) -> "Cut | None":
        """The cut that answers the first waiting tick, if its inputs are here."""
        target = self.target
        if target is None or not self.inbox.holds(target.ends):
            return None
        self.target = None
        return self.proposer.by_tick(now, target.tick, target.ends)

    def wants_target(self) -> WaitingTick | None:
        """A tick whose ends are to be asked for."""
        busy = self.proposer.under_way or self.target is not None or self.log.queue
        return self.log.ticks[0] if self.log.ticks and not busy else None
