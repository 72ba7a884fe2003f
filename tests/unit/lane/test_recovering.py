"""The end of a recovery leaves the loop free and shows progress, however much there is to be done again."""

import asyncio
from collections.abc import Iterator

import pytest

from agents.lane.core import Effect
from agents.lane.lane import REPAIRED_AT_ONCE
from agents.lane.partition import _Restoring
from agents.lane.status import LaneStatus
from tests.support.toy_core import ToyPartition

from .carrying import CHANGELOG, EPOCH, TOPICS, owning, partition

SIGNALS = TOPICS.signals.name


class Lapsed(ToyPartition):
    """Has effects that may not have left, in three portions."""

    def resend(self, since_cut: int) -> Iterator[list[Effect]]:
        assert since_cut == 0
        return ([Effect(SIGNALS, b"k%d" % n, b"gone", [])] for n in range(3))


class Watched:
    """A lane whose partition is read and not yet live.

    Attributes:
        steps: Of the pulse, at each batch that was sent.
        reasons: What /readyz said then.
        turns: Of another task, at each batch.
    """

    def __init__(self) -> None:
        self.lane, self.producer = owning(lambda *_: None)
        self.lane.live = False
        self.lane.partitions[0] = self.owned = partition(Lapsed(0, TOPICS))
        self.state = self.owned.restoring = _Restoring(EPOCH)
        self.state.filter.newest = EPOCH
        self.lane.progress.begin({0: EPOCH})
        self.steps: list[int] = []
        self.reasons: list[str] = []
        self.turns: list[int] = []
        self._turned = 0
        self.producer.before = self._note

    def _note(self, _topic: str) -> None:
        self.steps.append(self.lane.pulse.steps)
        self.reasons.append(LaneStatus(self.lane).reason)
        self.turns.append(self._turned)

    async def beside(self) -> None:
        """What else the loop has to do."""
        while True:
            self._turned += 1
            await asyncio.sleep(0)


@pytest.fixture
async def watched() -> Watched:
    return Watched()


async def test_what_may_not_have_left_is_sent_again_in_portions(watched: Watched) -> None:
    other = asyncio.create_task(watched.beside())
    await watched.lane.resend()
    other.cancel()
    assert watched.producer.sent == [(SIGNALS, [b"k%d" % n]) for n in range(3)]
    assert len(set(watched.steps)) == 3, "each is progress"
    assert len(set(watched.turns)) == 3, "everything else runs between two"
    assert watched.reasons[1:] == ["sending again what may not have left"] * 2
    assert watched.owned.ready


async def test_rows_of_a_zombie_are_repaired_in_portions(watched: Watched) -> None:
    watched.state.filter.stale = {b"k%d" % n for n in range(2 * REPAIRED_AT_ONCE + 5)}
    other = asyncio.create_task(watched.beside())
    await watched.lane.finish_recovery({0})
    other.cancel()
    assert [(topic, len(keys)) for topic, keys in watched.producer.sent] == [
        (CHANGELOG, REPAIRED_AT_ONCE),
        (CHANGELOG, REPAIRED_AT_ONCE),
        (CHANGELOG, 5),
    ]
    assert {key for _, keys in watched.producer.sent for key in keys} == watched.state.filter.stale
    assert len(set(watched.steps)) == 3
    assert len(set(watched.turns)) == 3
    assert watched.reasons[0] == "reading the changelog"
    assert watched.reasons[2] == "writing again what a former owner overwrote"
