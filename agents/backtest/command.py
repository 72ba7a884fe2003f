"""``backtest``: what a policy would have said to a history, from the command line."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import msgspec

from streams.policy.builtin import DEFAULT
from streams.policy.durations import text_of as duration_text
from streams.policy.model import Policy
from streams.policy.names import KINDS
from streams.policy.parse import changed, load_policy
from streams.policy.problems import PolicyError

from ..cli import Shell
from ..commands._shell import with_shell
from ..errors import CommandFailedError
from ..replay.options import Duration, mapping_of, reading_options
from ..replay.progress import SHOWN
from ..replay.source import parse_moment
from .difference import difference
from .left import write_alarms, write_signals
from .progress import progress_of
from .report import report
from .run import Played, play
from .task import STREAM_OF, Task
from .text import text_of

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
OUT = click.Path(dir_okay=False, writable=True, path_type=Path)


class _Moment(click.ParamType):
    """A moment as people write them, in milliseconds."""

    name = "moment"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        try:
            return parse_moment(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class _Types(click.ParamType):
    """Types of the file by comma, each with or without what it means."""

    name = "types"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, str]:
        if isinstance(value, dict):
            return value
        pairs = [text.strip().partition("=") for text in str(value).split(",")]
        if any(not name or (equals and not target) for name, equals, target in pairs):
            self.fail(f'"{value}" is no NAME or NAME=TYPE, or several of them by comma', param, ctx)
        return {name: target for name, _, target in pairs}


@click.command(short_help="Try a policy on a history before it holds.")
@click.argument("more", nargs=-1, metavar="[FILE…]", type=FILE)
@click.option("--policy", "first", type=FILE, help="The policy to try; without it the built-in default.")
@click.option("--against", type=FILE, help="A second one: what it would have said otherwise.")
@click.option(
    "--history",
    "files",
    multiple=True,
    metavar="FILE…",
    type=FILE,
    help="CSV or JSON lines, gzip or not, in any order.",
)
@click.option(
    "--types",
    "named",
    multiple=True,
    type=_Types(),
    metavar="NAME[=TYPE],…",
    help="Read only these types of the file; or say what a type means, as --type does.",
)
@click.option("--from", "since", type=_Moment(), help="Judge silences from this moment on; without it, all.")
@click.option(
    "--horizon",
    type=Duration(),
    help="Who is silent for so long counts as gone, for every kind; without it, as the policy says.",
)
@click.option(
    "--kind",
    type=click.Choice(KINDS),
    default="purchase_stopped",
    show_default=True,
    help="Whose alarms are written.",
)
@click.option("--alarms", type=OUT, help="Write customer_id,alarm_at,cleared_at of the first policy here.")
@click.option("--signals", type=OUT, help="Write the signals of the first policy here, as JSON lines.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--all-differences", is_flag=True, help="List every customer that differs, not the first few.")
@click.option("--processes", type=click.IntRange(min=1), help="How many; without it, one for each core.")
@reading_options
@with_shell
def backtest(
    shell: Shell,
    /,
    more: tuple[Path, ...],
    first: Path | None,
    against: Path | None,
    files: tuple[Path, ...],
    horizon: int | None,
    processes: int | None,
    **rest: Any,  # noqa: ANN401 - click made them what the options say
) -> None:
    """Try a policy on a history: who would have been signalled, how often wrongly, and how early.

    Each FILE goes through the same step as in a worker, in event time, with a tick each hour.
    """
    paths = (*files, *more)
    if not paths:
        raise click.UsageError("no history: name its files with --history")
    policies = [_policy(file, horizon) for file in ([first] if against is None else [first, against])]
    shares = processes or _cores()
    with TemporaryDirectory(prefix="holdfast-backtest-") as folder:
        asked = {name: rest.pop(name) for name in _ASKED}
        task = _task(paths, policies, Path(folder), asked, rest, shell.settings.topics.prefix)
        with progress_of(paths) as watcher:
            played = play(task, shares, watcher)
        data = report(task, played)
        if against is not None:
            everybody = asked["all_differences"]
            data["difference"] = difference(played.counts, task.folder, shares, everybody=everybody)
        _write(task, asked, shares)
    _tell(data, played, as_json=asked["as_json"])


_ASKED = ("since", "kind", "alarms", "signals", "as_json", "all_differences", "named")
"""The options that say what is wanted, not how to read."""


def _task(
    paths: tuple[Path, ...],
    policies: Sequence[Policy],
    folder: Path,
    asked: Mapping[str, Any],
    reading: dict[str, Any],
    prefix: str,
) -> Task:
    """What the processes are told."""
    named = {name: target for part in asked["named"] for name, target in part.items()}
    reading["types"] = {**reading["types"], **{name: target for name, target in named.items() if target}}
    silences = policies[0].detect.silences
    return Task(
        files=paths,
        skip_bad=reading.pop("skip_bad"),
        mapping=mapping_of(**reading),
        policies=tuple(policies),
        horizons={stream: silences[kind].horizon for kind, stream in STREAM_OF.items()},
        folder=folder,
        only=frozenset(named if not all(named.values()) else ()),
        since=asked["since"],
        kind=asked["kind"],
        signals=asked["signals"] is not None,
        prefix=prefix,
    )


def _policy(file: Path | None, horizon: int | None) -> Policy:
    """The policy of a file, with another horizon for every kind of silence if one is asked for."""
    try:
        text = DEFAULT if file is None else file.read_text(encoding="utf-8")
        if horizon is None:
            return load_policy(text)
        return changed(text, {"detect": {kind: {"horizon": duration_text(horizon)} for kind in STREAM_OF}})
    except PolicyError as error:
        raise CommandFailedError(f"{file or 'the built-in policy'} has errors: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise CommandFailedError(f"{file} cannot be read: {error}") from None


def _cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _write(task: Task, asked: Mapping[str, Any], shares: int) -> None:
    """Write the files that were asked for."""
    try:
        if asked["signals"] is not None:
            write_signals(asked["signals"], task.folder, shares)
        if asked["alarms"] is not None:
            write_alarms(asked["alarms"], task.folder, shares)
    except OSError as error:
        raise CommandFailedError(f"{error.filename} cannot be written: {error.strerror}") from None


def _tell(data: dict[str, Any], played: Played, *, as_json: bool) -> None:
    """Print the report; rows that were left out are named on standard error."""
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(data), indent=2).decode())
    else:
        click.echo(text_of(data))
    for row in played.bad[:SHOWN]:
        click.echo(f"left out: {row}", err=True)
    if len(played.bad) > SHOWN:
        click.echo(f"and {len(played.bad) - SHOWN:,} more", err=True)
