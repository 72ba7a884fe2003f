"""A fresh partition commits before its first cut, or nothing is written at all."""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace

import pytest
from aiokafka.structs import OffsetAndMetadata
from faust.types import TP

from agents.errors import InfrastructureError
from agents.lane import consumer
from agents.lane.claiming import Place
from agents.lane.clock import MACHINE
from agents.lane.consumer import LaneConsumer

CONTROL = TP("holdfast.control.v1", 3)


class Thread:
    """Stands in for the fetching thread: refuses so many commits."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals
        self.asked: list[Mapping[TP, int]] = []
        self.sought: list[Mapping[TP, int]] = []

    async def commit(self, offsets: Mapping[TP, int]) -> bool:
        self.asked.append(offsets)
        self.refusals -= 1
        return self.refusals < 0

    async def call_thread(self, _method: object, starts: Mapping[TP, int]) -> None:
        self.sought.append(starts)


def consumer_of(thread: Thread, monkeypatch: pytest.MonkeyPatch, rebalance_timeout: int) -> LaneConsumer:
    monkeypatch.setattr(consumer, "COMMIT_AGAIN", 0.0)
    claim = SimpleNamespace(positions={"holdfast.events.web.v1": 0}, control=7, committed=None)
    made = LaneConsumer.__new__(LaneConsumer)  # Faust's own needs a whole app, and none of it is used here
    made.lane = SimpleNamespace(  # type: ignore[assignment]
        partitions={3: SimpleNamespace(number=3, claim=claim, losses=(), note=lambda *_: "a note")},
        catalogue=SimpleNamespace(control=SimpleNamespace(name=CONTROL.topic, partitions=4)),
        clock=MACHINE,
        settings=SimpleNamespace(kafka=SimpleNamespace(rebalance_timeout=rebalance_timeout)),
    )
    made._thread = thread
    made._jumps, made.answers, made._surveyed = {}, {}, {}
    made._read_offset, made._committed_offset = {}, {}
    return made


async def test_a_first_commit_that_fails_for_now_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    thread = Thread(refusals=2)
    made = consumer_of(thread, monkeypatch, 60_000)
    await made.perform_seek()
    assert thread.asked == [{CONTROL: 7}] * 3
    assert made.notes == {CONTROL: "a note"}
    assert thread.sought == [{TP("holdfast.events.web.v1", 3): 0, CONTROL: 7}]


async def test_a_first_commit_that_never_succeeds_ends_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    thread = Thread(refusals=1_000_000)
    with pytest.raises(InfrastructureError, match=r"first commit .* holdfast\.control\.v1 3"):
        await consumer_of(thread, monkeypatch, 0).perform_seek()
    assert thread.sought == [], "nothing is read, and so nothing written"


async def test_inputs_that_another_commit_set_back_are_committed_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Found by the simulator: after a commit that came late, inputs stayed behind their cut for ever."""
    web = TP("holdfast.events.web.v1", 3)
    claim = SimpleNamespace(positions={web.topic: 50}, control=7, committed=7)
    made = consumer_of(Thread(refusals=0), monkeypatch, 60_000)
    made.lane.partitions[3].claim = claim  # type: ignore[assignment]
    made.done, made._surveyed = {}, {web: 40, CONTROL: 7}
    await made.perform_seek()
    made.finished(3, {web.topic: 50}, 8)
    assert made._filter_committable_offsets([web, CONTROL]) == {web: 50, CONTROL: 8}


async def test_a_claim_sees_what_was_committed_together_as_it_was_at_one_moment() -> None:
    """Found by the simulator: control asked for before a twin's commit, inputs after it: a cut was lost."""
    web = TP("holdfast.events.web.v1", 3)
    asked: list[Sequence[TP]] = []

    async def fetch_committed_offsets(places: Sequence[TP]) -> dict[TP, OffsetAndMetadata]:
        asked.append(places)
        return {web: OffsetAndMetadata(40, ""), CONTROL: OffsetAndMetadata(-1, "")}

    async def offsets(places: Sequence[TP]) -> dict[TP, int]:
        return dict.fromkeys(places, 50)

    kafka = SimpleNamespace(
        _coordinator=SimpleNamespace(fetch_committed_offsets=fetch_committed_offsets),
        beginning_offsets=offsets,
        end_offsets=offsets,
    )
    made = LaneConsumer.__new__(LaneConsumer)
    made._thread = SimpleNamespace(_ensure_consumer=lambda: kafka)
    assert await made._survey([web, CONTROL]) == {web: Place(40, 50, 50), CONTROL: Place(None, 50, 50)}
    assert asked == [[web, CONTROL]], "one request"
