"""The plain tables of a policy: numbers with a unit, one class a table, in the order of the file.

Each description names the row of the guide that it serves (D: detection, R: response, N: what nobody has).
"""

import re
from datetime import date, timedelta
from functools import cached_property
from typing import Annotated, Final, Literal, get_args

from pydantic import AfterValidator, Field

from .. import zones
from ..open_time import LAST_YEAR, OpenTime
from ..wire.times import DAY, HOUR, MINUTE, SECOND
from .base import Amount, Chance, Count, Flag, Number, Several, Share, Table, Text
from .durations import Duration, Period

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]

WEEKDAYS: Final[tuple[Weekday, ...]] = get_args(Weekday)
_DAY: Final = r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_DAYS: Final = re.compile(rf"{_DAY}(?:/{_DAY})?")
_LONGEST: Final = timedelta(days=366)


def _days(text: str) -> str:
    try:
        first, last = _span(text)
    except ValueError:
        raise ValueError(
            f'"{text}" is no day or span of days: write "2026-12-24" or "2026-12-24/2027-01-03"'
        ) from None
    if last < first:
        raise ValueError(f'"{text}" ends before it begins')
    if last - first > _LONGEST:
        raise ValueError(f'"{text}" is longer than a year')
    if last.year >= LAST_YEAR:
        raise ValueError(f'"{text}" lies too far ahead: calendars go up to {LAST_YEAR}')
    return text


def _span(text: str) -> tuple[date, date]:
    first, _, last = text.partition("/")
    if not _DAYS.fullmatch(text):
        raise ValueError(text)
    return date.fromisoformat(first), date.fromisoformat(last or first)


def _zone(name: str) -> str:
    if name not in zones.names():
        raise ValueError(f'"{name}" is no time zone: write one like "Europe/Berlin"')
    return name


def _weekdays(days: tuple[Weekday, ...]) -> tuple[Weekday, ...]:
    if len(set(days)) == len(WEEKDAYS):
        raise ValueError("a brand that is closed all week is never missed: leave a day open")
    return days


class Calendar(Table):
    """Time that does not count as silence."""

    timezone: Annotated[Text, AfterValidator(_zone)] = Field(
        default=zones.UTC, description="in whose days occasions are counted"
    )
    closed_weekdays: Annotated[tuple[Weekday, ...], AfterValidator(_weekdays)] = Field(
        default=(), description='`["saturday"]`: nobody can buy then'
    )
    closed_days: tuple[Annotated[Text, AfterValidator(_days)], ...] = Field(
        default=(), description='`["2026-12-24/2027-01-03"]`: the same for days and spans of days'
    )

    @cached_property
    def open_time(self) -> OpenTime | None:
        """The days and the time that count; None where that is all time, in days of UTC."""
        if not self.closed_weekdays and not self.closed_days and self.timezone == zones.UTC:
            return None
        return OpenTime(
            self.timezone,
            [WEEKDAYS.index(day) for day in self.closed_weekdays],
            [_span(text) for text in self.closed_days],
        )


class StreamPrior(Table):
    """What is believed of a customer's gaps on one stream before the population is known (model 2, 4)."""

    m0: Number = Field(
        default=2.6390573296152584, description="centre of the log gap in days; log 14 is two weeks"
    )
    kappa0: Amount = Field(default=2.0, description="its weight, in gaps")
    a0: Amount = Field(default=3.0, description="shape of the spread")
    b0: Amount = Field(default=1.6, description="scale of the spread")
    a: Amount = Field(default=0.3, description="dropout after an occasion is Beta(a, b)")
    b: Amount = Field(default=1.0, description="dropout after an occasion is Beta(a, b)")


class Prior(Table):
    """Used until 30 customers with two gaps are known."""

    purchase: StreamPrior = StreamPrior()
    app: StreamPrior = StreamPrior()
    web: StreamPrior = StreamPrior()
    store: StreamPrior = StreamPrior()
    brand: StreamPrior = StreamPrior()


class Own(Table):
    """When a customer's own cadence counts."""

    min_gaps: Several = Field(
        default=4, description="gaps seen before a threshold may call itself the customer's own (N14)"
    )


class Response(Table):
    """The desired response to a message."""

    window: Period = Field(
        default=72 * HOUR, description="after delivery; each message is judged once (D1, R5)"
    )


