"""Who a customer of the synthetic shop is: habits, channels, and what they will do one day.

Everything here is drawn once, from the shop's seed and the customer's number alone, so the truth about a
customer can be told without playing a single event. The shares are those of the set `sim-shop` where it has
them.
"""

from typing import NamedTuple

from streams.wire.times import DAY, HOUR

from .dice import Dice

STREAMS = ("purchase", "visit", "message")
SURFACES = ("app", "web", "store")
CATEGORIES = ("coffee", "tea", "books", "garden", "kitchen", "toys", "outdoor", "beauty")

FADE = 60 * DAY
"""How long a fading end takes: from the first missing visit to the last one made."""

EARLIEST_END = 75 * DAY
"""Nobody ends sooner after joining: an end needs a habit to be the end of."""

ENDS = (("all", 0.35), ("purchase", 0.10), ("message", 0.12))
"""Which streams end together, and for which share of the customers; ends after the last day never come."""

STREAMS_OF_END = {"all": STREAMS, "purchase": ("purchase",), "message": ("message",), "none": ()}


class Truth(NamedTuple):
    """What really happened to one stream of one customer.

    Attributes:
        customer_id: whose.
        stream: `purchase`, `visit` or `message` (human reactions to messages).
        lapsed_at: milliseconds; nothing human happens on the stream from here until `returned_at`. None:
            never.
        kind: `sudden`; `fade`, where activity thinned out over the 60 days before `lapsed_at`; or `never`.
        returned_at: milliseconds; the moment of coming back, by themselves or because a message won them
            back.
    """

    customer_id: str
    stream: str
    lapsed_at: int | None
    kind: str
    returned_at: int | None = None


class Holiday(NamedTuple):
    """An absence of 18 to 36 days that is no lapse."""

    customer_id: str
    since: int
    until: int


class Habit(NamedTuple):
    """How regularly something is done: a mean gap, and how the gaps scatter around it."""

    mean: float
    shape: int

    def gap(self, dice: Dice) -> float:
        """Draw one gap in milliseconds; shape 0 stands for log-normal gaps, else it is the gamma's."""
        if self.shape:
            return self.mean * dice.gamma(self.shape)
        return self.mean * dice.lognormal(0.88, 0.5)  # exp(-0.5²/2): keeps the mean


class Traits(NamedTuple):
    """One customer, as drawn. Times in milliseconds, rates as shares."""

    joined_at: int
    buys: Habit
    visits: Habit
    surfaces: tuple[str, ...]
    home: str
    categories: tuple[str, ...]
    spends: float
    awake_from: int
    timezone: str
    email_in: bool
    push_in: bool
    mail_hour: int
    mail_weekday: int
    push_weekday: int
    opens: float
    taps: float
    proxied: bool
    premium: bool
    persuadable: bool
    end: str
    end_kind: str
    end_at: int
    back_at: int | None
    holiday: tuple[int, int] | None
    leaves_email: tuple[int, str] | None
    leaves_push: int | None
    rejoins_after: int | None
    uninstalls_at: int | None
    cancels_at: int | None

    @property
    def has_app(self) -> bool:
        """Whether the app is installed when joining."""
        return "app" in self.surfaces


def customer_id(number: int) -> str:
    """Name a customer; opaque, as the wire wants it."""
    return f"c-{number:06d}"


def joined_at(seed: int, number: int, start: int, days: int) -> int:
    """Draw when a customer joins: most within the first weeks, the others over the first two thirds."""
    dice = Dice(seed, number, "joins")
    span = days * DAY
    share = 0.08 if dice.chance(0.75) else 0.66
    at = start + dice.between(0, max(1, int(span * share)))
    return at - at % DAY + dice.between(8 * HOUR, 21 * HOUR)


