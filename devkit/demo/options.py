"""The demo's flags. Their defaults are the first minute of a stranger; tests ask for less."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from agents.replay.mapping import Mapping

from .broker import KINDS

CUSTOMERS: Final = 300
DAYS: Final = 365
SECONDS: Final = 60.0
PARTITIONS: Final = 4
SEED: Final = 7


class Options(argparse.Namespace):
    """What was asked for."""

    kafka: str
    data: Path | None
    columns: list[tuple[str, str]]
    types: list[tuple[str, str]]
    customers: int
    days: int
    seconds: float
    partitions: int
    seed: int
    plain: bool

    def mapping(self) -> Mapping:
        """How to read the user's file.

        Raises:
            ValueError: a column or a type that is none of ours.
        """
        return Mapping(columns=dict(self.columns), types=dict(self.types))


def parse(arguments: Sequence[str] | None) -> Options:
    """Read the command line; a wrong one ends the process with code 2."""
    parser = _parser()
    options = parser.parse_args(arguments, Options())
    if options.data is not None and not options.data.is_file():
        parser.error(f"there is no file {options.data}")
    try:
        options.mapping()
    except ValueError as wrong:
        parser.error(str(wrong))
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m devkit.demo",
        description="A shop's year in about a minute: events in, lapse signals and campaign commands out.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--kafka", choices=KINDS, default="embedded", help="the broker; real: Apache Kafka (needs Java 17)")
    add("--data", type=Path, metavar="FILE", help="play this history instead of a shop")
    add(
        "--map",
        dest="columns",
        type=_pair,
        action="append",
        default=[],
        metavar="OURS=THEIRS",
        help="what the file calls a column, as in replay",
    )
    add(
        "--type",
        dest="types",
        type=_pair,
        action="append",
        default=[],
        metavar="THEIRS=TYPE",
        help="what a type of the file means, as in replay",
    )
    add("--customers", type=_positive, default=CUSTOMERS, help="of the shop")
    add("--days", type=_positive, default=DAYS, help="of the shop's time")
    add("--seed", type=int, default=SEED, help="of the shop: another number is another shop")
    add("--seconds", type=float, default=SECONDS, help="how long it shall take, about")
    add("--partitions", type=_positive, default=PARTITIONS, help="of each topic by customer")
    add("--plain", action="store_true", help="plain lines, also in a terminal")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("a number from 1 on is wanted")
    return number


def _pair(text: str) -> tuple[str, str]:
    name, equals, target = text.partition("=")
    if not (name and equals and target):
        raise argparse.ArgumentTypeError(f"{text!r} is no NAME=VALUE")
    return name, target
