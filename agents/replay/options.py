"""What commands that read a history have in common: how its files are to be read."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from streams.wire.times import parse_duration

from .mapping import SURFACES, Mapping

F = TypeVar("F", bound=Callable[..., Any])


class Duration(click.ParamType):
    """A duration as in every file of ours, in milliseconds."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read it; a wrong one is wrong usage."""
        if isinstance(value, int):
            return value
        try:
            return parse_duration(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


def _pairs(_ctx: click.Context, _param: click.Parameter, given: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for text in given:
        name, equals, target = text.partition("=")
        if not (name and equals and target):
            raise click.BadParameter(f'"{text}" is no NAME=VALUE')
        pairs[name] = target
    return pairs


_OPTIONS = (
    click.option(
        "--map",
        "columns",
        multiple=True,
        callback=_pairs,
        metavar="OURS=THEIRS",
        help="What the file calls a column: customer_id=CustomerNo.",
    ),
    click.option(
        "--type",
        "types",
        multiple=True,
        callback=_pairs,
        metavar="THEIRS=TYPE[@SURFACE]",
        help="What a type of the file means: PURCH=order.completed@store.",
    ),
    click.option(
        "--surface",
        type=click.Choice(SURFACES),
        default="web",
        show_default=True,
        help="Where orders and visits happened whose type does not say.",
    ),
    click.option(
        "--source", default="replay", show_default=True, help="The events' source; part of their ids."
    ),
    click.option("--currency", default="EUR", show_default=True, help="The amounts' currency."),
    click.option("--skip-bad", is_flag=True, help="Leave rows out that are no events, and list them."),
)


def reading_options(command: F) -> F:
    """Give a command the options of `mapping_of`, and `--skip-bad`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def mapping_of(**reading: Any) -> Mapping:  # noqa: ANN401 - click made them what the options say
    """How to read, by the options.

    Raises:
        click.UsageError: an unknown column, surface or type.
    """
    try:
        return Mapping(**reading)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
