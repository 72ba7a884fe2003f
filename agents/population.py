"""The population role: from what every partition tells of its customers to facts about everybody.

It reads ``population.v1``, one record of each kind and partition replacing the older ones, and puts facts in
force on control. It keeps nothing: what it published last stands on ``facts.v1``, and the partitions say all
again within minutes. So a restart, or a second one that waits to take over, changes nothing.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import msgspec

from streams.metrics import POPULATION_CUSTOMERS, POPULATION_DRIFT, POPULATION_VERSION
from streams.population.estimate import EVERYBODY, estimate
from streams.population.watched import drift
from streams.topics import Catalogue
from streams.wire.control import PopulationFact
from streams.wire.facts import InForce
from streams.wire.population import SUMS
from streams.wire.times import format_time

from .adapters.logs import get_logger
from .adapters.metrics import Metrics
from .source_watch import SourceWatch
from .told import Told

log = get_logger("population")

Publish = Callable[[InForce], Awaitable[object]]
"""Puts a fact in force: on control of every partition, then on facts."""

InForceNow = Callable[[], Awaitable[Mapping[str, object]]]
"""What stands on facts now, by key."""


class _Kind(msgspec.Struct):
    """What a record is about."""

    kind: str = ""


_kind: Final = msgspec.json.Decoder(_Kind)


class Population:
    """What the role knows: the newest record of each partition, by kind.

    Args:
        catalogue: the topics.
        publish: puts a fact in force.
        in_force: asks what is in force.
        metrics: of the process.
    """

    def __init__(
        self, catalogue: Catalogue, publish: Publish, in_force: InForceNow, metrics: Metrics
    ) -> None:
        self._metrics = metrics
        partitions = catalogue.control.partitions
        self._publish = publish
        self._in_force = in_force
        self._sums = Told("sums", SUMS, partitions)
        self._before: PopulationFact | None = None
        self._asked = False
        sources = SourceWatch(partitions, publish, in_force, metrics)
        self._kinds = {"sums": self._take_sums, "volumes": sources.take}

    @property
    def heard(self) -> list[int]:
        """The partitions that have told their sums since the start."""
        return sorted(self._sums.newest)

    async def take(self, _key: bytes | None, value: bytes | None) -> None:
        """Take a record in. One of a kind that this version does not know is somebody else's."""
        try:
            kind = _kind.decode(value or b"").kind
        except msgspec.MsgspecError:
            log.warning("record unreadable", reason="json")
            return
        if (handle := self._kinds.get(kind)) is not None:
            await handle(value)

    async def _take_sums(self, value: bytes | None) -> None:
        """Keep a partition's sums; estimate where a day has passed in all of them."""
        if self._sums.take(value) and self._sums.by_all:
            await self._estimate()

    async def _estimate(self) -> None:
        """Publish what is new; what is in force is read again first, as somebody else may have been here."""
        if self._asked and estimate(self._sums.newest.values(), self._before) is None:
            return
        stands = (await self._in_force()).get("population")
        self._before, self._asked = stands if isinstance(stands, PopulationFact) else None, True
        fact = estimate(self._sums.newest.values(), self._before)
        if fact is None:
            return
        await self._publish(fact)
        self._before = fact
        self._show(fact)
        log.info(
            "population estimated",
            version=fact.version,
            at=format_time(fact.at or 0),
            customers={stream: known[EVERYBODY].customers for stream, known in fact.priors.items()},
        )

    def _show(self, fact: PopulationFact) -> None:
        """Set the metrics after an estimate."""
        self._metrics.set(POPULATION_VERSION, fact.version)
        for stream, known in fact.priors.items():
            pits = [part.streams[stream].pit for part in self._sums.newest.values() if stream in part.streams]
            off = drift([sum(column) for column in zip(*pits, strict=True)])
            self._metrics.set(POPULATION_CUSTOMERS, known[EVERYBODY].customers, {"stream": stream})
            self._metrics.set(POPULATION_DRIFT, off, {"stream": stream})
