"""``backtest``: what a policy would have said to a history, from the command line."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import msgspec

from streams.policy.names import KINDS

from ..cli import Shell
from ..commands._shell import with_shell
from ..errors import CommandFailedError
from ..replay.progress import SHOWN
from .asked import FILE, cores, history_options, task_of
from .difference import difference
from .left import write_alarms, write_signals
from .page import page_of
from .progress import progress_of
from .report import report
from .run import Played, play
from .task import Task
from .text import text_of

OUT = click.Path(dir_okay=False, writable=True, path_type=Path)


@click.command(short_help="Try a policy on a history before it holds.")
@history_options
@click.option("--against", type=FILE, help="A second policy: what it would have said otherwise.")
@click.option(
    "--kind",
    type=click.Choice(KINDS),
    default="purchase_stopped",
    show_default=True,
    help="Whose alarms are written.",
)
@click.option("--alarms", type=OUT, help="Write customer_id,alarm_at,cleared_at of the first policy here.")
@click.option("--signals", type=OUT, help="Write the signals of the first policy here, as JSON lines.")
@click.option("--html", type=OUT, help="Write the report here, as one page that needs nothing else.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--all-differences", is_flag=True, help="List every customer that differs, not the first few.")
@with_shell
def backtest(
    shell: Shell,
    /,
    processes: int | None,
    alarms: Path | None,
    signals: Path | None,
    html: Path | None,
    *,
    as_json: bool,
    all_differences: bool,
    **asked: Any,  # noqa: ANN401 - click made them what the options say
) -> None:
    """Try a policy on a history: who would have been signalled, how often wrongly, and how early.

    Each FILE goes through the same step as in a worker, in event time, with a tick each hour.
    """
    shares = processes or cores()
    with TemporaryDirectory(prefix="holdfast-backtest-") as folder:
        keep = signals is not None
        task = task_of(Path(folder), shell.settings.topics.prefix, signals=keep, **asked)
        with progress_of(task.files) as watcher:
            played = play(task, shares, watcher)
        data = report(task, played)
        if len(task.policies) > 1:
            data["difference"] = difference(played.counts, task.folder, shares, everybody=all_differences)
        _write(task, data, {"alarms": alarms, "signals": signals, "html": html}, shares)
    _tell(data, played, as_json=as_json)


def _write(task: Task, data: dict[str, Any], asked: Mapping[str, Path | None], shares: int) -> None:
    """Write the files that were asked for."""
    try:
        if signals := asked["signals"]:
            write_signals(signals, task.folder, shares)
        if alarms := asked["alarms"]:
            write_alarms(alarms, task.folder, shares)
        if html := asked["html"]:
            html.write_text(page_of(data), encoding="utf-8")
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
