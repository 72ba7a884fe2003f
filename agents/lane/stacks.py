"""What every thread and every task of a process is doing: places in the code, and no values.

Local variables hold customers and secrets, so none is ever shown.
"""

import asyncio
import sys
import threading
import traceback
from collections.abc import Iterator
from types import FrameType
from typing import Any


def stacks(loop: asyncio.AbstractEventLoop | None) -> str:
    """The stacks of all threads, and of all tasks of an event loop, as text."""
    return "\n".join([*_threads(), *(_tasks(loop) if loop is not None else ())])


def _threads() -> Iterator[str]:
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    for ident, frame in sys._current_frames().items():
        yield f"thread {names.get(ident, ident)}:"
        yield "".join(traceback.format_stack(frame)).rstrip()


def _tasks(loop: asyncio.AbstractEventLoop) -> Iterator[str]:
    for task in asyncio.all_tasks(loop):
        yield f"task {task.get_name()}:"
        for frame in _awaiting(task.get_coro()):
            code = frame.f_code
            yield f'  File "{code.co_filename}", line {frame.f_lineno}, in {code.co_name}'


def _awaiting(waiting: Any) -> Iterator[FrameType]:
    """The frames of a suspended coroutine, from the outermost to the one that waits."""
    while waiting is not None:
        frame = getattr(waiting, "cr_frame", None) or getattr(waiting, "gi_frame", None)
        if frame is None:
            return
        yield frame
        waiting = getattr(waiting, "cr_await", None) or getattr(waiting, "gi_yieldfrom", None)
