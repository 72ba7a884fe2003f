"""Watches the sources: from what every partition counts to words on control that a source is quiet (N5).

What is in force is read again before each judgement: an operator may have spoken. How it is judged is in
``streams.health``.
"""

from collections.abc import Awaitable, Callable, Mapping

from streams.health import Health
from streams.metrics import SOURCE_SHARE
from streams.policy.builtin import default_policy
from streams.policy.model import Policy
from streams.policy.parse import from_document
from streams.policy.problems import PolicyError
from streams.wire.control import PolicyFact, SourceFact
from streams.wire.event import SHORT_TOPICS
from streams.wire.times import MINUTE, format_time
from streams.wire.volumes import SLOT, VOLUMES

from .adapters.logs import get_logger
from .adapters.metrics import Metrics
from .told import Told

log = get_logger("population")


class SourceWatch:
    """What the role knows of the sources: the newest volumes of each partition.

    Args:
        partitions: how many there are.
        publish: puts a word in force.
        in_force: asks what is in force, by key.
        metrics: of the process.
    """

    def __init__(
        self,
        partitions: int,
        publish: Callable[[SourceFact], Awaitable[object]],
        in_force: Callable[[], Awaitable[Mapping[str, object]]],
        metrics: Metrics,
    ) -> None:
        self._metrics = metrics
        self._publish = publish
        self._in_force = in_force
        self._told = Told("volumes", VOLUMES, partitions)
        self._judged = 0
        self._health = Health()

    async def take(self, value: bytes | None) -> None:
        """Keep a partition's volumes; judge where all partitions have come to a new slot."""
        if not self._told.take(value):
            return
        reached = (min(one.at for one in self._told.newest.values()) - MINUTE) // SLOT
        if self._told.by_all and reached > self._judged:
            self._judged = reached
            await self._judge()

    async def _judge(self) -> None:
        """Say what is new."""
        in_force = await self._in_force()
        words = (fact for fact in in_force.values() if isinstance(fact, SourceFact))
        stands: dict[str, SourceFact] = {word.source: word for word in words}
        for fact in self._health.judge(list(self._told.newest.values()), stands, _policy(in_force)):
            await self._publish(fact)
            since = format_time(fact.since)
            log.warning("source judged", source=fact.source, state=fact.state, since=since, by=fact.by)
        for source in SHORT_TOPICS:
            if source in self._health.shares:
                self._metrics.set(SOURCE_SHARE, self._health.shares[source], {"source": source})
            else:
                self._metrics.forget(SOURCE_SHARE, {"source": source})


def _policy(in_force: Mapping[str, object]) -> Policy:
    """The policy in force, as the partitions have it."""
    fact = in_force.get("policy")
    try:
        return from_document(fact.document) if isinstance(fact, PolicyFact) else default_policy()
    except PolicyError:  # of a newer version: the partitions say so themselves
        return default_policy()
