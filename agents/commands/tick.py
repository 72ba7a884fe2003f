"""``tick AT``: moves an external clock by hand."""

import click

from streams.topics import catalogue
from streams.wire.times import format_time, parse_time

from ..cli import Shell
from ..control_client import ControlClient
from ..errors import ConfigurationError
from ._shell import run, with_shell


@click.command()
@click.argument("at")
@click.option("--within", default=60.0, show_default=True, help="Seconds to wait for the workers.")
@with_shell
def tick(shell: Shell, at: str, within: float) -> None:
    """Say that all sent so far happened before AT (RFC 3339), and wait until all partitions know it."""
    try:
        moment = parse_time(at)
    except ValueError:
        raise click.BadParameter(
            f'"{at}" is no time such as 2026-11-21T10:00:00.000Z', param_hint="AT"
        ) from None
    if shell.settings.clock != "external":
        raise ConfigurationError(
            "the clock is the wall's: workers ignore ticks",
            "set clock (HOLDFAST_CLOCK) to external, for the workers and for this command",
        )
    run(shell, _tick(shell, moment, within))
    click.echo(f"all partitions are at {format_time(moment)}")


async def _tick(shell: Shell, at: int, within: float) -> None:
    settings = shell.settings
    topics = catalogue(settings.topics.prefix, settings.topics.partitions)
    async with ControlClient.connect(settings, topics) as control:
        await control.tick_and_wait(at, within)
