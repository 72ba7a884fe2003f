"""What is kept of one customer: the body of a row.

The cadences come first, at places that follow from the row's shape byte. Everything else is packed by
position (msgspec, ``array_like``), so a part may only be added at the end, with a default; what a customer
does not have costs a byte. The rules that read and change a part live with their
subject: cadences in ``cadence``, consent in ``consent``, episodes in ``streams.lapse.episodes``, running
plays in ``streams.response.plays``.
"""

from __future__ import annotations

import struct
from typing import Final

import msgspec

from streams.wire import row

from .cadence import MOVING, STILL, Cadence, stored
from .exposure import Exposure  # noqa: TC001 - msgspec reads it

STREAMS: Final = ("purchase", "app", "web", "store", "brand")
"""The streams with a rhythm of their own; each is a field of ``Customer``."""

UNKNOWN: Final = 0
IN: Final = 1
OUT: Final = 2


Scalar = str | int | float | bool | None
"""A value of a profile."""


class Channel(msgspec.Struct, array_like=True, gc=False):
    """Consent on one channel, and what was delivered on it (``exposure``).

    ``subscription`` and ``permission`` (the system's, for push) are UNKNOWN, IN or OUT, each with the
    moment since when (ms), and how much later (ms) it was last said again. ``had_agreed`` is since when
    they had agreed to the channel that they have left (ms, 0: never).
    """

    subscription: int = UNKNOWN
    subscription_since: int = 0
    subscription_again: int = 0
    permission: int = UNKNOWN
    permission_since: int = 0
    permission_again: int = 0
    reason: str = ""
    delivered: int = 0
    lists_out: dict[str, int] = {}
    lists_in: dict[str, int] = {}
    had_agreed: int = 0
    exposure: Exposure | None = None


class Episode(msgspec.Struct, array_like=True):
    """A lapse that is open.

    ``note`` is what its kind keeps of it, ``outage`` how much of its silence was known to be one (ms),
    ``cohort`` the customer's when it opened.
    """

    id: str
    kind: str
    channel: str | None
    surface: str | None
    started_at: int
    at: int
    number: int
    arm: str
    historical: bool
    note: str = ""
    outage: int = 0
    cohort: Scalar = None


class Ended(msgspec.Struct, array_like=True):
    """The newest ended episode of a kind: a second one with the same start gets the next number."""

    kind: str
    channel: str | None
    surface: str | None
    started_at: int
    number: int


class Sent(msgspec.Struct, array_like=True):
    """A send that its service has not yet reported on."""

    id: str
    step: int
    channel: str
    surface: str | None
    expires_at: int
    list: str


class Running(msgspec.Struct, array_like=True):
    """A play at work for this customer.

    ``at`` is the moment that triggered it, ``step`` the next step (from 0), ``next_at`` its nominal moment
    (0: none left), ``ends_at`` when the goal's time is over. ``used`` are the channels that each step has
    used, ``later`` the steps that reach put off, with their moments.
    """

    play: str
    episode: str | None
    signal: str | None
    channel: str | None
    at: int
    step: int
    next_at: int
    ends_at: int
    used: list[tuple[int, str]] = []
    later: list[tuple[int, int]] = []
    sent: list[Sent] = []
    reacted: bool = False


class Migration(msgspec.Struct, array_like=True):
    """What was found of the silence of a surface (R10); activity there ends it.

    Attributes:
        surface: that is silent.
        to: the surface that the customer moved to; empty while that is undecided.
        since: the last act on the silent one (ms); another one there, and this holds no longer.
        due_at: the deadline of the silence that is explained, or to which it was put off (ms).
    """

    surface: str
    to: str
    since: int
    due_at: int


class Device(msgspec.Struct, array_like=True, gc=False):
    """What the system said of the app. Moments in ms, 0 for never.

    Attributes:
        platform: of the newest installation.
        prompts: when the system's question about push was shown, the newest few.
        seen_at: its newest sign of life that is no session: a token that it registered, mostly.
        invalid_at: since when its token is of no use, as long as no sign of life of the app came later.
        removed_at: when it was last said to be removed.
    """

    platform: str = ""
    prompts: list[int] = []
    seen_at: int = 0
    invalid_at: int = 0
    removed_at: int = 0


class Plan(msgspec.Struct, array_like=True):
    """The paid plan. Moments in ms, 0 for never.

    Attributes:
        id: of the plan that was started or renewed last; else of the one cancelled.
        started_at: when it was last started or renewed.
        cancelled_at: when it was last said to be cancelled.
        ends_at: when what is paid for ends, as was said.
        expired_at: when it did end.
        active: of a canceller in the days that R22 counts, the first act of each day.
    """

    id: str = ""
    started_at: int = 0
    cancelled_at: int = 0
    ends_at: int = 0
    expired_at: int = 0
    active: list[int] = []


