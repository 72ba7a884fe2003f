"""``policy check``, ``publish`` and ``show``; ``policy test`` and ``fit`` from modules of their own."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import click
import msgspec

from streams.policy.builtin import default_policy
from streams.policy.check import check
from streams.policy.parse import document, load_policy, version
from streams.policy.problems import Problem
from streams.topics import catalogue
from streams.wire.control import PolicyFact

from ..cli import Shell
from ..errors import CommandFailedError, ExitCode
from ._shell import run, with_shell
from .policy_test import test_command

_FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))


class _Policy(click.Group):
    """Has ``policy fit`` too, found by its name when it is called, as the command line finds all commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), "fit"])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name != "fit":
            return super().get_command(ctx, cmd_name)
        command = import_module("agents.backtest.fit_command").fit_command
        assert isinstance(command, click.Command)
        return command


@click.group(cls=_Policy)
def policy() -> None:
    """What a brand decides: check it, try it, put it in force, look at it."""


policy.add_command(test_command)


@policy.command("check")
@_FILE
def check_command(file: Path) -> int:
    """Say everything that is wrong with a policy, with its line; warnings do not make it fail."""
    problems = check(_text(file))
    for problem in problems:
        click.echo(_line(file, problem))
    errors = _errors(problems)
    click.echo(f"{file}: {_count(errors, 'error')}, {_count(len(problems) - errors, 'warning')}", err=True)
    return ExitCode.FAILED if errors else ExitCode.OK


@policy.command()
@_FILE
@click.option("--force", is_flag=True, help="Send it again although it is in force.")
@with_shell
def publish(shell: Shell, file: Path, *, force: bool) -> None:
    """Put a policy in force on every partition, from the next cut on."""
    text = _text(file)
    problems = check(text)
    if _errors(problems):
        lines = [_line(file, problem) for problem in problems if problem.severity == "error"]
        raise CommandFailedError("\n  ".join([f"{file} has errors, nothing was published:", *lines]))
    for problem in problems:
        click.echo(_line(file, problem), err=True)
    click.echo(run(shell, _publish(shell, text, force=force)))


@policy.command()
@click.option("--in-force", is_flag=True, help="The published one; needs Kafka. Else the built-in default.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@with_shell
def show(shell: Shell, file: Path | None, *, in_force: bool) -> None:
    """Show a policy with every value written out, as JSON: of FILE, in force, or the built-in default."""
    if in_force and file is not None:
        raise click.UsageError("either FILE or --in-force")
    fact = run(shell, _in_force(shell)) if in_force else None
    if in_force and fact is None:
        click.echo("no policy was published: the built-in default is in force", err=True)
    shown = fact or _fact_of(_valid(file) if file else None)
    body = {"version": shown.version, "document": shown.document}
    click.echo(msgspec.json.format(msgspec.json.encode(body), indent=2).decode())


async def _publish(shell: Shell, text: str, *, force: bool) -> str:
    # Imported here: checking a policy needs no Kafka client.
    from ..channels import channels_of  # noqa: PLC0415
    from ..control_client import ControlClient  # noqa: PLC0415
    from ..facts import policy_in_force  # noqa: PLC0415
    from ..topics import verify  # noqa: PLC0415

    settings, fact = shell.settings, _fact_of(text)
    topics = catalogue(settings.topics.prefix, settings.topics.partitions, channels_of(load_policy(text)))
    # A worker that finds a channel without a topic stops: so the topics come first.
    await verify(settings, [topics.control, topics.facts, *topics.commands.values()])
    now = await policy_in_force(settings, topics)
    if now is not None and now.version == fact.version and not force:
        return f"policy {fact.version} is in force already, nothing was sent (--force sends it again)"
    async with ControlClient.connect(settings, topics) as control:
        offsets = await control.publish(fact)
    return f"policy {fact.version} published to {len(offsets)} partitions"


async def _in_force(shell: Shell) -> PolicyFact | None:
    from ..facts import policy_in_force  # noqa: PLC0415 - as above
    from ..topics import verify  # noqa: PLC0415

    settings = shell.settings
    topics = catalogue(settings.topics.prefix, settings.topics.partitions)
    await verify(settings, [topics.facts])
    return await policy_in_force(settings, topics)


def _fact_of(text: str | None) -> PolicyFact:
    """The record of a policy's text; of the built-in one without."""
    read = default_policy() if text is None else load_policy(text)
    return PolicyFact(version=version(read), document=document(read))


def _valid(file: Path) -> str:
    text = _text(file)
    if _errors(check(text)):
        raise CommandFailedError(f"{file} has errors", f"`policy check {file}` lists them")
    return text


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise CommandFailedError(f"{file} is not UTF-8 text (byte {error.start})") from None
    except OSError as error:
        raise CommandFailedError(f"{file} cannot be read: {error.strerror}") from None


def _line(file: Path, problem: Problem) -> str:
    subject = f"{problem.path}: " if problem.path else ""
    return f"{file}:{problem.line}:{problem.column or 1}: {problem.severity}: {subject}{problem.message}"


def _errors(problems: Sequence[Problem]) -> int:
    return sum(problem.severity == "error" for problem in problems)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
