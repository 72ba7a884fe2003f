"""What one cut does to one customer: events and wakes in order, then reach, then one stored row.

The row is opened once and packed once per cut, whatever happened in between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from . import step
from .context import Visit
from .customer import state
from .customer.state import Customer
from .response.send import resolve
from .wire import row
from .wire.command import Command, encode_command
from .wire.row import Item
from .wire.signal import Signal, encode_signal
from .wire.times import parse_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .context import Context
    from .customer.moves import Moves
    from .reading import Arrival
    from .response.plays import Wish

SECOND: Final = 1000


class Heading(NamedTuple):
    """What the headers of an effect repeat of its value: its type is ``signal.opened`` or the like."""

    type: str
    id: str
    at: int


class Result(NamedTuple):
    """What became of a customer.

    Attributes:
        value: the stored row, None if nothing changed.
        outbox: the effects, in order.
        headings: what the headers of each effect repeat of its value.
        outcomes: of each event, ``accepted`` or ``duplicate``.
        wake_at: when to look at this customer again (ms), 0 for never.
        leaving: the customer is forgotten; the row goes once the cut is committed.
    """

    value: bytes | None
    outbox: list[Item]
    headings: list[Heading]
    outcomes: list[str]
    wake_at: int
    leaving: bool


def advance(
    key: bytes,
    stored: bytes | None,
    arrivals: Sequence[Arrival],
    context: Context,
    n: int,
    epoch: int,
    moves: Moves | None = None,
) -> Result:
    """Apply what cut ``n`` brings: events in order, the wakes between them and up to its ``at``.

    ``moves`` takes notes for the statistics over all customers; nothing else depends on it.
    """
    opened = row.unpack(stored) if stored is not None else None
    seq = max(opened.seq if opened else -1, -1 if opened and opened.body else context.at // SECOND - 1)
    known = state.decode(opened.shape, opened.body) if opened and opened.body else None
    walk = _Walk(key.decode(), known, opened.wake_at if opened else 0, context, moves)
    walk.review()
    outcomes = [walk.event(arrival) for arrival in arrivals]
    walk.finish()
    if not walk.changed:
        return Result(None, [], [], outcomes, opened.wake_at if opened else 0, False)
    outbox = [_item(effect, seq + number, trace) for number, (effect, trace) in enumerate(walk.says, 1)]
    headings = [_heading(effect) for effect, _ in walk.says]
    shape, body = state.encode(walk.customer) if walk.customer is not None else (0, b"")
    wake = walk.wake if walk.customer is not None else 0
    value = row.pack(epoch, n, seq + len(outbox), wake, body, outbox, shape)
    return Result(value, outbox, headings, outcomes, wake, walk.customer is None)


def _item(effect: Signal | Command, seq: int, traceparent: bytes | None) -> Item:
    """An effect as it leaves, with its place in the customer's sequence."""
    effect.seq = seq
    if isinstance(effect, Signal):
        return Item("signals", encode_signal(effect), traceparent)
    return Item(f"commands.{effect.channel}", encode_command(effect), traceparent)


def _heading(effect: Signal | Command) -> Heading:
    """What the headers of an effect say."""
    family = "signal" if isinstance(effect, Signal) else "command"
    return Heading(f"{family}.{effect.action}", effect.id, effect.at)


class _Said(msgspec.Struct):
    """The fields of an effect's value that its headers repeat."""

    id: str
    action: str
    at: str


_said: Final = msgspec.json.Decoder(_Said)


def heading_of(item: Item) -> Heading:
    """The same of an effect that a row carries: what it was when it was made."""
    said = _said.decode(item.value)
    family = "signal" if item.topic == "signals" else "command"
    return Heading(f"{family}.{said.action}", said.id, parse_time(said.at))


class _Walk:
    """One customer on the way through a cut."""

    def __init__(
        self, customer_id: str, customer: Customer | None, wake: int, context: Context, moves: Moves | None
    ) -> None:
        self.customer = customer
        self.says: list[tuple[Signal | Command, bytes | None]] = []
        self.changed = False
        self.wake = wake
        self._wishes: list[Wish] = []
        self._id = customer_id
        self._context = context
        self._moves = moves

    def review(self) -> None:
        """Take in what the facts say of what is open."""
        if self.customer is not None and self.customer.episodes and self._context.outages:
            done = step.on_facts(Visit(self._id, self.customer, self._context, self._moves))
            if done.says:
                self._take(done, None)

    def event(self, arrival: Arrival) -> str:
        """Apply the wakes that come due up to an event, then the event: as if a tick stood between them."""
        at, _, event, traceparent, _ = arrival
        self._wake_up_to(min(at, self._context.at))
        if self.customer is None:
            self.customer = Customer(first_seen=at)
        visit = Visit(self._id, self.customer, self._context, self._moves)
        done = step.on_event(visit, event)
        if done.outcome == step.DUPLICATE:
            return done.outcome
        self._take(done, traceparent)
        return done.outcome

    def finish(self) -> None:
        """Apply the wakes up to the cut's time, and ask reach for what is wished, until nothing is due."""
        self._wake_up_to(self._context.at)
        while self._wishes and self.customer is not None:
            wishes, self._wishes = self._wishes, []
            visit = Visit(self._id, self.customer, self._context, self._moves)
            commands = [resolve(visit, wish) for wish in wishes]
            self.says += [(command, None) for command in commands if command is not None]
            self.wake = step.wake_at(self.customer, self._context.policy)
            self._wake_up_to(self._context.at)

    def _wake_up_to(self, limit: int) -> None:
        """Let the time reach each wake up to ``limit`` (ms)."""
        while self.customer is not None and 0 < self.wake <= limit:
            now = self.wake
            self._take(step.on_time(Visit(self._id, self.customer, self._context, self._moves), now), None)
            if self.customer is not None:
                self.wake = max(self.wake, now + 1)  # whatever the row says, time goes on

    def _take(self, done: step.Step, traceparent: bytes | None) -> None:
        """Take in what a step led to."""
        self.changed = True
        self.says += [(effect, traceparent) for effect in done.says]
        self._wishes += done.wishes
        if done.forget:
            self.customer, self.wake, self._wishes = None, 0, []
        elif self.customer is not None:
            self.wake = step.wake_at(self.customer, self._context.policy)
