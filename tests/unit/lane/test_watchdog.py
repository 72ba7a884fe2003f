"""The watchdog ends what stands still, unless nothing can move, and says what it was doing."""

import asyncio
import threading
from collections.abc import Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, ClassVar, cast

import pytest

from agents.lane import watchdog
from agents.lane.pulse import Pulse
from agents.lane.stacks import stacks
from agents.lane.status import WATCHDOG_TAKES
from agents.lane.watchdog import ACTS_WITHIN, StandstillError, Watchdog
from agents.settings.model import Settings

from .test_pulse import LIMIT, Clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from agents.lane.lane import Lane


class EndedError(Exception):
    """Stands in for the end of the process."""


class Bench:
    """A watchdog over a lane of which only the pulse is there.

    Attributes:
        reachable: Whether the brokers answer.
        moves: Called while they are asked.
    """

    def __init__(self) -> None:
        self.clock = Clock()
        self.pulse = Pulse(self.clock, LIMIT)
        self.reachable = True
        self.moves: Callable[[], None] = lambda: None
        self.reasons: list[BaseException] = []
        clock = SimpleNamespace(monotonic=self.clock)
        lane = SimpleNamespace(pulse=self.pulse, clock=clock, end=self._end)
        self.watchdog = Watchdog(cast("Lane", lane), self._ask)

    def _ask(self, standing: Sequence[str]) -> Sequence[str]:
        self.moves()
        return standing if self.reachable else []

    def _end(self, reason: BaseException, _doing: str) -> None:
        self.reasons.append(reason)
        raise EndedError

    def stand_still(self, seconds: int = int(LIMIT) + 1) -> None:
        """Nothing moves; the watchdog looks each second, the last look is the caller's."""
        self.pulse.look({"a cut is under way": 1})
        for _ in range(seconds):
            self.watchdog.look()
            self.clock.now += 1
            self.pulse.look({"a cut is under way": 1})


class LastResort:
    """Stands in for the timer that ends the process whatever happens: it would end the tests' own."""

    started: ClassVar[list[float]] = []

    def __init__(self, seconds: float, _function: object, _given: object) -> None:
        self.seconds = seconds
        self.daemon = False

    def start(self) -> None:
        assert self.daemon
        self.started.append(self.seconds)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(threading, "Timer", LastResort)
    LastResort.started.clear()
    return Bench()


def test_what_stands_still_though_the_brokers_answer_is_ended(bench: Bench) -> None:
    bench.watchdog.look()
    bench.stand_still()
    with pytest.raises(EndedError):
        bench.watchdog.look()
    (reason,) = bench.reasons
    assert isinstance(reason, StandstillError)
    assert reason.exit_code == 70
    assert reason.message == "a cut is under way for 46 s"
    assert LastResort.started == [watchdog.DUMP_TAKES], "it ends though its stacks cannot be written"


def test_while_the_brokers_do_not_answer_it_waits_and_then_counts_anew(bench: Bench) -> None:
    bench.reachable = False
    for _ in range(3):
        bench.stand_still()
        bench.watchdog.look()
    assert not bench.pulse.stuck
    bench.reachable = True
    bench.watchdog.look()
    assert not bench.reasons


def test_a_process_that_was_paused_gets_its_time_again(bench: Bench) -> None:
    bench.stand_still(10)
    bench.clock.now += 10 * LIMIT
    bench.watchdog.look()
    bench.stand_still()
    with pytest.raises(EndedError):
        bench.watchdog.look()


def test_what_moves_while_the_brokers_are_asked_goes_on(bench: Bench) -> None:
    bench.moves = lambda: bench.pulse.look({"a cut is under way": 2})
    bench.stand_still()
    bench.watchdog.look()
    assert not bench.reasons


def test_a_fault_of_the_watchdog_itself_ends_the_worker(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = RuntimeError("the probe cannot be made")

    def raises() -> None:
        raise fault

    bench.moves = raises
    monkeypatch.setattr(watchdog, "LOOK_EVERY", 0)
    bench.stand_still()
    with pytest.raises(EndedError):
        bench.watchdog._watch()
    assert bench.reasons == [fault]


def test_with_the_default_limit_a_worker_that_stands_still_ends_within_60_s() -> None:
    assert Settings().watchdog / 1000 + ACTS_WITHIN < 60
    assert ACTS_WITHIN < WATCHDOG_TAKES, "else /livez says no before the watchdog has acted"


async def waits_for_ever(secret: str, entered: asyncio.Event) -> None:
    entered.set()
    await inner(secret)


async def inner(_secret: str) -> None:
    await asyncio.Event().wait()


async def test_the_stacks_name_the_places_of_threads_and_tasks_and_no_values() -> None:
    entered = asyncio.Event()
    task = asyncio.create_task(waits_for_ever("hunter2", entered), name="the culprit")
    await entered.wait()
    await asyncio.sleep(0)
    said = stacks(asyncio.get_running_loop())
    task.cancel()
    culprit = said[said.index("task the culprit:") :]
    assert culprit.index("in waits_for_ever") < culprit.index("in inner") < culprit.index("locks.py")
    assert f"thread {threading.current_thread().name}:" in said
    assert "in stacks" in said
    assert "hunter2" not in said.replace('create_task(waits_for_ever("hunter2"', "")
