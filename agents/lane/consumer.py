"""Faust's consumer without its per-message lane (engine.md 3): slices go to ours, offsets come from it.

Overridden are the loop that drains the fetcher, the bookkeeping of acknowledgements, the seek after
recovery, and the thread's commit. Each override is named in ``tests/contract/test_upstream.py``.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from aiokafka.structs import OffsetAndMetadata
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from ..adapters.logs import get_logger
from ..errors import DataLossError, InfrastructureError
from .claiming import Place
from .core import Record
from .watch import Answers, watch_fetches, watch_heartbeats

if TYPE_CHECKING:
    from .lane import Lane

log = get_logger("lane")

FETCH_WAIT_MS = 20
"""How long a fetch waits at the broker; Faust fixes 1500, with one under way per broker (engine.md 7)."""

TICK_WAIT_MS = 5
"""The same with the external clock: the ends that a tick asks for wait behind the fetch (one connection)."""

BUSY = 2_000
"""Records of one look from which on there is backlog, and no waiting for the next cut."""


COMMIT_AGAIN = 0.25
"""Seconds between two attempts at the first commit."""


class LaneConsumerThread(driver.AIOKafkaConsumerThread):
    """The thread in which aiokafka's consumer lives."""

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        lane: Lane = self.consumer.app.lane
        # Neither is a setting of Faust's: it fixes the first, and ties the second to exactly_once.
        consumer._fetch_max_wait_ms = TICK_WAIT_MS if lane.external else FETCH_WAIT_MS
        consumer._isolation_level = "read_committed"
        return consumer

    async def on_start(self) -> None:
        """Start aiokafka's consumer, with our hooks."""
        await super().on_start()
        lane: Lane = self.consumer.app.lane
        consumer = self._ensure_consumer()
        watch_fetches(consumer._fetcher, lane.hold, self.consumer.answers)
        watch_heartbeats(consumer._coordinator, lane.lease)

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        """Commit in one request; what fails for now is tried again by the timer, nothing is lost by it."""
        consumer, notes = self._ensure_consumer(), self.consumer.notes
        assigned = consumer.assignment()
        wanted = {
            TopicPartition(tp.topic, tp.partition): OffsetAndMetadata(offset, notes.get(tp, ""))
            for tp, offset in offsets.items()
            if TopicPartition(tp.topic, tp.partition) in assigned
        }
        try:
            await consumer.commit(wanted)
        except (CommitFailedError, IllegalStateError) as error:
            log.info("commit came too late", reason=str(error))
            return False
        except KafkaError as error:
            log.warning("commit failed", reason=str(error) or repr(error))
            return False
        return True


