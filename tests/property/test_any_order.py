"""However late what happened arrives, within what may be taken back, it ends the same (N2)."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.customer import consent as consents
from streams.customer.state import Customer, customer_of
from streams.lapse.kinds import stage
from streams.wire.times import DAY, HOUR

from ..support.story import Happening, Story, T, consent, event, message, policy

SPAN = 80
LATEST = 20 * DAY
END = T + (SPAN + 1) * DAY + LATEST
SILENCES = ("purchase", "app", "web", "store", "brand")
POLICY = policy(
    detect={f"{name}_stopped": {"rule": "fixed", "after": "7d"} for name in SILENCES},
    channels={"email": {"lists": ["promotions", "news"]}},
    cohort={"attribute": "tier"},
    migration={"explained": 1_000, "delay_max": "0s"},
)
"""Silence by days alone: a rhythm, and what is counted of other surfaces, forgive what comes after the gap
that it would have split (``test_migration`` has moves)."""

PLANS = ("gold", "silver")


@st.composite
def happenings(draw: st.DrawFn, at: int) -> Happening:
    """Something that a customer, their system or their provider says."""
    kind = draw(st.sampled_from(("push", "push", "email", "email", "plan", "plan", "app", "app", "visit")))
    if kind in ("push", "email"):
        return draw(words(at, kind))
    if kind == "plan":
        types = ("plan.started", "plan.cancelled", "plan.cancelled", "plan.renewed", "plan.expired")
        plan = {"id": draw(st.sampled_from(PLANS)), "tier": "premium"}
        return event(at, draw(st.sampled_from(types)), plan=plan)
    if kind == "visit":
        return event(at, draw(st.sampled_from(("web.visited", "customer.registered"))))
    types = ("app.opened", "app.opened", "app.installed", "app.uninstalled", "push.token_invalid")
    type_ = draw(st.sampled_from((*types, "push.token_registered", "push.delivered")))
    if type_ == "push.delivered":
        return message(at, type_)
    more: dict[str, Any] = {"platform": "ios"} if type_ == "app.installed" else {}
    return event(at, type_, **more)


@st.composite
def words(draw: st.DrawFn, at: int, channel: str) -> Happening:
    """A word on consent to one channel.

    Not on all at once: which channels that closes depends on what was known of them then.
    """
    said = draw(st.sampled_from(("in", "in", "out")))
    if channel == "email":
        reasons = ("asked", "declined", "unsubscribe", "settings") if said == "out" else ("asked",)
        return consent(at, "email", said, reason=draw(st.sampled_from(reasons)))
    more: dict[str, Any] = {"axis": draw(st.sampled_from(("subscription", "permission")))}
    return consent(at, "push", said, reason="settings", **more)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Happening], list[int]]:
    """What happened, one thing a moment, and how late each arrives (ms)."""
    hours = draw(st.lists(st.integers(0, SPAN * 24), min_size=2, max_size=9, unique=True))
    told = [draw(happenings(T + hour * HOUR)) for hour in sorted(hours)]
    late = [draw(st.sampled_from((0, HOUR, 2 * DAY, 9 * DAY, LATEST))) for _ in told]
    return told, late


def ended(told: list[Happening]) -> Customer:
    """What is kept of the customer when all has arrived, and time has gone on.

    It is looked at before and after each arrival, so that what was due before it is found before it.
    """
    looks = {at for h in told for at in (h.arrives, h.arrives + 1)}
    story = Story(POLICY).play(told, sorted({*looks, END}))
    (value,) = story.offline.partitions[0].rows.values()
    return customer_of(value)


def outcome(customer: Customer) -> tuple[Any, ...]:
    """The phase, what stands open, and where the customer stands on each channel."""
    open_ = sorted((e.kind, e.channel or "", e.surface or "", e.note) for e in customer.episodes)
    standing = {name: consents.standing(channel) for name, channel in customer.channels.items()}
    return stage(customer, END, POLICY), open_, standing


@settings(max_examples=150)
@given(histories())
def test_any_order_within_what_may_be_late_ends_in_the_same_phase_and_episodes(
    history: tuple[list[Happening], list[int]],
) -> None:
    told, late = history
    delayed = [replace(h, arrives=h.arrives + by) for h, by in zip(told, late, strict=True)]
    assert outcome(ended(delayed)) == outcome(ended(told))
