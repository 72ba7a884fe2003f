"""What a worker says about its lane: the entries of ``/partitions``, whether it is ready, and why not."""

from typing import Final

import msgspec

from streams.wire.times import format_time

from .lane import Lane
from .ledger import Account
from .partition import OwnedPartition

WATCHDOG_TAKES: Final = 15.0
"""Seconds that the watchdog needs at most to ask the brokers and to act on the answer."""


class LaneStatus:
    """Reads the lane; nothing here changes it.

    Args:
        lane: The partitions.
    """

    def __init__(self, lane: Lane) -> None:
        self._lane = lane

    @property
    def alive(self) -> bool:
        """Whether it makes way. The watchdog should have ended it before this says no."""
        return not self._stuck

    @property
    def _stuck(self) -> str:
        return self._lane.pulse.standing(self._lane.pulse.limit + WATCHDOG_TAKES)

    @property
    def ready(self) -> bool:
        """Whether all owned partitions are recovered and up to date with control, in touch with the group."""
        lane = self._lane
        return lane.live and not lane.lease.over and all(o.proposing for o in lane.partitions.values())

    @property
    def reason(self) -> str:
        """Why it is not alive or not ready; empty if it is both."""
        if self._stuck:
            return self._stuck
        if self.ready:
            return ""
        if not self._lane.live:
            return self._recovering or ("partitions are moving" if self._lane.joined else "joining the group")
        if said := self._lane.lease.over:
            return said
        late = [owned.number for owned in self._lane.partitions.values() if not owned.proposing]
        return f"partitions {late} carry out what a former owner left"

    @property
    def _recovering(self) -> str:
        if self._lane.claiming or all(owned.ready for owned in self._lane.partitions.values()):
            return ""
        return self._lane.progress.words

    def partitions(self) -> list[dict[str, object]]:
        """One entry per owned partition."""
        return [self._entry(owned) for _, owned in sorted(self._lane.partitions.items())]

    def _entry(self, owned: OwnedPartition) -> dict[str, object]:
        facts = owned.core.facts
        return {
            "partition": owned.number,
            "epoch": owned.epoch,
            "at": format_time(owned.at),
            "cut": owned.executed,
            "policy": {"version": facts.version, "published": facts.published, "refused": facts.refused},
            "inputs": [self._input(owned, topic) for topic in self._lane.inputs],
        }

    def _input(self, owned: OwnedPartition, topic: str) -> dict[str, object]:
        account = owned.ledger.accounts[topic]
        position = owned.inbox.fetched[topic]
        consumer = self._lane.consumer
        return {
            "topic": topic,
            "position": position,
            "applied": owned.applied[topic],
            "committed": consumer.committed_of(topic, owned.number),
            "end": consumer.last_answer(topic, owned.number)[1] or position,
            **_counted(account),
        }


def _counted(account: Account) -> dict[str, object]:
    """What became of the records from ``counted_from`` up to ``counted``, in number and bytes."""
    said = msgspec.structs.asdict(account)
    return {"counted_from": said.pop("began"), "counted": said.pop("upto"), **said}
