"""``policy test``: plays scenarios in memory, so that a brand sees what a policy does before it holds."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from streams.policy.builtin import DEFAULT

from ..errors import CommandFailedError, ExitCode
from ..scenarios import core
from ..scenarios.expect import Outcome
from ..scenarios.form import read_file
from ..scenarios.given import ScenarioError


@click.command("test")
@click.argument("files", type=click.Path(exists=True, path_type=Path), nargs=-1, required=True)
@click.option(
    "--policy",
    "base",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The policy that the scenarios change; without it the built-in default.",
)
def test_command(files: Sequence[Path], base: Path | None) -> int:
    """Play the scenarios of FILES (or of all YAML files in a folder) in memory: no Kafka, no waiting."""
    text = DEFAULT if base is None else _text(base)
    outcomes = [outcome for file in _files(files) for outcome in _played(file, text)]
    failed = sum(not outcome.holds for outcome in outcomes)
    click.echo(f"{len(outcomes) - failed} hold, {failed} fail", err=True)
    return ExitCode.FAILED if failed else ExitCode.OK


def _played(file: Path, base: str) -> Iterator[Outcome]:
    """Play a file, and say of each scenario in it how it went."""
    try:
        for scenario in read_file(file, base):
            outcome = core.run(scenario)
            click.echo(f"holds  {scenario.title}" if outcome.holds else f"FAILS  {outcome.report()}")
            yield outcome
    except ScenarioError as error:
        lines = [f"{file}:{slip.line}: {slip.message}" for slip in error.slips]
        raise CommandFailedError("\n  ".join(["this scenario cannot be played:", *lines])) from None


def _files(given: Sequence[Path]) -> Iterator[Path]:
    for path in given:
        if path.is_dir():
            yield from sorted(path.rglob("*.yaml"))
        else:
            yield path


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandFailedError(f"{file} cannot be read: {error}") from None
