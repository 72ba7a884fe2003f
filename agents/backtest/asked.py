"""What `backtest` and `policy fit` are asked, as a person types it."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from streams.policy.builtin import DEFAULT
from streams.policy.durations import text_of as duration_text
from streams.policy.model import Policy
from streams.policy.parse import changed, load_policy
from streams.policy.problems import PolicyError

from ..errors import CommandFailedError
from ..replay.options import Duration, mapping_of, reading_options
from ..replay.source import parse_moment
from .task import STREAM_OF, Task

FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)

F = TypeVar("F", bound=Callable[..., Any])


class Moment(click.ParamType):
    """A moment as people write them, in milliseconds."""

    name = "moment"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read it; a wrong one is wrong usage."""
        if isinstance(value, int):
            return value
        try:
            return parse_moment(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Types(click.ParamType):
    """Types of the file by comma, each with or without what it means."""

    name = "types"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, str]:
        """Read them; wrong ones are wrong usage."""
        if isinstance(value, dict):
            return value
        pairs = [text.strip().partition("=") for text in str(value).split(",")]
        if any(not name or (equals and not target) for name, equals, target in pairs):
            self.fail(f'"{value}" is no NAME or NAME=TYPE, or several of them by comma', param, ctx)
        return {name: target for name, _, target in pairs}


_OPTIONS: Final = (
    click.argument("more", nargs=-1, metavar="[FILE…]", type=FILE),
    click.option("--policy", "first", type=FILE, help="The policy to try; without it the built-in default."),
    click.option(
        "--history",
        "files",
        multiple=True,
        metavar="FILE…",
        type=FILE,
        help="CSV or JSON lines, gzip or not, in any order.",
    ),
    click.option(
        "--types",
        "named",
        multiple=True,
        type=Types(),
        metavar="NAME[=TYPE],…",
        help="Read only these types of the file; or say what a type means, as --type does.",
    ),
    click.option(
        "--from", "since", type=Moment(), help="Judge silences from this moment on; without it, all."
    ),
    click.option(
        "--horizon",
        type=Duration(),
        help="Who is silent for so long counts as gone, for every kind; without it, as the policy says.",
    ),
    click.option("--processes", type=click.IntRange(min=1), help="How many; without it, one for each core."),
)


def history_options(command: F) -> F:
    """Give a command the options of `task_of`, and ``--processes``."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return reading_options(command)


def task_of(
    folder: Path,
    prefix: str,
    *,
    files: Sequence[Path],
    more: Sequence[Path],
    **given: Any,  # noqa: ANN401 - by name
) -> Task:
    """What is to be done, by the options; those of the outputs may be among them.

    Raises:
        click.UsageError: there is no history, or a column, surface or type that nobody knows.
        CommandFailedError: a policy has errors.
    """
    if not files and not more:
        raise click.UsageError("no history: name its files with --history")
    named = {name: target for part in given.pop("named") for name, target in part.items()}
    first, against, horizon = given.pop("first"), given.pop("against", None), given.pop("horizon")
    policies = [policy_of(file, horizon) for file in ([first] if against is None else [first, against])]
    reading = {name: given.pop(name) for name in ("columns", "types", "surface", "source", "currency")}
    reading["types"] |= {name: target for name, target in named.items() if target}
    return Task(
        files=(*files, *more),
        mapping=mapping_of(**reading),
        only=frozenset(named if not all(named.values()) else ()),
        policies=tuple(policies),
        horizons=horizons_of(policies[0]),
        folder=folder,
        prefix=prefix,
        **given,
    )


def horizons_of(policy: Policy) -> Mapping[str, int]:
    """By stream, from when on (ms) a policy counts somebody as gone."""
    return {stream: policy.detect.silences[kind].horizon for kind, stream in STREAM_OF.items()}


def policy_of(file: Path | None, horizon: int | None) -> Policy:
    """The policy of a file, with another horizon for every kind of silence if one is asked for."""
    try:
        text = DEFAULT if file is None else file.read_text(encoding="utf-8")
        if horizon is None:
            return load_policy(text)
        return changed(text, {"detect": {kind: {"horizon": duration_text(horizon)} for kind in STREAM_OF}})
    except PolicyError as error:
        raise CommandFailedError(f"{file or 'the built-in policy'} has errors: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise CommandFailedError(f"{file} cannot be read: {error}") from None


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
