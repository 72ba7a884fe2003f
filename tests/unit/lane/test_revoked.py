"""Partitions that were revoked while they were recovered: no going live, and no late commit for them.

Found by the simulator (seed 50, with customers that are forgotten): Faust lets the recovery go on, so the
lane went live between two rebalances and carried a cut out. Its commit was refused, and was made good at
the next assignment, when others had long gone on: the group's offsets went back.
"""

from collections.abc import Coroutine
from types import SimpleNamespace
from typing import Any

import pytest
from faust.tables.recovery import Recovery
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from agents.lane.consumer import LaneConsumer
from agents.lane.fence import Lease
from agents.lane.recovery import LaneRecovery

CONTROL = TP("holdfast.control.v1", 3)


async def nothing(*_: object) -> None:
    """Faust's part."""


async def test_what_was_not_committed_is_forgotten_with_a_new_assignment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(driver.Consumer, "on_partitions_assigned", nothing)
    made = LaneConsumer.__new__(LaneConsumer)
    made.lane = SimpleNamespace(lease=Lease(1), held=False)  # type: ignore[assignment]
    made.done = {CONTROL: 5}
    await made.on_partitions_assigned({CONTROL}, 6)
    assert made.done == {}
    assert made.lane.held


@pytest.mark.parametrize("joined", [False, True])
@pytest.mark.parametrize("held", [False, True])
async def test_a_recovery_whose_partitions_were_revoked_does_not_go_live(
    held: bool,  # noqa: FBT001 - a parameter of the test
    joined: bool,  # noqa: FBT001 - whether it has been live before
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    went: list[str] = []
    lane = SimpleNamespace(held=True, joined=joined, go=lambda: went.append("live"))

    async def revoked_meanwhile(_self: object, work: Coroutine[Any, Any, None]) -> None:
        await work
        lane.held = held

    monkeypatch.setattr(Recovery, "_wait", revoked_meanwhile)
    monkeypatch.setattr(Recovery, "_set_recovery_ended", lambda _self: None)
    monkeypatch.setattr(LaneRecovery, "_finish", nothing)
    made = LaneRecovery.__new__(LaneRecovery)
    made.completed = SimpleNamespace(set=lambda: None)
    made.tables = SimpleNamespace(values=list, on_actives_ready=list, on_standbys_ready=list)
    made.active_tps = set()
    made.app = SimpleNamespace(
        lane=lane,
        consumer_generation_id=3,
        consumer=SimpleNamespace(assignment=set, resume_partitions=list, resume_flow=list),
        on_rebalance_complete=SimpleNamespace(send=nothing),
        flow_control=SimpleNamespace(resume=list),
        _fetcher=SimpleNamespace(maybe_start=nothing),
        on_rebalance_end=list,
        on_ready=nothing,
        before_live=lambda: went.append("settled"),
    )
    await made.on_recovery_completed(3)
    settled = [] if joined else ["settled"]
    assert went == ([*settled, "live"] if held else []), "memory is looked through once, before it matters"
