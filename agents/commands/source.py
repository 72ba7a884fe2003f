"""``source quiet|burst|healthy|ls``: an operator's word on the health of an event source (N5)."""

import re
import time

import click
import msgspec

from streams.topics import catalogue
from streams.wire.control import SourceFact
from streams.wire.event import SHORT_TOPICS
from streams.wire.times import format_time, parse_time

from ..cli import Shell
from ..control_client import ControlClient
from ..facts import facts_in_force
from ..settings import Settings
from ..topics import verify
from ._shell import run, with_shell

_TO_THE_MINUTE = re.compile(r"([Tt ]\d\d:\d\d)(?=[Zz+-])")
_SOURCES = click.Choice(SHORT_TOPICS)
_SINCE = click.option("--since", metavar="TIME", help="Since when: 2026-11-24T10:00Z; now, if left out.")
_BY_HAND = "by hand"
_JUDGED = "by the volume"


@click.group()
def source() -> None:
    """Whether an event source tells of its customers at all: if not, nobody falls silent by it.

    The population role finds out by itself. A word of yours holds against its judgement until you say
    `healthy`.
    """


@source.command()
@click.argument("name", type=_SOURCES)
@_SINCE
@with_shell
def quiet(shell: Shell, name: str, since: str | None) -> None:
    """NAME has told of nobody since then: silence on it stops counting, and what it opened is taken back."""
    _say(shell, name, "quiet", since)


@source.command()
@click.argument("name", type=click.Choice(("push",)))
@_SINCE
@with_shell
def burst(shell: Shell, name: str, since: str | None) -> None:
    """The provider of NAME has revoked tokens in masses since then: that is nobody's uninstall."""
    _say(shell, name, "burst", since)


@source.command()
@click.argument("name", type=_SOURCES)
@_SINCE
@with_shell
def healthy(shell: Shell, name: str, since: str | None) -> None:
    """NAME tells of its customers again since then; since before it began: it never was quiet."""
    _say(shell, name, "healthy", since)


@source.command(name="ls")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@with_shell
def list_(shell: Shell, *, as_json: bool) -> None:
    """Show the last word on every source."""
    words = run(shell, _words(shell.settings))
    if as_json:
        told = [{"source": name, **_body(words.get(name))} for name in SHORT_TOPICS]
        click.echo(msgspec.json.encode(told).decode())
        return
    for name in SHORT_TOPICS:
        click.echo(f"{name:<8} {_told(words.get(name))}")


def _say(shell: Shell, name: str, state: str, since: str | None) -> None:
    """Tell every partition."""
    given = _moment(since)
    fact, partitions = run(shell, _publish(shell.settings, name, state, given))
    click.echo(f"{name} is {state} since {format_time(fact.since)}, told to {partitions} partitions")


def _moment(since: str | None) -> int | None:
    try:
        return None if since is None else parse_time(_TO_THE_MINUTE.sub(r"\1:00", since))
    except ValueError:
        raise click.BadParameter(
            f'"{since}" is no time such as 2026-11-24T10:00Z', param_hint="--since"
        ) from None


async def _publish(settings: Settings, name: str, state: str, since: int | None) -> tuple[SourceFact, int]:
    topics = catalogue(settings.topics.prefix, settings.topics.partitions)
    async with ControlClient.connect(settings, topics) as control:
        if since is None:
            since = await control.time() if settings.clock == "external" else time.time_ns() // 1_000_000
        fact = SourceFact(source=name, state=state, since=since)  # type: ignore[arg-type] # click knows the words
        return fact, len(await control.publish(fact))


async def _words(settings: Settings) -> dict[str, SourceFact]:
    topics = catalogue(settings.topics.prefix, settings.topics.partitions)
    await verify(settings, [topics.facts])
    facts = await facts_in_force(settings, topics)
    return {fact.source: fact for fact in facts.values() if isinstance(fact, SourceFact)}


def _body(fact: SourceFact | None) -> dict[str, str | None]:
    if fact is None:
        return {"state": "healthy", "since": None, "by": None}
    return {"state": fact.state, "since": format_time(fact.since), "by": fact.by or "hand"}


def _told(fact: SourceFact | None) -> str:
    if fact is None:
        return "healthy, as far as anybody has said"
    return f"{fact.state} since {format_time(fact.since)}, {_JUDGED if fact.by else _BY_HAND}"
