"""``worker detect``, ``worker population``: run a worker until it is told to stop."""

import click
import faust

from ..adapters.kafka import warn_of_plain_text
from ..adapters.logs import configure
from ..cli import Shell
from ..errors import ExitCode
from ..factory import create_app
from ..lane.loss import OPTION
from ..roles import PopulationWorker
from ._shell import with_shell


@click.group()
def worker() -> None:
    """Run a worker; SIGTERM and Ctrl-C end it cleanly."""


@worker.command()
@click.option(
    OPTION,
    "accepted",
    multiple=True,
    metavar="NAME",
    help="Go on without what a refused start said is gone of this topic, or group; repeatable.",
)
@with_shell
def detect(shell: Shell, accepted: tuple[str, ...]) -> int:
    """Read events and control; decide who lapses, and what is done about it."""
    settings = shell.settings
    configure(settings.logs)
    warn_of_plain_text(settings.kafka)
    return _serve(faust.Worker(create_app(settings, accepted=accepted), loglevel=settings.logs.level))


@worker.command()
@with_shell
def population(shell: Shell) -> int:
    """Work out what all customers together say about one, and put it in force each day."""
    settings = shell.settings
    configure(settings.logs)
    warn_of_plain_text(settings.kafka)
    return _serve(faust.Worker(PopulationWorker(settings).app, loglevel=settings.logs.level))


def _serve(running: faust.Worker) -> int:
    """Run Faust's worker; it ends by exiting, also when all is well."""
    try:
        running.execute_from_commandline()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else ExitCode.FAILED
    return ExitCode.OK