class LaneConsumer(driver.Consumer):
    """Hands fetched records to the lane and commits what the lane has finished.

    Attributes:
        done: Next offset to commit by topic partition.
        notes: What is to be committed beside an offset; read by the committing thread.
        answers: What the brokers said last of each topic partition; written by the fetching thread.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lane: Lane = self.app.lane
        self.lane.consumer = self
        self.done: dict[TP, int] = {}
        self.notes: dict[TP, str] = {}
        self.answers: Answers = {}
        self._jumps: dict[TP, int] = {}
        self._surveyed: dict[TP, int | None] = {}
        self._due = self.lane.clock.monotonic()
        self._busy = False

    def _new_consumer_thread(self) -> LaneConsumerThread:
        return LaneConsumerThread(self, loop=self.loop, beacon=self.beacon)

    # -- draining

    async def _drain_messages(self, fetcher: Any) -> None:
        try:
            while not (self._stopped.is_set() or fetcher._stopped.is_set()):
                await asyncio.sleep(0)
                await self._turn()
                self.lane.turned()
        except self.consumer_stopped_errors:
            if not self.app.should_stop:
                raise
        except asyncio.CancelledError:
            # Stopping the fetcher cancels this task; passed on, a SIGTERM in a rebalance ends in exit 1.
            if not fetcher._stopped.is_set():
                raise

    async def _turn(self) -> None:
        """Sleep until just before the next cut, look a few times, cut; under backlog look and cut at once."""
        lane = self.lane
        pace, clock = lane.settings.cut, lane.clock.monotonic
        if not lane.live:
            await self._look(1.0)
            return
        if lane.external:  # nobody paces but the ticks, and each is waited for
            await self._look(pace.every / 1000)
            await asyncio.shield(asyncio.ensure_future(lane.propose()))
            return
        count = 0
        if self._busy:
            count = await self._look(pace.every / 1000)
        else:
            for left in range(pace.looks - 1, -1, -1):
                await asyncio.sleep(max(0.0, self._due - left * pace.lead / 1000 - clock()))
                count += await self._look(0.0)
        self._busy = count >= BUSY
        # Shielded: stopping the fetcher must not cut a proposal in two.
        await asyncio.shield(asyncio.ensure_future(lane.propose()))
        now, every = clock(), pace.every / 1000
        self._due = self._due + every if self._due + every > now else now + every

    async def _look(self, seconds: float) -> int:
        fetched, _ = await self._wait_next_records(seconds)
        if not self.flow_active:
            return 0  # dropped: perform_seek rewinds
        count = 0
        tables = self.app.tables
        for place, records in (fetched or {}).items():
            tp = TP(place.topic, place.partition)
            if tp.topic in tables.changelog_topics:
                tables.recovery.active_offsets[tp] = self.lane.restore(tp.partition, records)
            elif not tables.recovery.in_recovery:
                count += await self._take(tp, records)
        tables.recovery.end_if_read()
        if self.lane.live:
            await self._reach()
        return count

    async def _take(self, tp: TP, records: Sequence[Record]) -> int:
        expected = self._read_offset[tp]
        if expected is None:
            return 0  # not sought yet
        if records[0].offset < expected:
            records = [record for record in records if record.offset >= expected]
        if not records or not await self._follows(tp, expected, records[0].offset):
            return 0
        for run in _runs(records):  # what one answer leaves out between two records holds none
            self.lane.reach(tp.topic, tp.partition, run[0].offset)
            self.lane.take(tp.topic, tp.partition, run)
        self._read_offset[tp] = records[-1].offset + 1
        return len(records)

    async def _reach(self) -> None:
        """Notice offsets that hold no record (transaction markers, compaction): the position passes them."""
        for tp, expected in list(self._read_offset.items()):
            state = self._state(tp)
            if (
                state is None
                or expected is None
                or not state.has_valid_position
                or state.position <= expected
            ):
                continue
            position = state.position
            if tp.topic not in self.app.tables.changelog_topics and await self._follows(
                tp, expected, position
            ):
                self.lane.reach(tp.topic, tp.partition, position)
                self._read_offset[tp] = position

    async def _follows(self, tp: TP, expected: int, found: int) -> bool:
        """Whether what was found may follow what was expected; a jump is fetched again before it is believed.

        Raises:
            DataLossError: if records were deleted before they were read.
        """
        if found == expected:
            return True
        consumer = self._thread._ensure_consumer()
        place = TopicPartition(tp.topic, tp.partition)
        first = (await self._thread.call_thread(consumer.beginning_offsets, [place]))[place]
        if first > expected:
            raise DataLossError(
                f"{tp.topic} {tp.partition} begins at {first}, the next record to be applied was {expected}",
                "retention is shorter than the downtime, or the topic was cut: see docs/operating.md",
            )
        if self._read_offset[tp] != expected:
            return False  # a rebalance while we asked: what was found belongs to the time before it
        if self._jumps.pop(tp, None) == expected:
            return True  # nothing lies there: markers of transactions, or compaction
        self._jumps[tp] = expected
        log.warning("offset jump", topic=tp.topic, partition=tp.partition, expected=expected, found=found)
        consumer.seek(place, expected)
        return False

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> Any:  # noqa: ASYNC109 - Faust's
        # A copy: Faust's set shrinks under the fetching thread; empty means "all" to aiokafka (engine.md 2).
        wanted = set(active_partitions or ())
        if self.lane.live:
            wanted.difference_update(TP(topic, number) for topic, number in self.lane.paused())
        return await super()._getmany(wanted, timeout)

    # -- what the broker says

    def _state(self, tp: TP) -> Any:
        subscription = self._thread._ensure_consumer()._subscription.subscription
        assignment = subscription.assignment if subscription is not None else None
        try:
            return assignment.state_value(TopicPartition(tp.topic, tp.partition)) if assignment else None
        except KeyError:
            return None

    def last_answer(self, topic: str, number: int) -> tuple[int | None, int | None]:
        """When the last answered fetch of an input left (ms), and the high watermark it brought."""
        return self.answers.get((topic, number), (None, None))

    def committed_of(self, topic: str, number: int) -> int | None:
        """The committed offset of an input, as far as this process knows."""
        offset: int | None = self._committed_offset[TP(topic, number)]
        return offset

    async def ends(self, places: Sequence[tuple[str, int]]) -> dict[tuple[str, int], int]:
        """Where topic partitions end now."""
        consumer = self._thread._ensure_consumer()
        tps = [TopicPartition(*place) for place in places]
        found = await self._thread.call_thread(consumer.end_offsets, tps)
        return {(tp.topic, tp.partition): offset for tp, offset in found.items()}

    async def survey(self, numbers: Iterable[int]) -> dict[tuple[str, int], Place]:
        """Committed, first and next offset of control, inputs and changelog (which has none committed)."""
        catalogue = self.lane.catalogue
        topics = [*self.lane.inputs, catalogue.control.name, catalogue.changelog.name]
        tps = [TopicPartition(topic, number) for number in numbers for topic in topics]
        found: dict[tuple[str, int], Place] = await self._thread.call_thread(self._survey, tps)
        self._surveyed = {TP(*where): place.committed for where, place in found.items()}
        return found

    async def _survey(self, tps: Sequence[TopicPartition]) -> dict[tuple[str, int], Place]:
        consumer = self._thread._ensure_consumer()
        if not tps:
            return {}
        # In one request: control and inputs that were committed together are read together.
        held = await consumer._coordinator.fetch_committed_offsets(tps)
        first, end = await consumer.beginning_offsets(tps), await consumer.end_offsets(tps)
        return {(*tp,): Place(_offset_of(held.get(tp)), first[tp], end[tp]) for tp in tps}

    # -- positions and commits

    async def perform_seek(self) -> None:
        """Seek every input and control to its start; where nothing is committed, commit that."""
        starts = {
            TP(topic, owned.number): offset
            for owned in self.lane.partitions.values()
            for topic, offset in [
                *owned.claim.positions.items(),
                (self.lane.catalogue.control.name, owned.claim.control),
            ]
        }
        fresh = {
            TP(self.lane.catalogue.control.name, owned.number): owned.claim.control
            for owned in self.lane.partitions.values()
            if owned.claim.committed is None and not owned.losses  # the cut after a loss is the first commit
        }
        self._take_note(fresh)
        if fresh:  # from here on, rows without a committed control offset mean lost commits
            await self._commit_first(fresh)
        await self._thread.call_thread(self._seek_all, starts)
        self._jumps.clear()
        self.answers.clear()
        for tp, offset in starts.items():
            self._read_offset[tp] = offset
            # What the group has, though the cut may be ahead of it: a twin's commit can set inputs back.
            self._committed_offset[tp] = offset if tp in fresh else self._surveyed.get(tp)
        for tp in self._lost():  # the first commit has to be one of the new offsets, whatever they are
            self._committed_offset[tp] = None

    def _lost(self) -> set[TP]:
        """What begins anew after a loss that was accepted."""
        owners = self.lane.partitions.values()
        return {TP(loss.resource, owned.number) for owned in owners for loss in owned.losses}

    async def _commit_first(self, fresh: Mapping[TP, int]) -> None:
        """Commit where nothing was; a rebalance meanwhile, which begins recovery anew, cancels the waiting.

        Raises:
            InfrastructureError: it cannot be done, and without it nothing may be written.
        """
        clock = self.lane.clock.monotonic
        until = clock() + self.lane.settings.kafka.rebalance_timeout / 1000
        while not await self._thread.commit(fresh):
            if clock() > until:
                raise InfrastructureError(f"the first commit failed again and again: {_named(fresh)}")
            await asyncio.sleep(COMMIT_AGAIN)

    async def _seek_all(self, starts: Mapping[TP, int]) -> None:
        consumer = self._thread._ensure_consumer()
        for (
            tp,
            offset,
        ) in starts.items():  # no await from the first seek to the return: a fetch would come between
            consumer.seek(TopicPartition(tp.topic, tp.partition), offset)

    def finished(self, number: int, ends: Mapping[str, int], control: int) -> None:
        """A cut is done: its offsets may be committed, together."""
        for topic, offset in ends.items():
            self.done[TP(topic, number)] = offset
        self.done[TP(self.lane.catalogue.control.name, number)] = control

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> list[TP]:  # noqa: ARG002 - Faust's
        return list(self.done)

    def _filter_committable_offsets(self, tps: Iterable[TP]) -> dict[TP, int]:
        return {tp: self.done[tp] for tp in tps if self.done[tp] > (self._committed_offset[tp] or 0)}

    async def _commit_offsets(self, offsets: Mapping[TP, int], start_new_transaction: bool = True) -> bool:  # noqa: FBT001, FBT002 - Faust's
        if self.lane.fenced:
            return False
        before = {tp: self._committed_offset[tp] for tp in offsets}
        self._take_note(offsets)
        did_commit = bool(await super()._commit_offsets(offsets, start_new_transaction))
        if did_commit:
            self.lane.committed({(tp.topic, tp.partition): offset for tp, offset in offsets.items()})
        else:
            self._committed_offset.update(before)  # Faust notes the offsets as committed either way
        return did_commit

    def _take_note(self, offsets: Mapping[TP, int]) -> None:
        """Have written beside the control offsets what they stand for."""
        control = self.lane.catalogue.control
        self.notes = {
            tp: owned.note(offset, control.partitions)
            for tp, offset in offsets.items()
            if tp.topic == control.name and (owned := self.lane.partitions.get(tp.partition)) is not None
        }

    async def commit_finished(self) -> None:
        """Commit what is finished now."""
        if not await self.commit():  # it may only have waited for one that was under way
            await self.commit()

    async def wait_empty(self) -> None:
        """Finish the cut in hand, and commit."""
        await self.lane.halt()
        await self.commit_finished()

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Finish the cut in hand, commit, then forget what leaves."""
        self.lane.live = self.lane.held = False
        await super().on_partitions_revoked(revoked)
        for tp in revoked:
            self.done.pop(tp, None)

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Joining is contact with the group; what is not committed by now was refused, and is another's."""
        self.lane.lease.renew()
        self.lane.held = True
        self.done.clear()
        await super().on_partitions_assigned(assigned, generation_id)

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Nothing: Faust's stall detector looks at acknowledgements that we do not make."""


def _runs(records: Sequence[Record]) -> Iterator[Sequence[Record]]:
    """The records in parts without a hole."""
    if records[-1].offset - records[0].offset == len(records) - 1:
        yield records
        return
    start = 0
    for place in range(1, len(records)):
        if records[place].offset != records[place - 1].offset + 1:
            yield records[start:place]
            start = place
    yield records[start:]


def _offset_of(committed: OffsetAndMetadata | None) -> int | None:
    """The committed offset; Kafka says -1 for none."""
    return None if committed is None or committed.offset < 0 else committed.offset


def _named(places: Iterable[TP]) -> str:
    return ", ".join(f"{tp.topic} {tp.partition}" for tp in sorted(places))
