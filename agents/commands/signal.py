"""``signal verify``: reaches the verdict of signals again, from nothing but the signals."""

import json
from collections.abc import Iterator
from typing import IO, Final, NamedTuple

import click

from streams.verify import Difference, verify
from streams.wire.reject import Rejection
from streams.wire.signal import Signal, decode_signal

from ..errors import ExitCode

_UNREADABLE: Final = "it is no signal"


@click.group()
def signal() -> None:
    """Look at signals that were published."""


@signal.command("verify")
@click.argument("file", type=click.File("rb"))
def verify_command(file: IO[bytes]) -> int:
    """Reach the verdicts of the signals in FILE again: JSON, one a line or one alone; - is standard input."""
    checked = [*_checked(file.read())]
    for one in checked:
        click.echo(one.line())
    differ = sum(bool(one.differences) for one in checked)
    click.echo(f"{len(checked) - differ} ok, {differ} differ", err=True)
    return ExitCode.FAILED if differ or not checked else ExitCode.OK


class _Checked(NamedTuple):
    """One signal: where it stands (from 1), what it is, and where it is not what its evidence concludes."""

    place: int
    name: str
    differences: list[Difference]

    def line(self) -> str:
        """What is printed of it."""
        if not self.differences:
            return f"{self.place}: ok      {self.name}"
        said = [f"{difference.field}: {difference.sentence}" for difference in self.differences]
        return "\n    ".join([f"{self.place}: differs {self.name}", *said])


def _checked(text: bytes) -> Iterator[_Checked]:
    """Check what a file holds."""
    for place, value in _values(text):
        found = decode_signal(value)
        if isinstance(found, Rejection):
            fault = Difference(found.path or "$", f"{_UNREADABLE}: {found.reason.value}")
            yield _Checked(place, "", [fault])
        else:
            yield _Checked(place, _name(found), verify(found))


def _values(text: bytes) -> Iterator[tuple[int, bytes]]:
    """The signals of a file, and the line of each: one alone may be spread over several lines."""
    try:
        whole = json.loads(text)
    except ValueError:
        whole = None
    if isinstance(whole, dict):
        yield 1, text
        return
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            yield number, line


def _name(found: Signal) -> str:
    """A signal in a few words, without its customer."""
    channel = f" ({found.channel})" if found.channel else ""
    return f"{found.kind}{channel} {found.action} {found.id}"
