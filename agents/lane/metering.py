"""Counts what the lane does, once per cut and not per record; gauges are read when somebody asks for them."""

import time
from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING, Final

from streams import metrics as catalogue
from streams.timeline import Headers
from streams.topics import Catalogue
from streams.wire.control import ControlRecord, Cut
from streams.wire.times import SECOND

from ..adapters.metrics import Metrics
from .core import Effect, Executed
from .cuts import Verdict
from .ledger import OUTCOMES
from .loss import Loss
from .partition import OwnedPartition

if TYPE_CHECKING:
    from .lane import Lane
    from .status import LaneStatus

_BY_PARTITION: Final = (
    catalogue.PARTITION_TIME,
    catalogue.PARTITION_EPOCH,
    catalogue.LAG,
    catalogue.UNCOMMITTED,
    catalogue.CUSTOMERS,
    catalogue.POLICY_PUBLISHED,
    catalogue.UNACCOUNTED,
)


class Meter:
    """What one lane counts.

    Args:
        metrics: Where it is exported.
        topics: To tell signals, commands and inputs by their topics.
    """

    def __init__(self, metrics: Metrics, topics: Catalogue) -> None:
        self._metrics = metrics
        self._inputs = {topic.name: topic.short.rpartition(".")[2] for topic in topics.inputs}
        self._commands = f"{topics.prefix}.commands."
        self._signals = topics.signals.name
        self._claimed = 0.0
        self._shown: set[str] = set()

    def assigned(self) -> None:
        """Partitions were assigned, and are claimed now."""
        self._claimed = time.monotonic()
        self._metrics.add(catalogue.REBALANCES)

    def recovered(self, records: int, resent: int) -> None:
        """All partitions assigned are recovered."""
        self._metrics.add(catalogue.RECOVERED, records)
        self._metrics.add(catalogue.RESENT, resent)
        self._metrics.set(catalogue.RECOVERY_SECONDS, time.monotonic() - self._claimed)

    def control(self, verdict: Verdict, record: ControlRecord, *, external: bool) -> None:
        """A record of control was read."""
        add = self._metrics.add
        if verdict in {Verdict.VOID, Verdict.IGNORED}:
            add(catalogue.CUTS, 1, {"result": "void"})
        elif verdict is Verdict.FACT:
            add(catalogue.FACTS, 1, {"kind": record.kind})
        elif verdict is Verdict.TICK and not external:
            add(catalogue.TICKS, 1, {"result": "ignored"})
        elif isinstance(record, Cut) and record.tick is not None and verdict is Verdict.CUT:
            add(catalogue.TICKS, 1, {"result": "answered"})

    def policies_refused(self, count: int) -> None:
        """A partition could not use what was published."""
        self._metrics.add(catalogue.POLICIES_REFUSED, count)

    def accepted(self, losses: Sequence[Loss]) -> None:
        """Something is lost, and a person accepted that."""
        for loss in losses:
            topic = {"topic": self._inputs.get(loss.resource, loss.resource)}
            self._metrics.add(catalogue.ACCEPTED_LOSSES, 1, topic)
            self._metrics.add(catalogue.SKIPPED_OFFSETS, loss.skipped, topic)

    def executed(self, read: int, seconds: float) -> None:
        """A cut of so many records was carried out and acknowledged in so long."""
        self._metrics.add(catalogue.CUTS, 1, {"result": "executed"})
        self._metrics.observe(catalogue.CUT_SECONDS, seconds)
        self._metrics.observe(catalogue.CUT_RECORDS, read)

    def left(self, part: Executed) -> None:
        """A portion of a cut was acknowledged."""
        add = self._metrics.add
        for name, counts in part.counts.items():
            topic = self._inputs.get(name, name)
            for outcome in OUTCOMES:
                if number := getattr(counts, outcome):
                    label = {"topic": topic, "outcome": outcome}
                    add(catalogue.RECORDS, number, label)
                    add(catalogue.RECORD_BYTES, getattr(counts, f"{outcome}_bytes"), label)
        for reject in part.rejects:
            add(catalogue.REJECTS, 1, {"reason": _header(reject.headers, "holdfast.reject.reason")})
        for effect in part.effects:
            self._effect(effect)

    def audited(self) -> None:
        """All ledgers were looked at, and nothing was missing."""
        self._metrics.add(catalogue.AUDITS)

    def stalled(self, seconds: float) -> None:
        """A portion of a cut kept the event loop to itself for so long."""
        self._metrics.observe(catalogue.STALL_SECONDS, seconds)

    def refresh(self, lane: "Lane", status: "LaneStatus") -> None:
        """Set the gauges."""
        self._metrics.set(catalogue.READY, float(status.ready))
        self._metrics.set(catalogue.PARTITIONS, len(lane.partitions))
        shown = {str(number) for number in lane.partitions}
        for gone in self._shown - shown:
            for metric in _BY_PARTITION:
                self._metrics.forget(metric, {"partition": gone})
            for topic, outcome in product(self._inputs.values(), OUTCOMES):
                label = {"topic": topic, "partition": gone, "outcome": outcome}
                self._metrics.forget(catalogue.ACCOUNTED, label)
                self._metrics.forget(catalogue.ACCOUNTED_BYTES, label)
        self._shown = shown
        for owned in lane.partitions.values():
            self._partition(lane, owned)
            for source, word in owned.core.facts.sources.items():
                self._metrics.set(catalogue.SOURCE_HELD, float(word.state != "healthy"), {"source": source})

    def _partition(self, lane: "Lane", owned: OwnedPartition) -> None:
        label = {"partition": str(owned.number)}
        lag = uncommitted = 0
        for topic, applied in owned.applied.items():
            lag += max(0, (lane.consumer.last_answer(topic, owned.number)[1] or applied) - applied)
            committed = lane.consumer.committed_of(topic, owned.number)
            uncommitted += 0 if committed is None else applied - committed
        self._metrics.set(catalogue.PARTITION_TIME, owned.at / SECOND, label)
        self._metrics.set(catalogue.PARTITION_EPOCH, owned.epoch, label)
        self._metrics.set(catalogue.LAG, lag, label)
        self._metrics.set(catalogue.UNCOMMITTED, uncommitted, label)
        self._metrics.set(catalogue.CUSTOMERS, len(owned.core.rows), label)
        self._accounts(owned)
        lacking = sum(abs(account.unaccounted) for account in owned.ledger.accounts.values())
        self._metrics.set(catalogue.UNACCOUNTED, lacking, label)
        self._metrics.set(catalogue.POLICY_PUBLISHED, float(owned.core.facts.published), label)

    def _accounts(self, owned: OwnedPartition) -> None:
        for topic, account in owned.ledger.accounts.items():
            for outcome in OUTCOMES:
                label = {
                    "topic": self._inputs[topic],
                    "partition": str(owned.number),
                    "outcome": outcome,
                }
                self._metrics.set(catalogue.ACCOUNTED, getattr(account, outcome), label)
                self._metrics.set(catalogue.ACCOUNTED_BYTES, getattr(account, f"{outcome}_bytes"), label)

    def _effect(self, effect: Effect) -> None:
        if effect.topic.startswith(self._commands):  # a brand's own channels too: they are in no catalogue
            channel = effect.topic.removeprefix(self._commands).removesuffix(".v1")
            self._metrics.add(catalogue.COMMANDS, 1, {"channel": channel})
        elif effect.topic == self._signals:
            action = (
                _header(effect.headers, "ce_type").removeprefix("com.holdfast.signal.").removesuffix(".v1")
            )
            self._metrics.add(catalogue.SIGNALS, 1, {"action": action})


def _header(headers: Headers, name: str) -> str:
    return next((value.decode() for key, value in headers if key == name), "")
