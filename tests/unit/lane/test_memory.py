"""Memory is looked through once, before the worker is live; later recoveries cost no such look."""

import gc
import weakref
from collections.abc import Generator

import pytest

from agents.lane import memory
from streams.timeline import Partition
from streams.wire import row

from .carrying import NAMES, TOPICS, partition


@pytest.fixture
def looks() -> Generator[list[int]]:
    """The generations that the collector looked at; it is left as it was."""
    found: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            found.append(info["generation"])

    threshold, enabled = gc.get_threshold(), gc.isenabled()
    gc.disable()
    gc.callbacks.append(note)
    yield found
    gc.callbacks.remove(note)
    gc.set_threshold(*threshold)
    gc.unfreeze()
    if enabled:
        gc.enable()


def test_the_first_recovery_looks_through_everything_and_later_ones_at_the_young(looks: list[int]) -> None:
    memory.settle()
    assert looks == [2]
    frozen = gc.get_freeze_count()
    came = [[n] for n in range(1_000)]
    memory.keep()
    assert looks == [2, 0]
    assert gc.get_freeze_count() >= frozen + len(came)


@pytest.mark.usefixtures("looks")
def test_a_frozen_partition_that_leaves_is_freed_without_the_collector() -> None:
    owned = partition(core := Partition(0, TOPICS))
    for n in range(10):
        core.restore(b"k%d" % n, row.pack(1, 1, n, 1_000 + n, b"", []))
    for _ in core.restored(0):
        pass
    core.execute(2, 1, 5, [[] for _ in NAMES], 1)
    memory.settle()
    gone = weakref.ref(core)
    del owned, core
    assert gone() is None
