"""``policy fit``: proposes a prior and thresholds from a history, as TOML to paste."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from ..cli import Shell
from ..commands._shell import with_shell
from .asked import cores, history_options, task_of
from .fit import GROUPS
from .progress import progress_of
from .proposal import proposal
from .run import play


@click.command("fit")
@history_options
@with_shell
def fit_command(shell: Shell, /, processes: int | None, **asked: Any) -> None:  # noqa: ANN401 - as the options say
    """Propose a prior and thresholds from a history, as TOML to paste, and say how sure.

    What is too little to tell stays as it is, and is said.
    """
    with TemporaryDirectory(prefix="holdfast-fit-") as folder:
        task = task_of(Path(folder), shell.settings.topics.prefix, partitions=GROUPS, **asked)
        with progress_of(task.files) as watcher:
            played = play(task, min(processes or cores(), GROUPS), watcher)
        click.echo(proposal(task, played))
    for row in played.bad:
        click.echo(f"left out: {row}", err=True)
