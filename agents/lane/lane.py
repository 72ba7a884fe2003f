"""The batch lane of one worker: its partitions, and the way of records through them.

The consumer brings records in and asks for cuts at its pace; the executor carries cuts out; recovery claims
partitions and gives them up. They share this object, which runs in the event loop of the app alone.
"""

import asyncio
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, Final, NoReturn

from streams.topics import Catalogue
from streams.wire.control import Cut, decode_control, encode
from streams.wire.reject import Rejection

from ..adapters.logs import get_logger
from ..adapters.metrics import Metrics
from ..errors import InfrastructureError
from ..settings import Settings
from .changelog import Changelog
from .claiming import Found, Place, claim_of, counted_on, found_again
from .clock import MACHINE, Answer, Clock, Hold, complete_until
from .core import CoreFactory, Effect, Record
from .cuts import FencedError, Verdict
from .fence import Lease, LeaseExpiredError
from .finding import find_cut
from .ledger import LedgerError
from .loss import OPTION, Accepted, Loss
from .metering import Meter
from .partition import Claim, OwnedPartition, Target
from .policy_watch import PolicyWatch
from .progress import RecoveryProgress
from .proposing import Pace
from .pulse import Pulse
from .reader import LogReader
from .sending import NO_HEADERS, Line, Sender, Sent, acknowledged
from .stop import End, end_process
from .survey import Ask, last_cuts, nothing_told
from .twins import owner_name

log = get_logger("lane")

REPAIRED_AT_ONCE: Final = 1_000
"""Rows of a former owner that are written again in one step of a recovery."""


