"""The simulator's event loop: what it holds against the code that runs in it, and what not."""

import asyncio
from functools import partial
from random import Random

from tests.support.simulator.loop import VirtualLoop


def refuse(answer: "asyncio.Future[None]") -> None:
    answer.set_exception(TimeoutError("no answer"))


def unheard(*, killed: bool) -> list[str]:
    """What is noted of a process that ends between the failure of an answer and hearing of it."""
    loop = VirtualLoop(Random(1))
    process = loop.process("worker")

    async def ask() -> None:
        answer = loop.create_future()
        loop.call_later(1, refuse, answer)
        loop.call_later(1, partial(loop.forget, process, killed=killed))
        await answer

    async def course() -> None:
        process.context.run(loop.create_task, ask())
        await asyncio.sleep(2)

    loop.run_until_complete(course())
    loop.close()
    return loop.unhandled


def test_a_failure_that_a_process_which_left_did_not_hear_is_noted() -> None:
    assert unheard(killed=False) == ["Future exception was never retrieved: TimeoutError('no answer')"]


def test_what_a_killed_process_would_have_heard_next_is_not() -> None:
    assert unheard(killed=True) == []
