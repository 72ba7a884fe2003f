"""An event loop for several processes in one thread: time is virtual, and a seed says whose turn it is.

What a callback belongs to stands in its context: a task inherits it, and whatever the task waits for calls
back in it. So a process can be frozen (its callbacks wait, also those of timers that are due) or killed (they
never run) at any await of its code, while others go on. Within one process the order is asyncio's; between
processes it is drawn.
"""

import asyncio
import heapq
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context, ContextVar, copy_context
from random import Random
from typing import Any, TypeVarTuple, Unpack

Act = Callable[[], None]
Ts = TypeVarTuple("Ts")


class Process:
    """What one process wants to run.

    Attributes:
        name: For traces.
        alive: Whether anything of it will ever run again.
        killed: Whether it ended in its tracks, with no time to tidy up.
        frozen: Whether it may run now.
        ready: Its callbacks whose time has come.
        steps: How many have run.
        trip, trip_at: What happens to it after which step.
        context: For what is started in it.
    """

    __slots__ = ("alive", "context", "frozen", "killed", "name", "ready", "steps", "trip", "trip_at")

    def __init__(self, name: str) -> None:
        self.name = name
        self.alive = True
        self.killed = False
        self.frozen = False
        self.ready: deque[asyncio.Handle] = deque()
        self.steps = 0
        self.context = Context()
        self.context.run(_OWNER.set, self)
        self.trip_at = -1
        self.trip: Act = self.end

    def after(self, steps: int, act: Act) -> None:
        """Have something done to it after so many of its steps; the last wish counts."""
        self.trip_at, self.trip = self.steps + steps, act

    def end(self) -> None:
        """Nothing of it runs again."""
        self.alive = False
        self.ready.clear()


_OWNER: ContextVar[Process] = ContextVar("process")


class ExpectedError(BaseException):
    """What ends the tasks of a process that died."""


class StandstillError(Exception):
    """Nothing is ready and nothing is due: somebody waits for what never comes."""


class VirtualLoop(asyncio.BaseEventLoop):
    """The loop.

    Args:
        random: Draws whose turn it is.

    Attributes:
        world: The process of all that is no worker: brokers, network, chance.
        steps: How many callbacks have run.
        unhandled: What callbacks and tasks raised that nobody waited for.
    """

    _stopping: bool  # asyncio's

    def __init__(self, random: Random) -> None:
        super().__init__()
        self._draw = random.random
        self._now = 0.0
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._count = 0
        self.world = Process("world")
        self._processes = [self.world]
        self.unhandled: list[str] = []
        self.steps = 0
        self._tasks: list[tuple[Process, asyncio.Task[Any]]] = []
        self.set_exception_handler(self._note)
        self.set_task_factory(self._make_task)

    def process(self, name: str) -> Process:
        """Make a process."""
        made = Process(name)
        self._processes.append(made)
        return made

    def forget(self, process: Process, *, killed: bool) -> None:
        """Drop a process that ended, in good order or in its tracks."""
        process.killed = killed
        process.end()
        self._processes.remove(process)

    def close(self) -> None:
        """Close, and with it all that was under way.

        What is found unheard in a process that had been killed is nobody's: it would have heard it next.
        """
        self.set_exception_handler(lambda *_: None)
        self._close_tasks(lambda owner: owner.killed)
        self.set_exception_handler(self._note)
        self._close_tasks(lambda _: True)
        super().close()

    def _close_tasks(self, of: Callable[[Process], bool]) -> None:
        closing = [task for owner, task in self._tasks if of(owner) and not task.done()]
        self._tasks = [(owner, task) for owner, task in self._tasks if not of(owner) or task.done()]
        while closing:
            with suppress(Exception, asyncio.CancelledError):
                closing.pop().get_coro().close()

    def _make_task(self, _: asyncio.AbstractEventLoop, work: Any, **how: Any) -> "asyncio.Task[Any]":
        task: asyncio.Task[Any] = asyncio.Task(work, loop=self, **how)
        task._log_destroy_pending = False  # type: ignore[attr-defined] # a killed process leaves them as they are
        context: Context = how.get("context") or copy_context()
        self._tasks.append((context.get(_OWNER, self.world), task))
        return task

    def _note(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if not isinstance(error, asyncio.CancelledError | ExpectedError):
            self.unhandled.append(f"{context['message']}: {error!r}")

    # -- asyncio's

    def time(self) -> float:
        """Virtual seconds."""
        return self._now

    def call_soon(
        self, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """Run in the turn of the process whose context it is."""
        handle = asyncio.Handle(callback, args, self, context)
        self._admit(handle)
        return handle

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Run at that virtual time, or when its process may run again."""
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        self._count += 1
        heapq.heappush(self._timers, (when, self._count, timer))
        return timer

    def call_later(
        self,
        delay: float,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Run after so many virtual seconds."""
        return self.call_at(self._now + delay, callback, *args, context=context)

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Nothing: cancelled timers are passed over when they come up."""

    def _admit(self, handle: asyncio.Handle) -> None:
        process = handle._context.get(_OWNER, self.world)  # type: ignore[attr-defined]
        if process.alive:
            process.ready.append(handle)

    def _run_once(self) -> None:
        """Run until somebody stops the loop; asyncio's own would come back after each round."""
        while not self._stopping:
            able = [process for process in self._processes if process.ready and not process.frozen]
            if not able:
                self._advance()
                continue
            process = able[0] if len(able) == 1 else able[int(self._draw() * len(able))]
            handle = process.ready.popleft()
            if not handle.cancelled():
                handle._run()
                self.steps += 1
                process.steps += 1
                if process.steps == process.trip_at:
                    process.trip()

    def _advance(self) -> None:
        timers = self._timers
        while timers and timers[0][2].cancelled():
            heapq.heappop(timers)
        if not timers:
            raise StandstillError
        self._now = max(self._now, timers[0][0])
        while timers and timers[0][0] <= self._now:
            timer = heapq.heappop(timers)[2]
            if not timer.cancelled():
                self._admit(timer)
