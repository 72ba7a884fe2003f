"""``why CUSTOMER``: asks the worker that owns a customer, and tells what each rule makes of them."""

import click
import msgspec

from streams.telling import told
from streams.topics import catalogue
from streams.wire.why import Why, encode_why

from ..asking import ask_why
from ..cli import Shell
from ..topics import verify
from ._shell import run, with_shell


@click.command()
@click.argument("customer")
@click.option("--json", "as_json", is_flag=True, help="The answer as wire.md has it.")
@with_shell
def why(shell: Shell, customer: str, *, as_json: bool) -> None:
    """Say what is known of CUSTOMER, and of each detection and response what holds, what blocks, due when."""
    answer = run(shell, _ask(shell, customer))
    if as_json:
        click.echo(msgspec.json.format(encode_why(answer), indent=2).decode())
    else:
        click.echo(told(answer), nl=False)


async def _ask(shell: Shell, customer: str) -> Why:
    settings = shell.settings
    topics = catalogue(settings.topics.prefix, settings.topics.partitions)
    await verify(settings, [topics.facts])
    return await ask_why(settings, topics, customer)
