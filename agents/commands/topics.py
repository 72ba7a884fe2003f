"""``topics plan``, ``topics apply`` and ``topics acl``: the topics of a cluster against the catalogue."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from streams.topics import CHANNELS, Catalogue, catalogue
from streams.wire.times import DAY

from ..channels import channels_in_use, channels_of, read_policy
from ..cli import Shell
from ..rights import rights
from ..topics import NOT_TOLD, Step, apply, look, plan, refuse_mismatches
from ._shell import run, with_shell

_POLICY = click.option(
    "--policy",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A policy whose channels need topics; without it the one in force.",
)


@click.group()
def topics() -> None:
    """Topics of this installation; nothing is ever deleted or changed."""


@topics.command("plan")
@_POLICY
@with_shell
def plan_command(shell: Shell, file: Path | None) -> None:
    """Show what is there, what would be created, and what does not fit; change nothing."""
    steps = run(shell, _plan(shell, file))
    _table(steps, shell.settings.topics.replication_factor, {"create": "to create"})
    refuse_mismatches(steps)


@topics.command("apply")
@_POLICY
@with_shell
def apply_command(shell: Shell, file: Path | None) -> None:
    """Create the missing topics, and check those that exist."""
    steps = run(shell, _apply(shell, file))
    _table(steps, shell.settings.topics.replication_factor, {"create": "created"})


@topics.command()
@click.option(
    "--policy", "file", type=click.Path(path_type=Path, dir_okay=False), help="A policy with its channels."
)
@with_shell
def acl(shell: Shell, file: Path | None) -> None:
    """Print the rights that workers and operators need in Kafka, and no more; needs no Kafka."""
    settings = shell.settings.topics
    channels = channels_of(read_policy(file)) if file else CHANNELS
    for right in rights(catalogue(settings.prefix, settings.partitions, channels)):
        operations = ",".join(right.operations)
        click.echo(f"{right.principal:8}  {right.resource:5}  {right.name}  {operations}")


async def _plan(shell: Shell, file: Path | None) -> list[Step]:
    wanted = await _catalogue(shell, file)
    return plan(wanted.all, (await look(shell.settings, wanted.all)).topics)


async def _apply(shell: Shell, file: Path | None) -> list[Step]:
    return await apply(shell.settings, (await _catalogue(shell, file)).all)


async def _catalogue(shell: Shell, file: Path | None) -> Catalogue:
    settings = shell.settings.topics
    return catalogue(settings.prefix, settings.partitions, await channels_in_use(shell.settings, file))


def _table(steps: Sequence[Step], copies: int, words: dict[str, str]) -> None:
    rows = [("TOPIC", "PARTITIONS", "COPIES", "KEPT", "STATE")]
    for step in steps:
        state = ": ".join(filter(None, (words.get(step.verdict, step.verdict), step.reason)))
        kept = _kept(step.topic.config)
        rows.append((step.topic.name, str(step.topic.partitions), str(copies), kept, state))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for name, partitions, replicas, kept, state in rows:
        cells = f"{name:{widths[0]}}  {partitions:>{widths[1]}}  {replicas:>{widths[2]}}  {kept:{widths[3]}}"
        click.echo(f"{cells}  {state}")
    if any(step.reason == NOT_TOLD for step in steps):
        click.echo(
            "this broker tells no cleanup policies (the embedded one): only counts were checked", err=True
        )


def _kept(config: Mapping[str, str]) -> str:
    if "compact" in config.get("cleanup.policy", "delete"):
        return "compacted"
    retention = config.get("retention.ms")
    return f"{int(retention) // DAY} d" if retention else "broker's"
