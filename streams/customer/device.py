"""What is known of the app on the customer's device: installed, asking, reachable by a token (D7, D12).

A sign of life of the app is anything that only an app that is there can do: a session, an action in it, a
token that it registers, a push that is opened. Nobody needs to act for it, so it is more than activity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from streams.wire.times import DAY

from .cadence import last_of
from .state import Device

if TYPE_CHECKING:
    from streams.wire.event import Event

    from .state import Customer

APP_UNINSTALLED: Final = "app_uninstalled"
"""The kind of signal that says that the app is gone (D12)."""

PROMPTS_KEPT: Final = 4
"""Questions that are remembered: no platform allows as many for one installation."""

EXPIRES_AFTER: Final = 270 * DAY
"""Firebase lets a token expire that had no contact for so long: that says nothing (mission.md 6)."""

_AMBIGUOUS: Final = frozenset(
    {
        *("invalidargument", "400", "senderidmismatch", "mismatchsenderid", "403", "thirdpartyautherror"),
        *("quotaexceeded", "429", "unavailable", "503", "internal", "500", "invalidregistration"),
        *("baddevicetoken", "devicetokennotfortopic", "expiredtoken"),
    }
)
"""Answers of Firebase and Apple that have other causes than an app that is gone: a bad message, the wrong
project or environment, the service itself, a token out of date; in small letters and digits."""

_OF_THE_APP: Final = frozenset({"app.installed", "app.opened", "app.viewed", "app.updated"})
_IN_IT: Final = frozenset({"in_app.shown", "in_app.clicked", "in_app.dismissed"})
_BY_PUSH: Final = frozenset({"push.token_registered", "push.opened", "push.clicked", "push.dismissed"})


def is_sign_of_life(event: Event) -> bool:
    """Whether only an app that is there can have led to this."""
    type_ = event.type
    if type_ in _OF_THE_APP:
        return True
    if type_ in _BY_PUSH or type_ in _IN_IT:
        return event.surface in (None, "app") and not event.automated
    return event.surface == "app" and type_ in ("order.completed", "custom")


def seen_at(customer: Customer) -> int:
    """The newest sign of life of the app that is remembered (ms), 0 for none."""
    other = customer.device.seen_at if customer.device is not None else 0
    return max(last_of(customer.app), customer.installed_at, other)


def is_gone(customer: Customer) -> bool:
    """Whether the app counts as removed: nothing reaches it by push."""
    return any(episode.kind == APP_UNINSTALLED for episode in customer.episodes)


def install(customer: Customer, event: Event) -> None:
    """The app was installed."""
    customer.installed_at = max(customer.installed_at, event.occurred_at)


def prompt(customer: Customer, at: int) -> None:
    """The system's question about push was shown at ``at`` (ms)."""
    device = of(customer)
    if at not in device.prompts:
        device.prompts = sorted([*device.prompts, at])[-PROMPTS_KEPT:]


def prompts(customer: Customer) -> int:
    """How often the system's question was shown since the app was last installed."""
    asked = customer.device.prompts if customer.device is not None else ()
    return sum(at >= customer.installed_at for at in asked)


def register(customer: Customer, event: Event) -> None:
    """The app registered a push token; one of the site's is another matter."""
    if event.surface != "web":
        device = of(customer)
        device.seen_at = max(device.seen_at, event.occurred_at)


def invalidate(customer: Customer, event: Event) -> None:
    """A push token is of no use any more; unless the answer may have other causes, the app may be gone."""
    if event.surface != "web" and not _is_ambiguous(event):
        suspect(customer, event.occurred_at)


def suspect(customer: Customer, at: int) -> None:
    """The app may have been gone at ``at`` (ms), unless it was seen later."""
    if at > seen_at(customer):
        device = of(customer)
        device.invalid_at = max(device.invalid_at, at)


def is_suspect(customer: Customer) -> bool:
    """Whether the app may be gone. A token that was without contact for long enough has merely expired."""
    device, seen = customer.device, seen_at(customer)
    return device is not None and seen < device.invalid_at < seen + EXPIRES_AFTER


def settle(customer: Customer, at: int) -> None:
    """The app gave a sign of life at ``at`` (ms): a token that was lost before says nothing any more."""
    device = customer.device
    if device is not None:
        device.seen_at = max(device.seen_at, at)
        if device.invalid_at <= at:
            device.invalid_at = 0


def _is_ambiguous(event: Event) -> bool:
    code = event.message.code if event.message is not None else None
    plain = "".join(c for c in (code or "").lower() if c.isalnum())
    return plain in _AMBIGUOUS


def of(customer: Customer) -> Device:
    """What is known of the app, made where nothing is."""
    if customer.device is None:
        customer.device = Device()
    return customer.device