def draw_traits(seed: int, number: int, start: int, days: int) -> Traits:
    """Draw one customer; a function of its arguments alone."""
    dice = Dice(seed, number, "traits")
    joined = joined_at(seed, number, start, days)
    surfaces = _surfaces(dice)
    holiday = _holiday(dice, joined, days)
    end, end_kind, end_at, back_at = _end(dice, joined, days)
    if holiday is not None and back_at is not None and holiday[0] <= back_at < holiday[1]:
        back_at = holiday[1]  # nobody comes back from a beach
    app = "app" in surfaces
    push_in, email_in = app and dice.chance(0.65), dice.chance(0.8)
    leaves_email, leaves_push = _leaves(dice, joined, days, end, end_at)
    premium = dice.chance(0.12)
    return Traits(
        joined_at=joined,
        buys=Habit(dice.lognormal(16.0, 0.6) * DAY, dice.pick((0, 1, 2, 4, 8))),
        visits=Habit(dice.lognormal(4.0, 0.6) * DAY, dice.pick((0, 1, 2, 4))),
        surfaces=surfaces,
        home=dice.pick(surfaces),
        categories=tuple(dice.pick(CATEGORIES) for _ in range(3)),
        spends=dice.lognormal(35.0, 0.5),
        awake_from=dice.between(5, 10),
        timezone=dice.pick(("Europe/Berlin", "Europe/London", "Asia/Seoul", "America/New_York")),
        email_in=email_in,
        push_in=push_in,
        mail_hour=dice.between(8, 18),
        mail_weekday=dice.between(0, 7),
        push_weekday=dice.between(0, 7),
        opens=0.05 + 0.6 * dice.unit() ** 1.5,
        taps=0.02 + 0.35 * dice.unit() ** 2,
        proxied=dice.chance(0.2),
        premium=premium,
        persuadable=dice.chance(0.3),
        end=end,
        end_kind=end_kind,
        end_at=end_at,
        back_at=back_at,
        holiday=holiday,
        leaves_email=leaves_email if email_in else None,
        leaves_push=leaves_push if push_in else None,
        rejoins_after=dice.between(15 * DAY, 70 * DAY) if dice.chance(0.5) else None,
        uninstalls_at=end_at + dice.between(DAY, 45 * DAY)
        if app and end == "all" and dice.chance(0.3)
        else None,
        cancels_at=joined + dice.between(40 * DAY, 300 * DAY) if premium and dice.chance(0.6) else None,
    )


def _surfaces(dice: Dice) -> tuple[str, ...]:
    chosen = tuple(s for s, share in zip(SURFACES, (0.5, 0.75, 0.35), strict=True) if dice.chance(share))
    return chosen or ("web",)


def _end(dice: Dice, joined: int, days: int) -> tuple[str, str, int, int | None]:
    """Draw which streams end, how, when the end is complete, and when they come back unasked."""
    draw, at = dice.unit(), joined + EARLIEST_END + int(dice.unit() * days * 1.2 * DAY)
    kind = "fade" if dice.chance(0.5) else "sudden"
    back = at + dice.between(40 * DAY, 120 * DAY) if dice.chance(0.15) else None
    for end, share in ENDS:
        if draw <= share:
            return end, kind, at, back
        draw -= share
    return "none", "never", at, None


def _holiday(dice: Dice, joined: int, days: int) -> tuple[int, int] | None:
    if not dice.chance(0.1):
        return None
    since = joined + 20 * DAY + int(dice.unit() * days * DAY)
    return since, since + dice.between(18 * DAY, 36 * DAY)


def _leaves(
    dice: Dice, joined: int, days: int, end: str, end_at: int
) -> tuple[tuple[int, str] | None, int | None]:
    """Draw the opt-outs: likelier, and soon after, for those who no longer care for messages."""
    tired = end in {"all", "message"}
    share = 0.3 if tired else 0.18

    def moment() -> int:
        return (
            end_at + dice.between(0, 60 * DAY)
            if tired
            else joined + dice.between(10 * DAY, (days + 30) * DAY)
        )

    email_at, push_at = moment(), moment()
    how = dice.pick(("unsubscribe", "unsubscribe", "unsubscribe", "complaint", "settings"))
    return (email_at, how) if dice.chance(share) else None, push_at if dice.chance(share) else None
