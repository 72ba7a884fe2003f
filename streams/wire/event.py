"""The event, version 1: what a customer did, or what happened to a message to them (wire.md, Event).

The names are the wire's. Optional fields that are absent are ``None``. Times are milliseconds once
`decode` has read them.
"""

from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from .times import Moment

Surface = Literal["app", "web", "store"]
TimeQuality = Literal["server", "corrected", "device", "inferred"]

_INT_64: Final = 1 << 63  # what a row can hold

# Texts are capped one by one, so that one field cannot carry a whole record's bytes into a row.
Id = Annotated[str, Meta(min_length=1, max_length=128)]
Word = Annotated[str, Meta(min_length=1, max_length=64)]
Text = Annotated[str, Meta(max_length=1024)]
Integer = Annotated[int, Meta(ge=-_INT_64, le=_INT_64 - 1)]
Scalar = Text | Integer | float | bool | None
Url = Annotated[str, Meta(max_length=8192)]
Money = Annotated[
    str, Meta(min_length=1, max_length=32, extra_json_schema={"pattern": "^-?[0-9]+([.][0-9]+)?$"})
]
_TIME_PATTERN: Final = (
    "^[0-9]{4}-[01][0-9]-[0-3][0-9][Tt ][0-2][0-9]:[0-5][0-9]:[0-6][0-9]([.][0-9]{1,9})?"
    "([Zz]|[+-][0-2][0-9]:[0-5][0-9])$"
)
Currency = Annotated[str, Meta(min_length=3, max_length=3)]
TextTime = Annotated[Moment, Meta(extra_json_schema={"format": "date-time", "pattern": _TIME_PATTERN})]

MAX_KEYS: Final = 64
MAX_QUANTITY: Final = 1_000_000_000

Profile = Annotated[dict[Id, Scalar], Meta(max_length=MAX_KEYS)]
Own = Annotated[dict[str, Any], Meta(max_length=MAX_KEYS)]  # the producer's own


class MessageRef(Struct, gc=False, frozen=True):
    """Which message an event is about; ``command_id`` closes the loop to our command."""

    id: Id
    command_id: Id | None = None
    campaign: Text | None = None
    list: Word | None = None
    severity: Word | None = None
    code: Text | None = None
    url: Url | None = None


class Item(Struct, gc=False, frozen=True):
    """One line of an order. ``quantity`` is a number because some shops sell by weight."""

    product_id: Id
    quantity: Annotated[int, Meta(ge=0, le=MAX_QUANTITY)] | Annotated[float, Meta(ge=0, le=MAX_QUANTITY)]
    price: Money
    category: Text | None = None


class Order(Struct, gc=False, frozen=True):
    """A purchase or its refund. Money is a decimal string, as written by the shop."""

    id: Id
    total: Money
    currency: Currency
    items: list[Item] | None = None


class ConsentChange(Struct, gc=False, frozen=True):
    """A customer, or their system, said yes or no to a channel (``all``: do not contact)."""

    channel: Word
    state: Literal["in", "out"]
    scope: Literal["all", "list"]
    reason: Literal[
        "asked", "settings", "unsubscribe", "complaint", "blocked", "declined", "repermission", "import"
    ]
    list: Word | None = None
    axis: Literal["subscription", "permission"] = "subscription"


class PlanChange(Struct, gc=False):
    """The paid tier that an event is about. ``ends_at`` in milliseconds."""

    id: Id
    tier: Literal["free", "premium"]
    ends_at: TextTime | None = None


class Event(Struct, gc=False):
    """One event of one customer, read and checked."""

    v: int
    id: Id
    source: Word
    type: str
    customer_id: Id
    occurred_at: TextTime
    time_quality: TimeQuality = "server"
    earliest_at: TextTime | None = None
    surface: Surface | None = None
    activity: bool | None = None
    automated: bool = False
    name: Id | None = None
    message: MessageRef | None = None
    order: Order | None = None
    consent: ConsentChange | None = None
    plan: PlanChange | None = None
    profile: Profile | None = None
    platform: Literal["ios", "android", "other"] | None = None
    properties: Own | None = None
    ext: Own | None = None


SHORT_TOPICS: Final = ("app", "web", "store", "email", "push", "account")

_ANYWHERE: Final = ("order.completed", "order.refunded", "custom")
_CONSENT: Final = "consent.changed"

TYPES_BY_TOPIC: Final[dict[str, tuple[str, ...]]] = {
    "app": (
        "app.installed",
        "app.opened",
        "app.viewed",
        "app.updated",
        "app.uninstalled",
        "in_app.shown",
        "in_app.clicked",
        "in_app.dismissed",
        *_ANYWHERE,
        _CONSENT,
    ),
    "web": ("web.visited", *_ANYWHERE, _CONSENT),
    "store": ("store.visited", *_ANYWHERE, _CONSENT),
    "email": (
        "email.sent",
        "email.delivered",
        "email.opened",
        "email.clicked",
        "email.bounced",
        "email.dropped",
        "email.complained",
        _CONSENT,
    ),
    "push": (
        "push.sent",
        "push.delivered",
        "push.opened",
        "push.clicked",
        "push.bounced",
        "push.dropped",
        "push.dismissed",
        "push.prompted",
        "push.token_registered",
        "push.token_invalid",
        _CONSENT,
    ),
    "account": (
        _CONSENT,
        "plan.started",
        "plan.renewed",
        "plan.cancelled",
        "plan.expired",
        "plan.payment_failed",
        "customer.registered",
        "customer.updated",
        "customer.erased",
    ),
}
"""Which types may come on which topic; a change of consent may come on any (its own channel's, for one)."""

TYPES: Final = tuple(sorted({type_ for types in TYPES_BY_TOPIC.values() for type_ in types}))

STREAMS_OF: Final = {
    "app.opened": ("app", "brand"),
    "app.viewed": ("app", "brand"),
    "web.visited": ("web", "brand"),
    "store.visited": ("store", "brand"),
    "email.opened": ("brand",),
    "email.clicked": ("brand",),
    "push.opened": ("brand",),
    "push.clicked": ("brand",),
    "plan.started": ("brand",),
}
"""The streams that a person touches by an event of a type, where the type alone says so."""


def human_surface(event: Event) -> tuple[str, ...]:
    """Say which streams a person touched by this event (wire.md, "What counts as a person acting").

    Returns:
        Some of ``purchase``, ``app``, ``web``, ``store`` and ``brand``; nothing when nobody acted: the
        type is no act, the producer says ``activity: false``, or a machine did it.
    """
    if event.activity is False or event.automated:
        return ()
    return streams_of(event.type, event.surface)


def streams_of(type_: str, surface: str | None) -> tuple[str, ...]:
    """The streams that an act of this type touches there; nothing where it is no act."""
    if type_ == "order.completed":
        return ("purchase", surface, "brand") if surface else ("purchase", "brand")
    if type_ == "custom":
        return (surface, "brand") if surface else ("brand",)
    if type_ == "in_app.clicked":
        return (surface or "app", "brand")
    return STREAMS_OF.get(type_, ())
