"""Reach: the one door through which a message leaves (design.md 7).

It answers *yes*, *later* (and when) or *no* (and why). It is asked at the end of a cut, with everything in
the cut known, so that an opt-out wins ties. Nothing else in the project makes a ``send``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from streams.customer import consent
from streams.customer.cadence import last_of
from streams.customer.device import is_gone

from . import caps

if TYPE_CHECKING:
    from streams.context import Context
    from streams.customer.state import Customer

YES: Final = "yes"
LATER: Final = "later"
NO: Final = "no"


class Verdict(NamedTuple):
    """The answer: ``when`` (ms) for *later*, ``reason`` for *no*, ``surface`` of a push for *yes*."""

    answer: str
    when: int = 0
    reason: str = ""
    surface: str | None = None


def judge(customer: Customer, channel: str, list_: str, at: int, context: Context) -> Verdict:
    """Whether a message of this list may go out on this channel at ``at`` (ms)."""
    policy = context.policy
    settings = policy.channels.get(channel)
    if settings is None:
        return Verdict(NO, reason="unknown_channel")
    needs_consent = settings.consent == "required"
    key = _open_key(customer, channel, at, needs_consent=needs_consent)
    if key is None:
        known = consent.since(customer, channel) is not None
        return Verdict(NO, reason="closed" if known else "consent_unknown")
    if consent.list_is_off(customer, key, list_):
        return Verdict(NO, reason="list_off")
    if not needs_consent and not _is_present(customer, at, policy.present.window):
        return Verdict(NO, reason="not_present")
    free = caps.free_at(customer, channel, at, policy)
    if free > at:
        return Verdict(LATER, when=free, reason="cap")
    return Verdict(YES, surface="web" if key == consent.WEB_PUSH else None)


def is_open(customer: Customer, channel: str, context: Context) -> bool:
    """Whether consent lets anything out on this channel: what a play asks when it looks for channels."""
    settings = context.policy.channels[channel]
    return _open_key(customer, channel, context.at, needs_consent=settings.consent == "required") is not None


def stays_open(customer: Customer, channel: str, surface: str | None, list_: str, context: Context) -> bool:
    """Whether a message of this list, out on this very channel, may stay out after a change of consent."""
    settings = context.policy.channels.get(channel)
    needs_consent = settings is None or settings.consent == "required"
    key = consent.key_of(channel, surface)
    if key == consent.PUSH and is_gone(customer):
        return False
    if consent.list_is_off(customer, key, list_):
        return False
    return consent.open_since(customer, key, needs_consent=needs_consent) is not None


def _open_key(customer: Customer, channel: str, at: int, *, needs_consent: bool) -> str | None:
    """The consent that lets a message out on this channel at ``at`` (ms): app push before web push.

    An app that is gone gets no push, whatever was agreed (D12).

    A yes said after ``at``, in the same cut, does not count for it: the channel was closed at that moment.
    """
    keys = (channel, consent.WEB_PUSH) if channel == consent.PUSH else (channel,)
    for key in keys:
        if key == consent.PUSH and is_gone(customer):
            continue
        since = consent.open_since(customer, key, needs_consent=needs_consent)
        if since is not None and since <= at:
            return key
    return None


def _is_present(customer: Customer, at: int, window: int) -> bool:
    """Whether the customer was in the app or on the site lately: else nobody sees a message there."""
    return max(last_of(customer.app), last_of(customer.web)) > at - window
