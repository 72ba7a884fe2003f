"""The lapse signal, version 1: a customer began to lapse, came back, or never lapsed after all."""

from typing import Any, Final

from msgspec import Struct

from .event import TextTime
from .form import Form
from .reject import Rejection

ACTIONS: Final = ("opened", "closed", "retracted")
KINDS: Final = (
    "message_disengaged",
    "present_but_deaf",
    "deaf_everywhere",
    "purchase_stopped",
    "app_stopped",
    "web_stopped",
    "store_stopped",
    "brand_stopped",
    "push_opted_out",
    "email_declined",
    "email_opted_out",
    "premium_cancelled",
    "app_uninstalled",
)
CLOSINGS: Final = (
    "returned",
    "reconsented",
    "resubscribed",
    "reinstalled",
    "migrated",
    "superseded",
    "channel_closed",
    "retained",
    "expired",
    "let_go",
    "erased",
    "disabled",
)
STAGES: Final = ("steady", "cooling", "lapsing", "lost")
ARMS: Final = ("treat", "holdout", "none")


class Signal(Struct, kw_only=True):
    """One signal of one episode.

    Its order of fields is the order on the wire. Times are milliseconds. ``reason`` is there when `action` is
    ``closed``, ``surface`` for web push; both are left out otherwise.
    """

    v: int = 1
    id: str
    seq: int
    action: str
    reason: str | None = None
    kind: str
    channel: str | None
    surface: str | None = None
    customer_id: str
    episode: str
    started_at: TextTime
    at: TextTime
    stage: str
    historical: bool
    evidence: dict[str, Any]
    arm: str
    cohort: str | int | float | bool | None
    policy: str


FORM: Final = Form(Signal, times=("started_at", "at"), omitted=("reason", "surface"))


def encode_signal(signal: Signal) -> bytes:
    """Write a signal: the same signal gives the same bytes."""
    return FORM.encode(signal)


def decode_signal(value: bytes | None) -> Signal | Rejection:
    """Read a signal; never raises."""
    return FORM.decode(value)
