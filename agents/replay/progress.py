"""What a person sees of a replay: a bar by bytes read, where event time stands, and a summary."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from streams.wire.times import SECOND, format_time

from .sender import Sent
from .source import BadRow

SHOWN = 20
"""Bad rows that the summary spells out."""


class Bar:
    """The bar on the terminal; made by `progress_bar`."""

    def __init__(self, progress: Progress, size: int) -> None:
        self._progress = progress
        self._task = progress.add_task("reading", total=size, events=0, day="")

    def read(self, size: int) -> None:
        """Note that so many bytes of the files were read."""
        self._progress.advance(self._task, size)

    def sent(self, sent: Sent) -> None:
        """Show how far event time has come."""
        day = datetime.fromtimestamp(sent.at // SECOND, UTC).date().isoformat()
        self._progress.update(self._task, events=sent.events, day=day)


@contextmanager
def progress_bar(files: Sequence[Path]) -> Generator[Bar]:
    """Show a bar while the block runs; on standard error, and nothing where that is no terminal."""
    columns = (
        TextColumn("{task.fields[day]}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[events]:,} events"),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        yield Bar(progress, sum(file.stat().st_size for file in files))


def summarise(sent: Sent, bad: Sequence[BadRow], seconds: float, *, dry_run: bool) -> None:
    """Print what was done, and what was left out."""
    rate = f"{sent.events / seconds:,.0f} a second" if seconds else ""
    if dry_run:
        click.echo(f"{_many(sent.events, 'event')} can be sent; nothing was ({seconds:.1f} s)")
    else:
        until = f", until {format_time(sent.at)}" if sent.ticks else ""
        done = f"{_many(sent.events, 'event')} and {_many(sent.ticks, 'tick')} sent"
        click.echo(f"{done} in {seconds:.1f} s ({rate}){until}")
    if bad:
        click.echo(f"{_many(len(bad), 'row')} left out:")
        for row in bad[:SHOWN]:
            click.echo(f"  {row}")
        if len(bad) > SHOWN:
            click.echo(f"  and {len(bad) - SHOWN:,} more")


def _many(count: int, thing: str) -> str:
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"
