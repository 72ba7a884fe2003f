"""Who does the shares of a backtest: processes, one for each core, or the process itself for a single share.

All shares come to the end of a day before any goes on: what a day taught of everybody holds from the next
day on, for all of them.
"""

import multiprocessing
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any, Protocol

from ..errors import HoldfastError, InfrastructureError
from .share import Share
from .task import Task

READ = "read"
"""Not an answer: so many bytes were read."""


class Worker(Protocol):
    """A share, here or in a process of its own."""

    def ask(self, method: str, *arguments: Any) -> None:  # noqa: ANN401 - as the methods of `Share`
        """Have a method of the share called."""

    def answer(self) -> Any:  # noqa: ANN401 - as the methods of `Share`
        """Wait for what it gives."""


class Here:
    """A share in this process.

    Args:
        task: what is asked.
        progress: told of bytes read.
    """

    def __init__(self, task: Task, progress: Callable[[int], None]) -> None:
        self._share, self._progress = Share(task, 0, 1), progress
        self._answer: Any = None

    def ask(self, method: str, *arguments: Any) -> None:  # noqa: ANN401 - as the methods of `Share`
        """Call a method of the share."""
        if method == READ:
            arguments = (self._progress,)
        self._answer = getattr(self._share, method)(*arguments)

    def answer(self) -> Any:  # noqa: ANN401 - as the methods of `Share`
        """What it gave."""
        return self._answer


class There:
    """A share in a process of its own.

    Args:
        task: what is asked.
        number: which share.
        shares: of how many.
        progress: told of bytes read.
    """

    def __init__(self, task: Task, number: int, shares: int, progress: Callable[[int], None]) -> None:
        context = multiprocessing.get_context("spawn")
        self._line, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, task, number, shares), daemon=True)
        self._process.start()
        theirs.close()
        self._progress = progress

    def ask(self, method: str, *arguments: Any) -> None:  # noqa: ANN401 - as the methods of `Share`
        """Have a method of the share called."""
        self._line.send((method, arguments))

    def answer(self) -> Any:  # noqa: ANN401 - as the methods of `Share`
        """Wait for what it gives.

        Raises:
            HoldfastError: what the share raised.
            InfrastructureError: the process is gone.
        """
        while True:
            try:
                kind, value = self._line.recv()
            except EOFError:
                raise InfrastructureError(
                    "a process of the backtest has ended before its work", "was there enough memory?"
                ) from None
            if kind == READ:
                self._progress(value)
            elif kind == "raised":
                raise value
            else:
                return value

    def end(self) -> None:
        """End the process."""
        self._line.close()
        self._process.terminate()
        self._process.join()


def _serve(line: Connection, task: Task, number: int, shares: int) -> None:
    """Do a share: answer what is asked until nobody asks any more."""
    share = Share(task, number, shares)
    try:
        while True:
            method, arguments = line.recv()
            if method == READ:
                arguments = (_teller(line) if number == 0 else _nobody,)
            try:
                line.send(("gave", getattr(share, method)(*arguments)))
            except HoldfastError as error:
                line.send(("raised", error))
    except (EOFError, KeyboardInterrupt, BrokenPipeError):
        return


def _teller(line: Connection) -> Callable[[int], None]:
    """Tell of bytes read, in pieces of some size."""
    return lambda size: line.send((READ, size)) if size else None


def _nobody(_size: int) -> None:
    pass


@contextmanager
def crew(task: Task, shares: int, progress: Callable[[int], None]) -> Generator[Sequence[Worker]]:
    """Have the shares done by as many processes; ended with the block, whatever happens."""
    if shares == 1:
        yield [Here(task, progress)]
        return
    workers = [There(task, number, shares, progress) for number in range(shares)]
    try:
        yield workers
    finally:
        for worker in workers:
            worker.end()


def all_of(workers: Sequence[Worker], method: str, *arguments: Any) -> list[Any]:  # noqa: ANN401 - as `Share`'s
    """Have a method of every share called at once, and give what they give, by share."""
    for worker in workers:
        worker.ask(method, *arguments)
    return [worker.answer() for worker in workers]
