"""The command line: finds the command, hands it the settings, turns failures into a message and an exit code.

Commands are imported when they are called: ``policy check`` needs no Kafka client, and is quicker without.
"""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Final, NamedTuple

import click

from .errors import ExitCode, HoldfastError, InfrastructureError
from .settings import Loaded, Settings, load_with_origins

INTERRUPTED: Final = 130  # what a shell expects after Ctrl-C


class _Command(NamedTuple):
    """Where a command is, and its line in the list of commands (so that listing imports none of them)."""

    module: str
    attribute: str
    line: str


COMMANDS: Final[Mapping[str, _Command]] = {
    "backtest": _Command("agents.backtest.command", "backtest", "Try a policy on a history before it holds."),
    "config": _Command(
        "agents.commands.config", "config", "Show the settings in force, and where they come from."
    ),
    "doctor": _Command(
        "agents.commands.doctor", "doctor", "Say what a worker would refuse to start for, and what to do."
    ),
    "offers": _Command("agents.commands.offers", "offers", "Publish what promotions may name."),
    "policy": _Command("agents.commands.policy", "policy", "Check, test, publish and show policies."),
    "replay": _Command("agents.replay.command", "replay", "Send a history from files, with its own time."),
    "signal": _Command(
        "agents.commands.signal", "signal", "Reach the verdict of a signal again, from the signal alone."
    ),
    "source": _Command(
        "agents.commands.source", "source", "Say, or show, whether an event source is quiet for everybody."
    ),
    "tick": _Command("agents.commands.tick", "tick", "Move time on, where the clock is external."),
    "topics": _Command(
        "agents.commands.topics", "topics", "Compare the topics with the catalogue, and create them."
    ),
    "why": _Command("agents.commands.why", "why", "Say of one customer what holds, what blocks, due when."),
    "worker": _Command("agents.commands.worker", "worker", "Run a worker."),
}


class _Lazy(click.Group):
    """A group that imports a command when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        where = COMMANDS.get(cmd_name)
        if where is None:
            return None
        command = getattr(import_module(where.module), where.attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name].line) for name in sorted(COMMANDS)])


class Shell:
    """What every command gets: the settings, read when first asked for (``--help`` works with broken ones).

    Args:
        flags: settings given as flags.
        file: the settings file given as a flag.
    """

    def __init__(self, flags: Mapping[str, str], file: Path | None) -> None:
        self._flags = flags
        self._file = file
        self._loaded: Loaded | None = None

    @property
    def loaded(self) -> Loaded:
        """The settings with their origins."""
        if self._loaded is None:
            self._loaded = load_with_origins(self._flags, file=self._file)
        return self._loaded

    @property
    def settings(self) -> Settings:
        """The settings."""
        return self.loaded.settings


def _pairs(_ctx: click.Context, _param: click.Parameter, given: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals:
            raise click.BadParameter(f'"{text}" is no KEY=VALUE')
        pairs[key.strip()] = value
    return pairs


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    "file",
    type=click.Path(path_type=Path),
    help="Settings file; without it holdfast.toml, if there is one.",
)
@click.option(
    "--set",
    "flags",
    multiple=True,
    callback=_pairs,
    metavar="KEY=VALUE",
    help="A setting, such as kafka.instance_id=a.",
)
@click.pass_context
def cli(ctx: click.Context, file: Path | None, flags: dict[str, str]) -> None:
    """Holdfast notices when a customer starts to lapse, and has the right channel respond, in time."""
    ctx.obj = Shell(flags, file)


def main(arguments: Sequence[str]) -> int:
    """Run one command.

    Returns:
        The exit code (``docs/operating.md``).
    """
    try:
        result = cli.main(args=list(arguments), prog_name="python -m agents", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return ExitCode.USAGE
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except HoldfastError as error:
        return _say(error)
    except Exception as error:  # noqa: BLE001 - the last one to hear of it: a person gets a sentence, not a traceback
        return _say(_unexpected(error))
    return result if isinstance(result, int) else ExitCode.OK


def _say(error: HoldfastError) -> int:
    click.echo(f"error: {error}", err=True)
    return error.exit_code


def _unexpected(error: Exception) -> InfrastructureError:
    """A failure that nobody foresaw; Kafka's own errors name themselves, of ours the place is told."""
    kind = type(error)
    if kind.__module__.startswith("aiokafka."):
        return InfrastructureError(
            f"Kafka: {kind.__name__}: {error}", "try again; if it stays, ask the brokers' log"
        )
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f" ({place.tb_frame.f_code.co_filename}:{place.tb_lineno})" if place else ""
    # Not the error's text: it may quote a record or a secret.
    return InfrastructureError(
        f"unexpected {kind.__name__}{where}", "this is a fault of Holdfast: please report it"
    )