class Lane:
    """All partitions that this process owns.

    Args:
        settings: Of the process.
        catalogue: Names of the topics.
        core: Makes the pure core of a partition.
        connection: How aiokafka's clients connect.
        meter: Counts what is done; without one nobody looks at the counts.
        accepted: What a person accepts to lose.
        told: Asks for what was committed beside the offsets, and for the ids of the topics.
        clock: Where the time comes from.
        end: Ends the worker when it may not go on.

    Attributes:
        partitions: By number.
        live: Whether cuts may be written and carried out (not in a rebalance, not stopping).
        held: Whether the group has given this worker partitions and has not asked for them back.
        joined: Whether the worker has been ready once.
        fenced: Whether somebody newer owns a partition: nothing is sent or committed, and the process ends.
        work: Set when a cut may be executable.
        idle: Set while no cut is being carried out.
    """

    def __init__(
        self,
        settings: Settings,
        catalogue: Catalogue,
        core: CoreFactory,
        connection: Mapping[str, Any],
        meter: Meter | None = None,
        *,
        accepted: Accepted | None = None,
        told: Ask = nothing_told,
        clock: Clock = MACHINE,
        end: End = end_process,
    ) -> None:
        self.accepted = accepted or Accepted()
        self.told = told
        self._found: dict[int, Found] = {}
        self.clock = clock
        self.end = end
        self.settings = settings
        self.catalogue = catalogue
        self.inputs = [topic.name for topic in catalogue.inputs]
        self.external = settings.clock == "external"
        self.partitions: dict[int, OwnedPartition] = {}
        self.live = False
        self.held = False
        self.joined = False
        self.fenced = False
        self.claiming = False
        self.work = asyncio.Event()
        self.idle = asyncio.Event()
        self.idle.set()
        self.lease = Lease(settings.kafka.session_timeout / 1000, clock.monotonic)
        self.hold = Hold(settings.clock_hold)
        self.meter = meter or Meter(Metrics(), catalogue)
        self.pulse = Pulse(clock.monotonic, settings.watchdog / 1000)
        self.policies = PolicyWatch(self.meter)
        self.progress = RecoveryProgress(clock)
        self.unreadable = 0
        self.ticks_ignored = 0
        self.sender = Sender(
            lambda: self.consumer.app.producer._producer, self.lease, lambda: self.live, lambda: self.fenced
        )
        self.reader = LogReader(connection)
        self.changelog = Changelog(
            catalogue.changelog.name, self.sender, self.reader, owner_name(settings.kafka.instance_id)
        )
        self._core = core
        self._pace = Pace(settings.cut.every / 1000, settings.cut.max_records)
        self._proposing: set[asyncio.Task[None]] = set()
        self.consumer: Any = None  # agents.lane.consumer.LaneConsumer; set by it when it is made

    # -- taking partitions over

    async def claim(self, numbers: set[int]) -> dict[int, bool]:
        """Claim partitions in the log; tells for each whether what is in memory is current.

        Raises:
            DataLossError: if the topics do not hold what must be there.
        """
        self.live = False
        self.claiming = True
        self.pulse.stepped()
        self.meter.assigned()
        for gone in self.partitions.keys() - numbers:
            del self.partitions[gone]
        epochs = dict(
            zip(
                numbers,
                await asyncio.gather(*(self.changelog.claim(n) for n in numbers)),
                strict=True,
            )
        )
        self._found = await self._find(epochs)
        bases = await last_cuts(self.reader, self.catalogue, self._found.values())
        claims = {n: claim_of(self.catalogue, found, bases.get(n)) for n, found in self._found.items()}
        self._accept([loss for claim in claims.values() for loss in claim.losses])
        kept = {n: self._take_over(n, claim) for n, claim in claims.items()}
        self.claiming = False
        self.pulse.stepped()
        self.progress.begin({n: epoch for n, epoch in epochs.items() if not kept[n]})
        log.info("partitions claimed", epochs=epochs, current=sorted(n for n, same in kept.items() if same))
        return kept

    def is_read(self) -> bool:
        """Whether the changelog of every partition was read up to our marker."""
        return not self.claiming and all(owned.is_read for owned in self.partitions.values())

    async def _find(self, epochs: Mapping[int, int]) -> dict[int, Found]:
        """What the brokers say of partitions whose markers stand there."""
        control, changelog = self.catalogue.control.name, self.catalogue.changelog.name
        told = await self.told(epochs.keys())
        places: Mapping[tuple[str, int], Place] = await self.consumer.survey(epochs.keys())
        return {
            n: Found(
                n,
                epoch,
                places[control, n],
                {topic: places[topic, n] for topic in self.inputs},
                places[changelog, n],
                told.notes.get(n),
                told.ids,
            )
            for n, epoch in epochs.items()
        }

    def _accept(self, losses: Sequence[Loss]) -> None:
        """Refuse losses, or say and count those that a person accepted.

        Raises:
            DataLossError: naming what was not accepted.
        """
        self.accepted.check(losses)
        if losses:
            log.warning("going on after a loss that was accepted", losses=[str(loss) for loss in losses])
            self.meter.accepted(losses)

    async def _find_again(self, owned: OwnedPartition, newest: int) -> None:
        """The commits of a partition are lost, and it has rows: control alone tells where to go on."""
        found = self._found[owned.number]
        place, name = found.control, self.catalogue.control.name
        before = await find_cut(
            self.reader, name, owned.number, place.first, place.end, newest - 1, self.pulse.stepped
        )
        claim = found_again(self.catalogue, found, before, newest, owned.ledger.counted)
        self._accept(claim.losses)
        owned.find_again(claim, self._pace, self.settings.inbox_bound)
        owned.held_until = (
            self.clock.wall_ms() + self.settings.clock_hold
        )  # how long it stood still nobody knows

    def _take_over(self, number: int, claim: Claim) -> bool:
        owned = self.partitions.get(number)
        kept = owned is not None and owned.keeps(claim)
        if owned is not None and kept:
            owned.reclaim(claim, self._pace, self.settings.inbox_bound)
        else:
            core, owner = self._core(number), self.changelog.owner
            owned = OwnedPartition(number, core, claim, self._pace, self.settings.inbox_bound, owner)
            self.partitions[number] = owned
            self.policies.forget(number)
        owned.held_until = self.hold.taken_over(
            owned.at, self.clock.wall_ms(), self.settings.kafka.session_timeout
        )
        return kept

    def restore(self, number: int, records: Sequence[Record]) -> int:
        """Apply changelog records; returns the offset of the last one."""
        owned, last = self.partitions.get(number), records[-1].offset
        if owned is not None and not owned.ready:
            owned.restore(records)
            self.progress.read(number, len(records), max(0, owned.epoch - last))
            self.pulse.stepped()
        return last

    async def finish_recovery(self, numbers: set[int]) -> None:
        """The changelog was read: repair what a zombie wrote, send again what may not have left.

        Raises:
            DataLossError: rows without committed offsets.
            RuntimeError: the changelog was not read to our marker.
        """
        if missing := numbers - self.partitions.keys():
            raise InfrastructureError(f"recovery ended before partitions {sorted(missing)} were claimed")
        for owned in self.partitions.values():
            if owned.ready:
                continue
            if newest := owned.newest_without_commits:
                await self._find_again(owned, newest)
            elif owned.counted_beyond_control:
                claim = counted_on(owned.claim, owned.ledger.counted)
                owned.find_again(claim, self._pace, self.settings.inbox_bound)
            stale = await self._restored(owned)
            for _ in owned.derive():
                await self._stepped("deriving deadlines")
            if stale:
                log.warning("zombie rows", partition=owned.number, keys=len(stale))
            keys = iter(sorted(stale))
            while some := set(islice(keys, REPAIRED_AT_ONCE)):
                await self.changelog.repair(owned, some)
                await self._stepped("writing again what a former owner overwrote")

    async def _stepped(self, doing: str) -> None:
        """A part of a recovery is done: who watches and who waits shall know, and everything else may run."""
        self.pulse.stepped()
        self.progress.doing(doing)
        await asyncio.sleep(0)

    async def _restored(self, owned: OwnedPartition) -> set[bytes]:
        """The keys that a fenced owner wrote last.

        Raises:
            FencedError: if the accounts are behind the log because a newer owner has gone on already.
        """
        try:
            return owned.restored()
        except LedgerError:
            place = self.changelog.topic, owned.number
            await self.changelog.check(owned, (await self.consumer.ends([place]))[place])
            raise

    async def resend(self) -> None:
        """Send the outboxes of rows that are ahead of the committed cut, then be ready."""
        ready: dict[int, dict[str, int]] = {}
        for owned in self.partitions.values():
            if owned.ready:
                continue
            count = 0
            for effects in owned.core.resend(owned.executed):
                await acknowledged(await self.send_effects(owned.number, effects))
                count += len(effects)
                await self._stepped("sending again what may not have left")
            ready[owned.number] = _recovered(owned, count)
            owned.live()
        self.meter.recovered(
            sum(found["records"] for found in ready.values()),
            sum(found["resent"] for found in ready.values()),
        )
        log.info("partitions recovered", partitions=ready)

    async def send_effects(self, number: int, effects: Sequence[Effect]) -> list[Sent]:
        """Hand effects over, in order for each topic; the customer's partition is the same everywhere."""
        by_topic: dict[str, list[Line]] = {}
        for effect in effects:
            by_topic.setdefault(effect.topic, []).append((effect.key, effect.value, effect.headers))
        sent: list[Sent] = []
        for topic, lines in by_topic.items():
            sent += await self.sender.send(topic, number, lines)
        return sent

    def go(self) -> None:
        """Recovery is complete: live from here."""
        self.pulse.stepped()
        if not self.joined and self.accepted.started():
            log.info("nothing is missing of what was accepted to be lost", way_out=f"start without {OPTION}")
        for owned in self.partitions.values():
            self._settle(owned)
        self.live = self.joined = True
        self.work.set()

    async def halt(self) -> None:
        """Write and carry out nothing more, and wait for the cut in hand."""
        self.live = False
        await self.idle.wait()

    # -- records in

    def take(self, topic: str, number: int, records: Sequence[Record]) -> None:
        """Take in fetched records of an input or of control."""
        owned = self.partitions.get(number)
        if owned is None:
            return
        if topic != self.catalogue.control.name:
            owned.inbox.put(topic, records)
            if owned.log.queue:
                self.work.set()
            return
        for record in records:
            self._read_control(owned, record.offset, record.value)
        self.work.set()

    def reach(self, topic: str, number: int, position: int) -> None:
        """Note that a topic was read up to there, though no record came."""
        owned = self.partitions.get(number)
        if owned is None:
            return
        if topic == self.catalogue.control.name:
            owned.log.reach(position)
        else:
            owned.inbox.reach(topic, position)

    def _read_control(self, owned: OwnedPartition, offset: int, value: bytes | None) -> None:
        record = decode_control(value)
        if isinstance(record, Rejection):
            if offset >= owned.log.next:
                self.unreadable += 1
                owned.log.reach(offset + 1)
                log.warning(
                    "control record unreadable", partition=owned.number, offset=offset, reason=record.reason
                )
            return
        try:
            verdict = owned.log.read(offset, record)
        except FencedError as fenced:
            self.live, self.fenced = False, True  # nothing more is begun, sent or committed
            self._judging = asyncio.create_task(self._end_fenced(owned, fenced))
            return
        self.meter.control(verdict, record, external=self.external)
        if verdict is Verdict.TICK and not self.external:
            owned.log.ticks.clear()
            self.ticks_ignored += 1
        elif verdict in (Verdict.CUT, Verdict.VOID) and getattr(record, "epoch", None) == owned.epoch:
            owned.proposer.settled(owned.log, valid=verdict is Verdict.CUT)
        if verdict in (Verdict.VOID, Verdict.IGNORED):
            log.warning("cut passed over", partition=owned.number, offset=offset, verdict=verdict.value)

    def turned(self) -> None:
        """The drain loop made a turn."""
        self.pulse.turned()

    def paused(self) -> list[tuple[str, int]]:
        """Topic partitions that shall not be fetched now."""
        return [
            (topic, owned.number)
            for owned in self.partitions.values()
            for topic in owned.inbox.paused(owned.needed())
        ]

    async def _end_fenced(self, owned: OwnedPartition, fenced: FencedError) -> NoReturn:
        """Control told that somebody newer owns a partition: end, and say so if it has our instance id."""
        self.end(await self.changelog.judge(owned, fenced), "reading control")

    # -- cuts out

    async def propose(self) -> None:
        """Write the cuts whose time has come; any failure ends the process."""
        try:
            if self.live and not self.lease.over:
                await self._propose()
        except LeaseExpiredError:
            if self.live:  # else partitions move: whoever owns them next writes cuts
                raise
        except Exception as error:  # noqa: BLE001 - fail-stop: nothing may be built on a failure
            self.end(error, "writing cuts")

    async def _propose(self) -> None:
        owners = [owned for owned in self.partitions.values() if owned.ready and owned.take_up()]
        if self.external:
            await self._find_targets(owners)
        now, wall = self.clock.monotonic(), self.clock.wall_ms()
        sent = []
        for owned in owners:
            if owned.losses:
                await self._begin_anew(owned, now)
                continue
            cut = owned.next_by_tick(now) if self.external else self._by_wall(owned, now, wall)
            if cut is not None:
                value = encode(cut)
                batches = await self.sender.send(
                    self.catalogue.control.name, owned.number, [(b"cut", value, NO_HEADERS)]
                )
                sent.append((owned, value, batches[0]))
        if sent:
            task = asyncio.create_task(self._read_own(sent))
            self._proposing.add(task)
            task.add_done_callback(self._proposing.discard)

    async def _begin_anew(self, owned: OwnedPartition, now: float) -> None:
        """Write the cut after a loss; where control itself was lost, what holds is said again before it."""
        cut = owned.after_loss(now)
        if cut is None:
            return
        control = self.catalogue.control.name
        made_anew = any(loss.resource == control and loss.kind != "cut" for loss in owned.losses)
        records = [*(owned.core.restate() if made_anew else ()), cut]
        lines: list[Line] = [(record.kind.encode(), encode(record), NO_HEADERS) for record in records]
        await acknowledged(await self.sender.send(control, owned.number, lines))

    def _by_wall(self, owned: OwnedPartition, now: float, wall: int) -> "Cut | None":
        held = wall < max(owned.held_until, self.hold.until)
        moment = None if held else complete_until(self.answers(owned))
        return owned.proposer.by_wall(owned.log, now, owned.inbox.fetched, moment)

    def answers(self, owned: OwnedPartition) -> list[Answer]:
        """The last answered fetch of each input."""
        answers = []
        for topic, position in owned.inbox.fetched.items():
            sent, highwater = self.consumer.last_answer(topic, owned.number)
            answers.append(Answer(sent, highwater, position))
        return answers

    async def _find_targets(self, owners: Sequence[OwnedPartition]) -> None:
        """Ask where the inputs end, for each partition in which a tick waits."""
        ticks = [(owned, tick) for owned in owners if (tick := owned.wants_target()) is not None]
        if ticks:
            ends = await self.consumer.ends(
                [(topic, owned.number) for owned, _ in ticks for topic in self.inputs]
            )
            for owned, tick in ticks:
                owned.target = Target(tick, {topic: ends[topic, owned.number] for topic in self.inputs})

    async def _read_own(self, sent: Sequence[tuple[OwnedPartition, bytes, Sent]]) -> None:
        """An own cut exactly at the next unseen offset counts as read; any other waits for the consumer."""
        try:
            for owned, value, batch in sent:
                offset = await batch.offset()
                current = self.live and self.partitions.get(owned.number) is owned
                if current and offset == owned.log.next:
                    self._read_control(owned, offset, value)
                    self.work.set()
        except Exception as error:  # noqa: BLE001 - fail-stop: nothing may be built on a failure
            self.end(error, "reading own cuts")

    def committed(self, offsets: Mapping[tuple[str, int], int]) -> None:
        """Offsets were committed."""
        for (topic, number), offset in offsets.items():
            owned = self.partitions.get(number)
            if owned is not None and topic == self.catalogue.control.name:
                owned.committed(offset)
                self._settle(owned)

    def _settle(self, owned: OwnedPartition) -> None:
        if not owned.losses:
            self.accepted.settled(owned.number)


def _recovered(owned: OwnedPartition, resent: int) -> dict[str, int]:
    """What a recovery came to, for the log."""
    state = owned.restoring
    return {
        "cut": owned.executed,
        "rows": len(owned.core.rows),
        "records": state.records if state else 0,
        "stale": state.filter.dropped if state else 0,
        "resent": resent,
    }
