"""The contenders as processes: started, frozen and ended alike, asked how far they are and what they know.

*full* is the shipped worker with all its rules; *state-only* its lane with a small core (`small_core.py`);
*stock Faust* an agent with a Table (`stock.py`); *raw* aiokafka and a decoder, the limit (`raw.py`).
"""

import re
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

from devkit.broker import Child
from devkit.broker.records import each_record
from streams.customer import state
from streams.customer.cadence import last_of
from streams.wire.times import parse_time

from . import small_core
from .ground import Ground
from .machine import ROOT
from .member import DETECT
from .outcome import Known, Outcome, Seen
from .seen import changelog, unpack
from .watch import Look, watch

FAUST = Path(sys.executable).with_name("faust")
PATIENT = {
    "HOLDFAST_KAFKA__SESSION_TIMEOUT": "60s",
    "HOLDFAST_KAFKA__REQUEST_TIMEOUT": "90s",
}
"""A worker is frozen while its next events are sent, and shall not be taken for dead meanwhile."""
_PROGRESS = re.compile(r"progress (\d+) (\d+) ([\d.]+) ([\d.]+)\s")


class Runner(Protocol):
    """One contender while it runs."""

    @property
    def pid(self) -> int:
        """Its process."""

    @property
    def running(self) -> bool:
        """Whether it has not ended."""

    def look(self) -> Look:
        """How far it is, and what it has cost."""

    def output(self) -> str:
        """The end of what it said."""

    def freeze(self) -> None:
        """Stop it in its tracks."""

    def thaw(self) -> None:
        """Let it go on."""

    def finish(self) -> Outcome:
        """End it, and tell what it knows."""

    def close(self) -> None:
        """End it, whatever it is at."""


class Lane:
    """Holdfast's lane, with the product's core or a small one.

    Args:
        ground: where.
        command: starts it.
        seen: reads a row.
    """

    def __init__(
        self, ground: Ground, command: tuple[str | Path, ...], seen: Callable[[bytes], Seen]
    ) -> None:
        self._ground, self._seen = ground, seen
        self._member = ground.member(PATIENT, command=command).start()
        self.output, self.close = self._member.output, self._member.close
        self.freeze, self.thaw = self._member.freeze, self._member.thaw

    @property
    def pid(self) -> int:
        """Its process."""
        return self._member.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._member.running

    def look(self) -> Look:
        """How far it is, and what it has cost."""
        return Look(time.monotonic(), self._member.accepted(), self._member.cpu)

    def finish(self) -> Outcome:
        """End it, and read its changelog.

        Raises:
            ChildError: it did not end well.
        """
        events = self._member.accepted()
        self._member.end_well()
        rows = kept(self._ground, self._ground.topics.changelog.name)
        known = {key: self._seen(value) for key, value in rows.items()}
        return Outcome(events, _emails(known), known)


class Printing:
    """A contender that prints its progress.

    Args:
        ground: where.
        command: starts it.
        table: the changelog of what it keeps; none if it keeps nothing.
    """

    def __init__(self, ground: Ground, command: tuple[str | Path, ...], table: str | None) -> None:
        self._ground, self._table = ground, table
        env = ground.environment() | {
            "BENCH_BOOTSTRAP": ground.bootstrap,
            "BENCH_PREFIX": ground.topics.prefix,
            "BENCH_PARTITIONS": str(ground.partitions),
            "BENCH_FOLDER": str(ground.folder),
        }
        self._child = Child(command, cwd=ROOT, env=env)
        self.output, self.close = self._child.output, self._child.close
        self.freeze, self.thaw = self._child.freeze, self._child.thaw

    @property
    def pid(self) -> int:
        """Its process."""
        return self._child.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._child.exit_code is None

    def look(self) -> Look:
        """How far it was when it last said so, and what that had cost."""
        return self._told()[0]

    def finish(self) -> Outcome:
        """End it, and read its table's changelog."""
        (_, events, _), emails = self._told()
        self._child.stop()
        if self._table is None:
            return Outcome(events, emails, None)
        return Outcome(
            events, emails, {key: _of_stock(v) for key, v in kept(self._ground, self._table).items()}
        )

    def _told(self) -> tuple[Look, int]:
        return last_look(self._child.output()) or (Look(time.monotonic(), 0, 0.0), 0)


class Contender(NamedTuple):
    """How a contender is started; ``topics`` are made for it."""

    name: str
    start: Callable[[Ground], Runner]
    topics: Callable[[str], list[str]] = lambda _: []


def last_look(output: str) -> tuple[Look, int] | None:
    """The last whole line of progress in what a contender printed, as a look, and the emails then.

    Faust prints lines of its programs through its log, with more before and behind them.
    """
    found = _PROGRESS.findall(output)
    if not found:
        return None
    events, emails, cpu, moment = found[-1]
    return Look(float(moment), int(events), float(cpu)), int(emails)


def _faust(app: str) -> tuple[str | Path, ...]:
    return (FAUST, "-A", app, "worker", "--without-web", "-l", "warn")


def _stock(ground: Ground) -> Runner:
    return Printing(ground, _faust("devkit.bench.stock"), changelog(ground.topics.prefix))


def _raw(ground: Ground) -> Runner:
    return Printing(ground, (sys.executable, "-m", "devkit.bench.raw"), None)


def _small(ground: Ground) -> Runner:
    command = (FAUST, "-A", "devkit.bench.small", "worker", "--without-web", "-l", "info")
    return Lane(ground, command, lambda value: Seen(*small_core.unpack(value)))


def _full(ground: Ground) -> Runner:
    return Lane(ground, DETECT, of_row)


CONTENDERS: Mapping[str, Contender] = {
    "full": Contender("Holdfast, all rules", _full),
    "state": Contender("Holdfast, state only", _small),
    "stock": Contender("stock Faust with a Table", _stock, lambda prefix: [changelog(prefix)]),
    "raw": Contender("raw aiokafka and msgspec, the limit", _raw),
}


def of_row(value: bytes) -> Seen:
    """What a row of the product knows of what the contenders know; it counts no events."""
    customer = state.customer_of(value)
    email = customer.channels.get("email")
    return Seen(None, email.delivered if email else 0, last_of(customer.brand))


def _of_stock(value: bytes) -> Seen:
    seen = unpack(value)
    return Seen(seen.events, seen.emails, parse_time(seen.last) if seen.last else 0)


def _emails(known: Known) -> int:
    return sum(seen.emails for seen in known.values())


def kept(ground: Ground, topic: str) -> Mapping[bytes, bytes]:
    """The newest value of each customer in a changelog."""
    found: dict[bytes, bytes] = {}
    for record in each_record(ground.bootstrap, topic, ground.partitions):
        if record.key is not None and record.value is not None and not record.key.startswith(b"\x00"):
            found[record.key] = record.value
    return found


def wait_done(runner: Runner, events: int) -> list[Look]:
    """Watch it until it has taken so many events in.

    Raises:
        ChildError: it ended, or does nothing any more.
    """
    return watch(runner.look, events, lambda: runner.running, runner.output)
