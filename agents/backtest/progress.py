"""What a person sees while a backtest runs: how much is read, then which day it is in event time."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from streams.wire.times import format_time


class Bar:
    """The bar on the terminal; made by `progress_of`."""

    def __init__(self, progress: Progress, size: int) -> None:
        self._progress = progress
        self._task = progress.add_task("reading", total=size)

    def read(self, size: int) -> None:
        """So many bytes of the files were read."""
        self._progress.advance(self._task, size)

    def days(self, number: int) -> None:
        """All is read: so many days are to be played."""
        self._progress.update(self._task, total=number, completed=0)

    def day(self, at: int) -> None:
        """A day more was played; it is now ``at`` (ms)."""
        self._progress.update(self._task, description=format_time(at)[:10], advance=1)


@contextmanager
def progress_of(files: Sequence[Path]) -> Generator[Bar]:
    """Show a bar while the block runs; on standard error, and nothing where that is no terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        yield Bar(progress, sum(file.stat().st_size for file in files))
