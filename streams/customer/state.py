"""What is kept of one customer: the body of a row.

Everything is packed by position (msgspec, ``array_like``), so a part may only be added at the end, with a
default; what a customer does not have costs a byte. The rules that read and change a part live with their
subject: cadences in ``cadence``, consent in ``consent``, episodes in ``streams.lapse.episodes``, running
plays in ``streams.response.plays``.
"""

from __future__ import annotations

from typing import Final

import msgspec

STREAMS: Final = ("purchase", "app", "web", "store", "brand")
"""The streams with a rhythm of their own; each is a field of ``Customer``."""

UNKNOWN: Final = 0
IN: Final = 1
OUT: Final = 2


class Channel(msgspec.Struct, array_like=True, gc=False):
    """Consent on one channel, and what was delivered on it.

    ``subscription`` and ``permission`` (the system's, for push) are UNKNOWN, IN or OUT, each with the
    moment since when (ms), and how much later (ms) it was last said again.
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


class Episode(msgspec.Struct, array_like=True):
    """A lapse that is open."""

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


class Customer(msgspec.Struct, array_like=True):
    """One customer.

    Cadences are stored forms of ``cadence.Cadence``, empty where a stream was never used. ``spoken_at`` is
    when consent was last heard of (ms).
    """

    first_seen: int
    purchase: bytes = b""
    app: bytes = b""
    web: bytes = b""
    store: bytes = b""
    brand: bytes = b""
    channels: dict[str, Channel] = {}
    installed_at: int = 0
    episodes: list[Episode] = []
    ended: list[Ended] = []
    plays: list[Running] = []
    sends: list[tuple[int, str]] = []
    recent: bytes = b""
    last_category: str = ""
    spoken_at: int = 0

    def channel(self, name: str) -> Channel:
        """The state of a channel (``push:web`` for web push), made where there is none."""
        found = self.channels.get(name)
        if found is None:
            found = self.channels[name] = Channel()
        return found


encode: Final = msgspec.msgpack.Encoder().encode
decode: Final = msgspec.msgpack.Decoder(Customer).decode
