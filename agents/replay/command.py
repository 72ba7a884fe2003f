"""``replay FILE…``: a user's own history through Holdfast, from the command line."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from streams.topics import catalogue
from streams.wire.times import HOUR, MINUTE, SECOND

from ..cli import Shell
from ..commands._shell import run, with_shell
from .history import read_history
from .kafka import open_line
from .options import Duration, mapping_of, reading_options
from .progress import progress_bar, summarise
from .schedule import Pace, Placed, TickAt, with_ticks
from .sender import Sent, send

if TYPE_CHECKING:
    from .source import BadRow


@click.command(short_help="Send a history from files, with its own time.")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    metavar="FILE…",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@reading_options
@click.option(
    "--tick",
    type=Duration(),
    default=HOUR,
    show_default="1h",
    help="Event time between two ticks; longer is faster, and what is judged at cuts comes in coarser steps.",
)
@click.option(
    "--beyond",
    type=Duration(),
    default=0,
    show_default="0s",
    help="Event time to go on after the last event, so that its silences come due.",
)
@click.option(
    "--sort", is_flag=True, help="Sort each file that is not in order of time, by way of a temporary file."
)
@click.option("--dry-run", is_flag=True, help="Read and check everything, send nothing.")
@click.option(
    "--timeout",
    type=Duration(),
    default=2 * MINUTE,
    show_default="120s",
    help="How long the answer to a tick may take.",
)
@with_shell
def replay(
    shell: Shell,
    /,
    files: tuple[Path, ...],
    tick: int,
    beyond: int,
    timeout: int,
    sort: bool,  # noqa: FBT001 - flags come from click by name
    skip_bad: bool,  # noqa: FBT001 - the same
    dry_run: bool,  # noqa: FBT001 - the same
    **reading: object,
) -> None:
    """Send histories to the event topics, in order of time, with their own clock.

    A FILE is CSV with the columns customer_id, occurred_at, type and amount (the last two may be missing),
    or JSON lines of wire events; gzip or not. Workers must run with HOLDFAST_CLOCK=external: the ticks tell
    the time.
    """
    if not tick:
        raise click.BadParameter("time must pass between two ticks", param_hint="--tick")
    mapping = mapping_of(**reading)
    bad: list[BadRow] = []
    begun = time.monotonic()
    with progress_bar(files) as bar:
        on_bad = bad.append if skip_bad else None
        history = read_history(files, mapping, sort=sort, on_bad=on_bad, read=bar.read)
        if dry_run:
            sent = Sent(events=sum(1 for _ in history))
        else:
            pace = Pace(shell.settings.topics.partitions, tick, beyond)
            steps = with_ticks(history, pace)
            sent = run(shell, _send(shell, steps, timeout / SECOND, bar.sent))
    summarise(sent, bad, time.monotonic() - begun, dry_run=dry_run)


async def _send(
    shell: Shell,
    steps: Iterable[Placed | TickAt],
    seconds: float,
    progress: Callable[[Sent], None],
) -> Sent:
    settings = shell.settings
    topics = catalogue(settings.topics.prefix, settings.topics.partitions, ())
    async with open_line(settings, topics, seconds) as line:
        return await send(steps, line, progress)
