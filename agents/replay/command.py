"""``replay FILE…``: a user's own history through Holdfast, from the command line."""

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from streams.topics import catalogue
from streams.wire.times import HOUR, MINUTE, SECOND, parse_duration

from ..cli import Shell
from ..commands._shell import run, with_shell
from .history import read_history
from .kafka import open_line
from .mapping import SURFACES, Mapping
from .progress import progress_bar, summarise
from .schedule import Pace, Placed, TickAt, with_ticks
from .sender import Sent, send

if TYPE_CHECKING:
    from .source import BadRow


class _Duration(click.ParamType):
    """A duration as in every file of ours, in milliseconds."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        try:
            return parse_duration(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


def _pairs(_ctx: click.Context, _param: click.Parameter, given: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for text in given:
        name, equals, target = text.partition("=")
        if not (name and equals and target):
            raise click.BadParameter(f'"{text}" is no NAME=VALUE')
        pairs[name] = target
    return pairs


@click.command(short_help="Send a history from files, with its own time.")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    metavar="FILE…",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option(
    "--map",
    "columns",
    multiple=True,
    callback=_pairs,
    metavar="OURS=THEIRS",
    help="What the file calls a column: customer_id=CustomerNo.",
)
@click.option(
    "--type",
    "types",
    multiple=True,
    callback=_pairs,
    metavar="THEIRS=TYPE[@SURFACE]",
    help="What a type of the file means: PURCH=order.completed@store.",
)
@click.option(
    "--surface",
    type=click.Choice(SURFACES),
    default="web",
    show_default=True,
    help="Where orders and visits happened whose type does not say.",
)
@click.option("--source", default="replay", show_default=True, help="The events' source; part of their ids.")
@click.option("--currency", default="EUR", show_default=True, help="The amounts' currency.")
@click.option(
    "--tick",
    type=_Duration(),
    default=HOUR,
    show_default="1h",
    help="Event time between two ticks; longer is faster, and what is judged at cuts comes in coarser steps.",
)
@click.option(
    "--beyond",
    type=_Duration(),
    default=0,
    show_default="0s",
    help="Event time to go on after the last event, so that its silences come due.",
)
@click.option("--sort", is_flag=True, help="Sort each file in memory, where it is not in order of time.")
@click.option("--skip-bad", is_flag=True, help="Leave rows out that are no events, and list them.")
@click.option("--dry-run", is_flag=True, help="Read and check everything, send nothing.")
@click.option(
    "--timeout",
    type=_Duration(),
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
    mapping = _mapping(**reading)
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


def _mapping(**reading: object) -> Mapping:
    try:
        return Mapping(**reading)  # type: ignore[arg-type]  # click made them what the options say
    except ValueError as error:
        raise click.UsageError(str(error)) from None


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