class Message(Table):
    """When messages are no longer engaged with (D1)."""

    min_ignored: Several = Field(default=5, description="delivered messages ignored in a row, at least")
    min_ignored_over: Duration = Field(default=14 * DAY, description="over at least this long")
    baseline: Count = Field(
        default=2, description="human reactions ever on the channel: without them nothing to fall from (T7)"
    )
    p0: Amount = Field(default=1.0, description="Beta prior of reacting")
    q0: Amount = Field(default=3.0, description="Beta prior of not reacting")
    per_year: Amount = Field(default=1.0, description="the budget of false D1 a year")


class Present(Table):
    """When a customer still uses app or website (D2)."""

    window: Period = Field(
        default=7 * DAY, description="since the last visit; channels without consent are open that long"
    )


class Visit(Table):
    """When a customer visits regularly (D3)."""

    regular: Several = Field(default=4, description="visit days")
    regular_within: Period = Field(default=28 * DAY, description="in this time, in whole days")

    @property
    def regular_days(self) -> int:
        """The same in days; a day that has begun counts."""
        return -(-self.regular_within // DAY)


class Deaf(Table):
    """When a customer is consistently deaf (D3)."""

    consistent: Period = Field(default=30 * DAY, description="D1 on all open channels for this long")
    consistent_sends: Several = Field(default=3, description="with this many messages on each in that time")


class Dialback(Table):
    """Send less to who is present and deaf (R7)."""

    rate: Count = Field(default=1, description="promotional messages over all channels")
    rate_per: Period = Field(default=14 * DAY, description="in any such time")
    exit: Several = Field(default=2, description="human reactions that end it")
    exit_within: Period = Field(default=30 * DAY, description="in this time")


class Followup(Table):
    """The email after a push without conversion (R2)."""

    wait: Duration = Field(default=24 * HOUR, description="after delivery of the push")


class Fallback(Table):
    """The next channel when there is no response (R5)."""

    max_channels: Several = Field(default=3, description="channels an episode may try")


class Receptivity(Table):
    """Which channel a customer listens on (R3)."""

    min: Several = Field(
        default=5, description="delivered messages before the own rate outranks the pooled order"
    )
    explore: Share = Field(default=0.05, description="share of choices that try another channel, to learn")
    half_life: Period = Field(default=90 * DAY, description="a reaction this old counts half")


class Promotion(Table):
    """Which offers a promotion may name (R6)."""

    new: Period = Field(default=30 * DAY, description="a product is new for this long")
    live: Duration = Field(default=24 * HOUR, description="a sale must last at least this much longer")


class Interest(Table):
    """What is relevant to a customer (R6b, R24)."""

    match: Several = Field(default=1, description="categories in common")
    top: Several = Field(default=3, description="of the customer's this many foremost")
    within: Period = Field(default=180 * DAY, description="bought in this time")


class Campaign(Table):
    """All available channels, but not all at once (R9)."""

    spacing: Duration = Field(default=4 * HOUR, description="between the channels of an `all_open` step")
    within: Period = Field(default=48 * HOUR, description="the last of them by then")


class Migration(Table):
    """When activity elsewhere explains a silence here (R10)."""

    explained: Several = Field(default=3, description="visits elsewhere since the last one here")
    ratio: Amount = Field(default=1.5, description="at this many times the earlier rate there")
    delay_max: Duration = Field(
        default=14 * DAY, description="fewer such visits: wait one own typical gap, at most this long"
    )


class Crosspromo(Table):
    """Promote another surface (R11)."""

    enabled: Flag = Field(default=False, description="only if the brand wants it")
    tries: Several = Field(default=2, description="not everyone will bite")
    apart: Period = Field(default=30 * DAY, description="between tries")


class Store(Table):
    """Shops with a door (R11)."""

    near_km: Amount = Field(default=10.0, description="kilometres that are near")


class Sunset(Table):
    """When messages stop because nobody listens (R12, R25)."""

    push: Period = Field(default=90 * DAY, description="no interaction for this long")
    push_delivered: Count = Field(default=12, description="and this many delivered in it")
    email: Period = Field(default=180 * DAY, description="no interaction for this long")
    email_delivered: Count = Field(default=12, description="and this many delivered in it")


class Optout(Table):
    """Turning push off (D7, D8)."""

    early: Duration = Field(
        default=24 * HOUR, description="after installing, with no push delivered yet: a habit, no complaint"
    )


class Customer(Table):
    """Who is new (D9)."""

    new: Duration = Field(default=14 * DAY, description="after the first identified event")


class Prompts(Table):
    """How often a platform lets an app ask for push."""

    ios: Count = Field(default=1, description="questions an installation")
    android: Count = Field(default=2, description="questions an installation")
    other: Count = Field(default=1, description="questions an installation")


class Prime(Table):
    """When an app may ask for push (R14)."""

    sessions: Count = Field(default=3, description="app sessions")
    days: Count = Field(default=2, description="on this many days")
    value_event: Text = Field(default="", description="and this custom event of the brand; empty: never ask")
    prompts: Prompts = Prompts()


class Pitch(Table):
    """Explaining the benefits of push or email (R13, R19)."""

    cooldown: Period = Field(default=30 * DAY, description="between pitches")
    max: Count = Field(default=3, description="pitches, ever")


class Repermission(Table):
    """Asking again after an opt-out (R16, R17, R20)."""

    max_sent: Count = Field(
        default=12, description="more messages than this before the opt-out: we were the cause, do not ask"
    )
    max_sent_within: Period = Field(default=28 * DAY, description="in this time")
    min_responses: Count = Field(default=1, description="fewer reactions than this: do not ask")
    min_responses_of: Several = Field(default=20, description="in the last so many delivered")
    cooldown: Period = Field(default=90 * DAY, description="between requests")
    after_complaint: Flag = Field(default=False, description="ask even after a complaint")


class Incentive(Table):
    """Discounts (R16)."""

    allowed: Flag = Field(default=False, description="they cost money: the brand must decide")


class Email(Table):
    """Confidence that an email will be read, before asking for permission again (R20)."""

    confident_rate: Chance = Field(default=0.20, description="a read rate of at least this")
    confident: Chance = Field(default=0.90, description="with at least this probability")
    confident_delivered: Count = Field(default=10, description="and this many delivered")


class Premium(Table):
    """After a paid plan is cancelled (D11, R21, R22)."""

    watch: Period = Field(default=180 * DAY, description="in the segment this long")
    success_days: Several = Field(
        default=4, description="active days that count as success without a paid plan"
    )
    success_from: Duration = Field(default=61 * DAY, description="from this day after the cancel")
    success_to: Period = Field(default=90 * DAY, description="to this one")


class Uninstall(Table):
    """After an uninstall (D12, R26)."""

    recent: Period = Field(default=7 * DAY, description="recent, counted from the earliest possible time")
    burst: Amount = Field(
        default=5.0, description="times the usual invalidations an hour: the provider's doing"
    )


class Letgo(Table):
    """Leaving alone who does not want to hear from us (R27)."""

    after_sunset: Duration = Field(default=90 * DAY, description="all channels in sunset for this long")


class StillAChance(Table):
    """While there is still a chance (G4, R28)."""

    min: Share = Field(default=0.05, description="P(alive) below which a message mostly reaches nobody")


class Cap(Table):
    """Most promotional messages in any such time, `in_app` included (rolling, not calendar days)."""

    promotional: Count = Field(default=4, description="over all channels")
    promotional_per: Period = Field(default=7 * DAY, description="in any such time")
    channel: Count = Field(default=2, description="on one channel")
    channel_per: Period = Field(default=7 * DAY, description="in any such time")


class Holdout(Table):
    """Who gets nothing, so that we learn what the rest is worth (R29)."""

    share: Share = Field(default=0.10, description="of episodes that a play answers")
    salt: Text = Field(default="holdfast", description="another salt draws others")


class Learn(Table):
    """When a difference may be called one (R29)."""

    min_arm: Several = Field(default=20, description="episodes in the smaller arm")
    min_all: Several = Field(default=100, description="episodes in all")
    pause_harmful: Flag = Field(default=False, description="pause a play that does harm")


class Outage(Table):
    """When a source is quiet for everybody (N5)."""

    ratio: Chance = Field(default=0.2, description="of the volume expected for that hour")
    window: Period = Field(default=60 * MINUTE, description="measured over this time")
    grace: Duration = Field(default=2 * HOUR, description="after recovery, for late events to arrive first")


class Late(Table):
    """Data that arrives late."""

    retract: Duration = Field(default=30 * DAY, description="an episode may be retracted for this long")


class Consent(Table):
    """How quickly an opt-out holds (N3)."""

    bound: Duration = Field(default=5 * SECOND, description="from the opt-out to the last possible command")


class Rejects(Table):
    """When unreadable records stop the line."""

    share: Share = Field(default=0.05, description="of the last 1,000 records of a partition")
    run: Several = Field(default=100, description="or this many in a row")


class Cohort(Table):
    """Groups of customers to compare."""

    attribute: Text = Field(
        default="", description="the profile attribute that names the group; empty: one cohort"
    )