class Customer(msgspec.Struct, array_like=True):
    """One customer.

    The cadences are None where a stream was never used. ``spoken_at`` is when consent was last heard of (ms),
    ``recent`` are the ids that ``streams.customer.recent`` keeps, ``bought_on`` is the surface of the last
    purchase (its place in ``STREAMS``, 0 for unknown), ``registered_at`` is when a registration left open
    whether email is wanted (ms), as long as it is, ``profile`` has values with their moments (ms).
    ``deaf_at`` is when D3 becomes true if nothing happens first (ms, 0: never), ``visit_days`` are
    when days with a visit began (ms; ``streams.lapse.deafness``).
    """

    first_seen: int
    spoken_at: int = 0
    channels: dict[str, Channel] = {}
    recent: bytes = b""
    sends: list[tuple[int, str]] = []
    last_category: str = ""
    installed_at: int = 0
    ended: list[Ended] = []
    episodes: list[Episode] = []
    plays: list[Running] = []
    bought_on: int = 0
    registered_at: int = 0
    device: Device | None = None
    plan: Plan | None = None
    profile: dict[str, tuple[int, Scalar]] = {}
    migrations: list[Migration] = []
    deaf_at: int = 0
    visit_days: list[int] = []
    # What is stored ahead of all that, by place; none of these is in the packed array.
    purchase: Cadence | None = None
    app: Cadence | None = None
    web: Cadence | None = None
    store: Cadence | None = None
    brand: Cadence | None = None

    def channel(self, name: str) -> Channel:
        """The state of a channel (``push:web`` for web push), made where there is none."""
        found = self.channels.get(name)
        if found is None:
            found = self.channels[name] = Channel()
        return found

    def cadences(self) -> tuple[Cadence | None, ...]:
        """The cadences in the order of ``STREAMS``."""
        return (self.purchase, self.app, self.web, self.store, self.brand)


class Shape:
    """Where things lie in a body: which streams it has, by the bits of its shape byte.

    Attributes:
        streams: their numbers (places in ``STREAMS``), in order.
        moving: the moving parts of their cadences, which come first.
        still: where the still parts begin.
        rest: where the packed rest begins.
    """

    __slots__ = ("moving", "rest", "still", "streams")

    def __init__(self, bits: int) -> None:
        self.streams = tuple(number for number in range(len(STREAMS)) if bits >> number & 1)
        self.moving = struct.Struct("<" + MOVING * len(self.streams))
        self.still = self.moving.size
        self.rest = self.still + STILL.size * len(self.streams)


BUSY: Final = 1 << len(STREAMS)
"""The bit of the shape byte that says ``is_busy``."""

NOTED: Final = BUSY << 1
"""The bit that says: something is open, and nothing that makes busy."""

CALM: Final = frozenset({"push_opted_out", "email_opted_out", "email_declined"})
"""Kinds whose open episodes nothing ends but a word on consent: a visit leaves them as they are."""

SHAPES: Final = tuple(Shape(bits) for bits in range(4 * BUSY))
"""By shape byte."""

_pack: Final = msgspec.msgpack.Encoder().encode

rest_of: Final = msgspec.msgpack.Decoder(Customer).decode
"""The customer of a packed rest: without cadences."""


def pack_rest(c: Customer) -> bytes:
    """All of a customer but the cadences."""
    return _pack(
        (
            c.first_seen,
            c.spoken_at,
            c.channels,
            c.recent,
            c.sends,
            c.last_category,
            c.installed_at,
            c.ended,
            c.episodes,
            c.plays,
            c.bought_on,
            c.registered_at,
            c.device,
            c.plan,
            c.profile,
            c.migrations,
            c.deaf_at,
            c.visit_days,
        )
    )


def is_busy(c: Customer) -> bool:
    """Whether anything is open, runs or waits that what the customer does next may touch."""
    if c.plays or c.registered_at or (c.device is not None and c.device.invalid_at):
        return True
    if any(episode.kind not in CALM for episode in c.episodes):
        return True
    return any(channel.exposure is not None and channel.exposure.due_at for channel in c.channels.values())


def marks_of(c: Customer) -> int:
    """The bits of the shape byte besides the streams."""
    if is_busy(c):
        return BUSY
    return NOTED if c.episodes else 0


def encode(c: Customer) -> tuple[int, bytes]:
    """The shape byte and the body of a row.

    The body begins with the cadences, column by column, so that most events can move theirs in place
    (``streams.visits``): last and due of each, then the still parts of each. The rest follows, packed.
    """
    bits = marks_of(c)
    moving: list[int] = []
    parts = [b""]
    for number, cadence in enumerate(c.cadences()):
        if cadence is not None:
            bits |= 1 << number
            moving += (cadence.last, cadence.due_at)
            parts.append(cadence.still())
    parts[0] = SHAPES[bits].moving.pack(*moving)
    parts.append(pack_rest(c))
    return bits, b"".join(parts)


def decode(bits: int, body: bytes) -> Customer:
    """The customer of a row's shape byte and body."""
    shape = SHAPES[bits]
    c = rest_of(body[shape.rest :])
    moving = shape.moving.unpack_from(body)
    place = shape.still
    for i, number in enumerate(shape.streams):
        cadence = stored(moving[2 * i], moving[2 * i + 1], body, place)
        setattr(c, STREAMS[number], cadence)
        place += STILL.size
    return c


def customer_of(value: bytes) -> Customer:
    """The customer of a stored row that is not leaving."""
    opened = row.unpack(value)
    return decode(opened.shape, opened.body)
