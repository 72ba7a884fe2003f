"""The shop itself: its customers, its time, and the two doors, events out and commands in."""

from collections.abc import Iterator, Mapping
from typing import Any

from streams.wire.times import DAY, parse_time

from .agenda import Agenda
from .customer import Customer, Happenings, living
from .forms import Happening
from .letters import Letters
from .offers import offers_of
from .service import Service
from .traits import STREAMS, STREAMS_OF_END, Holiday, Traits, Truth, customer_id, draw_traits, joined_at


class Shop:
    """A seeded shop; the same arguments give the same events, byte for byte.

    Args:
        seed: any whole number.
        customers: how many; memory grows by about 2 kB each.
        start: the first moment, in milliseconds or as RFC 3339.
        days: how long it plays.
    """

    def __init__(self, seed: int, customers: int, start: int | str, days: int) -> None:
        self.seed, self.customers, self.days = seed, customers, days
        self.start = parse_time(start) if isinstance(start, str) else start
        self._agenda = Agenda(self.start + days * DAY)
        self._lives: dict[str, Customer] = {}
        self._service = Service()
        for number in range(customers):
            at = joined_at(seed, number, self.start, days)
            self._agenda.put(at, number, 0, self._opens_account, number)

    @property
    def now(self) -> int:
        """The moment of what happened last."""
        return self._agenda.now

    @property
    def until(self) -> int:
        """The moment at which the shop's time ends."""
        return self._agenda.until

    def events(self) -> Iterator[Happening]:
        """Play, lazily and in order of time: (event ready for JSON, short name of its topic).

        May be left and called again: it goes on where it stood.
        """
        return self._agenda.play()

    def respond(self, command: Mapping[str, Any]) -> None:
        """Play the messaging service for a command, given as decoded from JSON.

        What comes of it (sent, delivered, opened, clicked with `message.command_id`; for some a visit and a
        purchase, a win-back) comes out of `events()` in its place in time. Commands for strangers are
        ignored.
        """
        who = self._lives.get(command["customer_id"])
        if who is not None:
            self._service.carry_out(command, who, self._agenda.now)

    def offers(self) -> list[dict[str, Any]]:
        """List the offers of the whole time, as `control.v1` carries them."""
        return offers_of(self.seed, self.start, self.days)

    def truth(self) -> list[Truth]:
        """Tell, for each customer and stream, the end that really came; later ends than `until` are none."""
        return [truth for number in range(self.customers) for truth in self._truth(number)]

    def holidays(self) -> list[Holiday]:
        """List the absences that are no lapse."""
        return [
            Holiday(customer_id(number), *traits.holiday)
            for number in range(self.customers)
            if (traits := self._traits(number)).holiday is not None and traits.holiday[0] < self.until
        ]

    def _opens_account(self, at: int, number: int) -> Happenings:
        who = living(self.seed, number, self.start, self.days, self._agenda)
        self._lives[who.id] = who
        yield from who.joins(at, None)
        yield from Letters(who).begins(at, None)

    def _traits(self, number: int) -> Traits:
        who = self._lives.get(customer_id(number))
        return who.traits if who else draw_traits(self.seed, number, self.start, self.days)

    def _truth(self, number: int) -> Iterator[Truth]:
        id_ = customer_id(number)
        traits, who = self._traits(number), self._lives.get(id_)
        back_at = who.back_at if who else traits.back_at
        ended = STREAMS_OF_END[traits.end] if traits.end_at < self.until else ()
        if back_at is not None and back_at >= self.until:
            back_at = None
        for stream in STREAMS:
            if stream in ended:
                yield Truth(id_, stream, traits.end_at, traits.end_kind, back_at)
            else:
                yield Truth(id_, stream, None, "never")
