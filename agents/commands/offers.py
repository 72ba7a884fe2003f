"""``offers publish``: puts into force what promotions may name."""

import difflib
import json
import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from hashlib import blake2b
from pathlib import Path

import click
import msgspec

from streams.topics import catalogue
from streams.wire.control import Offer, OffersFact, decode_control
from streams.wire.reject import Rejection
from streams.wire.times import format_time

from ..cli import Shell
from ..control_client import ControlClient
from ..errors import CommandFailedError
from ._shell import run, with_shell


@click.group()
def offers() -> None:
    """What a promotion may name: what is new, on sale, an incentive, or a reason to get the app."""


@offers.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@with_shell
def publish(shell: Shell, file: Path) -> None:
    """Put the offers of a TOML file in force, from the next cut on; they replace those before."""
    fact = read_offers(file)
    partitions = run(shell, _publish(shell, fact))
    count = f"{len(fact.offers)} offer{'' if len(fact.offers) == 1 else 's'}"
    click.echo(f"{count}, version {fact.version}, published to {partitions} partitions")


async def _publish(shell: Shell, fact: OffersFact) -> int:
    settings = shell.settings
    topics = catalogue(settings.topics.prefix, settings.topics.partitions)
    async with ControlClient.connect(settings, topics) as control:
        return len(await control.publish(fact))


def read_offers(file: Path) -> OffersFact:
    """Read a file of ``[[offers]]`` tables with the names of the wire.

    Raises:
        CommandFailedError: the file cannot be used; the message names file, offer and field.
    """
    try:
        given = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CommandFailedError(f"{file}: {error}") from None
    _check_names(file, "", given, {"offers"})
    tables = given.get("offers", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise CommandFailedError(f"{file}: offers are tables", "write [[offers]] before each")
    names = {field.encode_name for field in msgspec.structs.fields(Offer)}
    for number, table in enumerate(tables):
        _check_names(file, f"offers[{number}].", table, names)
    fact = _as_fact(file, json.loads(json.dumps(tables, default=_moment)))
    _check_meaning(file, fact)
    return fact


def _as_fact(file: Path, tables: list[object]) -> OffersFact:
    """Let the wire's own decoder judge, so that what is published here is what partitions accept."""
    canonical = json.dumps(tables, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    body = {
        "v": 1,
        "kind": "offers",
        "version": blake2b(canonical, digest_size=16).hexdigest(),
        "offers": tables,
    }
    fact = decode_control(msgspec.json.encode(body))
    if isinstance(fact, Rejection):
        raise CommandFailedError(f"{file}: {fact.path.removeprefix('$.')} does not fit ({fact.reason})")
    assert isinstance(fact, OffersFact)
    return fact


def _check_names(file: Path, where: str, table: Mapping[str, object], known: set[str]) -> None:
    for name in sorted(table.keys() - known):
        nearest = difflib.get_close_matches(name, known, 1)
        raise CommandFailedError(
            f"{file}: {where}{name} is unknown",
            f"did you mean {nearest[0]}?" if nearest else f"there are: {', '.join(sorted(known))}",
        )


def _check_meaning(file: Path, fact: OffersFact) -> None:
    seen: set[str] = set()
    for number, offer in enumerate(fact.offers):
        if offer.id in seen:
            raise CommandFailedError(f"{file}: offers[{number}].id {offer.id} is there twice")
        if offer.until is not None and offer.until <= offer.from_:
            raise CommandFailedError(f"{file}: offers[{number}] ends before it begins")
        seen.add(offer.id)


def _moment(value: object) -> str:
    """Write TOML's own times as text; without an offset they would mean another moment elsewhere."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return format_time(round(value.astimezone(UTC).timestamp() * 1000))
    kind = "date" if isinstance(value, date) else type(value).__name__
    raise CommandFailedError(f"{value} ({kind}) is no moment", "write 2026-11-21T10:00:00Z")
