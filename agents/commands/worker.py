"""``worker detect``: runs a worker until it is told to stop."""

import asyncio

import click
import faust

from streams.topics import catalogue

from ..adapters.kafka import warn_of_plain_text
from ..adapters.logs import configure
from ..channels import channels_in_use
from ..cli import Shell
from ..errors import ExitCode
from ..factory import create_app
from ..settings import Settings
from ..topics import verify
from ._shell import with_shell


@click.group()
def worker() -> None:
    """Run a worker; SIGTERM and Ctrl-C end it cleanly."""


@worker.command()
@with_shell
def detect(shell: Shell) -> int:
    """Read events and control; decide who lapses, and what is done about it."""
    settings = shell.settings
    configure(settings.logs)
    warn_of_plain_text(settings.kafka)
    asyncio.run(_check_topics(settings))
    return _serve(faust.Worker(create_app(settings), loglevel=settings.logs.level))


async def _check_topics(settings: Settings) -> None:
    """Refuse to start without a topic: Faust takes a missing or forbidden one for empty, and gets ready."""
    channels = await channels_in_use(settings)
    await verify(settings, catalogue(settings.topics.prefix, settings.topics.partitions, channels).all)


def _serve(running: faust.Worker) -> int:
    """Run Faust's worker; it ends by exiting, also when all is well."""
    try:
        running.execute_from_commandline()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else ExitCode.FAILED
    return ExitCode.OK
