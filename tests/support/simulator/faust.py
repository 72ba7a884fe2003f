"""Stands for Faust around the lane: the app's parts that it touches, and the order of a rebalance.

Both classes sit between ours and Faust's in the order of inheritance, so that every override of the lane
calls them where it would call Faust. What they do is what Faust 0.15.3 does, in the same order, as far as
the lane depends on it; ``tests/contract/test_upstream.py`` holds the names.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Coroutine, Mapping
from types import SimpleNamespace
from typing import Any

from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from agents.lane.consumer import LaneConsumer
from agents.lane.executor import Executor
from agents.lane.lane import Lane

from .fetching import SimKafka
from .recovering import SimRecovery
from .thread import SimThread


async def _nothing(*_: object) -> None:
    """Faust's own business."""


class SimApp:
    """The app, as far as the lane looks at it.

    Args:
        lane: Of the worker.
        kafka: Its consumer.
        producer: Its producer.
        spawn: Starts a task of the worker.
    """

    client_only = False
    should_stop = False

    def __init__(
        self,
        lane: Lane,
        kafka: SimKafka,
        producer: object,
        spawn: Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"],
    ) -> None:
        self.lane = lane
        self.spawn = spawn
        self.consumer_generation_id = 0
        self.in_recovery = False
        self.producer = SimpleNamespace(_producer=producer)
        self.flow_control = SimpleNamespace(resume=lambda: None)
        self.on_rebalance_complete = SimpleNamespace(send=_nothing)
        self.tables = SimTables(self)
        self.consumer = SimConsumer(self, kafka)
        self.executor = Executor(lane)
        self._fetcher = _Fetcher(self)

    def on_rebalance_end(self) -> None:
        """Nothing to count."""

    def before_live(self) -> None:
        """Its memory is not the simulated worker's own."""

    async def on_ready(self) -> None:
        """As in ``LaneApp``."""
        self.executor.start()


class SimTables(dict[str, Any]):
    """The table manager: no tables of Faust's, one recovery."""

    def __init__(self, app: SimApp) -> None:
        super().__init__()
        self.changelog_topics = {app.lane.catalogue.changelog.name}
        self.recovery = SimRecovery(app, self)

    def on_actives_ready(self) -> None:
        """Nothing waits for it."""

    def on_standbys_ready(self) -> None:
        """Nothing waits for it."""


class _Fetcher:
    """Faust's fetcher: runs the drain loop once flow is wanted."""

    def __init__(self, app: SimApp) -> None:
        self._app = app
        self._task: asyncio.Task[None] | None = None
        self._stopped = asyncio.Event()

    async def maybe_start(self) -> None:
        """Start once."""
        if self._task is None:
            self._task = self._app.spawn(self._app.consumer._drain_messages(self))


class _FaustConsumer(driver.Consumer):
    """What is Faust's of a consumer."""

    def __init__(self, app: SimApp, kafka: SimKafka) -> None:
        self.app = app
        self.in_transaction = False
        self._thread = SimThread(kafka, self)
        self._kafka = kafka
        self._read_offset: defaultdict[TP, int | None] = defaultdict(lambda: None)
        self._committed_offset: defaultdict[TP, int | None] = defaultdict(lambda: None)
        self._active_partitions: set[TP] = set()
        self._paused_partitions: set[TP] = set()
        self._stopped = asyncio.Event()
        self.can_resume_flow = asyncio.Event()
        self.suspend_flow = asyncio.Event()
        self.not_waiting_next_records = asyncio.Event()
        self.flow_active = True
        self._commit_done: asyncio.Future[None] | None = None

    async def wait(self, event: asyncio.Event) -> None:
        """Wait."""
        await event.wait()

    async def sleep(self, seconds: float) -> None:
        """Sleep."""
        await asyncio.sleep(seconds)

    def _get_active_partitions(self) -> set[TP]:
        return self._active_partitions

    # -- commits: one at a time, whoever comes meanwhile waits for it and commits nothing

    async def commit(self, topics: object = None, start_new_transaction: bool = True) -> bool:  # noqa: ARG002, FBT001, FBT002 - Faust's
        """Commit what may be."""
        if self._commit_done is not None:
            await asyncio.shield(self._commit_done)
            return False
        self._commit_done = asyncio.get_running_loop().create_future()
        try:
            offsets = self._filter_committable_offsets(self._filter_tps_with_pending_acks())
            return bool(offsets) and bool(await self._commit_offsets(offsets))
        finally:
            done, self._commit_done = self._commit_done, None
            done.set_result(None)

    async def _commit_offsets(self, offsets: Mapping[TP, int], start_new_transaction: bool = True) -> bool:  # noqa: ARG002, FBT001, FBT002 - Faust's
        mine = self.assignment()
        committable = {tp: offset for tp, offset in offsets.items() if tp in mine}
        if not committable:
            return False
        did_commit = bool(await self._thread.commit(committable))
        self._committed_offset.update(committable)
        return did_commit

    # -- a rebalance

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Stop the flow, finish what is in hand, commit."""
        self._active_partitions.difference_update(revoked)
        self._paused_partitions.difference_update(revoked)
        for tp in revoked:
            self._read_offset.pop(tp, None)
            self._committed_offset.pop(tp, None)
        if self.assignment():
            self.stop_flow()
            await self.wait_empty()

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Pause what is new, and start recovery."""
        self._paused_partitions.intersection_update(assigned)
        self._active_partitions.clear()
        self._active_partitions.update(assigned)
        await asyncio.sleep(0)
        self.pause_partitions(assigned)
        await asyncio.sleep(0)
        self.app.tables.recovery.rebalanced(assigned, generation_id)


class SimConsumer(LaneConsumer, _FaustConsumer):
    """The lane's consumer over the simulated Faust."""

    def __init__(self, app: SimApp, kafka: SimKafka) -> None:
        super().__init__(app, kafka)
        kafka.answers = self.answers
