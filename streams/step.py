"""The step: everything that decides anything about a customer.

    step(customer, what happened, context) -> what follows

No clock, no I/O, no randomness, no logging, no global. The same function runs in the worker, the backtest,
the replay, the scenarios and the tests. It is total: any customer and any valid input give an answer. The
customer that is handed in is changed in place: callers hand in a freshly unpacked one (``streams.timeline``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .customer import consent, device, plan, profile, recent, state
from .customer.cadence import last_of
from .customer.state import OUT, STREAMS, Customer
from .lapse import (
    cancellation,
    deafness,
    declined,
    disengagement,
    episodes,
    optout,
    outage,
    silence,
    uninstall,
)
from .response import holdout, plays
from .wire.event import human_surface
from .wire.signal import Signal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .context import Visit
    from .customer.consent import Change
    from .policy.model import Policy
    from .response.plays import Wish
    from .wire.command import Command
    from .wire.event import Event, PlanChange

ACCEPTED: Final = "accepted"
DUPLICATE: Final = "duplicate"

COUNTING: Final = frozenset({"order.completed", "email.delivered", "push.delivered", "in_app.shown"})
"""Events that are counted, and change nothing else besides the rhythm."""

REMEMBERED: Final = COUNTING | {"consent.changed"}
"""Events that count, and so are remembered by id (wire.md, ``id``), as are those that a play answers."""

TEACHING: Final = frozenset(
    {
        *(
            "consent.changed",
            "email.complained",
            "customer.erased",
            "customer.registered",
            "customer.updated",
        ),
        *("app.installed", "app.uninstalled"),
        *("push.prompted", "push.token_registered", "push.token_invalid"),
        *("plan.started", "plan.renewed", "plan.cancelled", "plan.expired"),
    }
)
"""Events that say more than a sign of life and a count."""


class Step(NamedTuple):
    """What follows from one input.

    Attributes:
        says: signals and cancels, in order; their ``seq`` is given when they leave.
        wishes: steps of plays that are due, to be judged by reach at the end of the cut.
        outcome: ``accepted`` or ``duplicate``, for the accounts.
        forget: nothing is left to be known of this customer: the row goes.
    """

    says: Sequence[Signal | Command] = ()
    wishes: Sequence[Wish] = ()
    outcome: str = ACCEPTED
    forget: bool = False


NOTHING: Final = Step()
_DUPLICATE: Final = Step(outcome=DUPLICATE)


def on_event(visit: Visit, event: Event) -> Step:
    """What follows from an event of this customer."""
    customer, type_ = visit.customer, event.type
    if type_ in REMEMBERED or f"event:{type_}" in visit.context.policy.plays_on:
        arrived = max(event.occurred_at, visit.context.at)
        known = recent.with_id(customer.recent, event.source, event.id, arrived)
        if known is None:
            return _DUPLICATE
        customer.recent = known
    if type_ == "customer.erased":
        return Step(_leave(visit, "erased", event.occurred_at, act=episodes.act_of(event)), forget=True)
    streams = human_surface(event)
    if streams or type_ in TEACHING:
        customer.first_seen = min(customer.first_seen, event.occurred_at)
    says: list[Signal | Command] = _learn(visit, event)
    reached, visited = plays.reached(visit, event, streams), deafness.last_visit(customer)
    if streams:
        says += _answer(visit, silence.act(visit, event, streams))
    if customer.episodes or state.is_busy(customer):
        says += _answer(visit, _matters(visit, event, streams))
    says += _answer(visit, disengagement.on_event(visit, event, reached))
    if customer.episodes:
        says += _answer(visit, silence.close_disabled(visit, event.occurred_at))
    if deafness.matters(customer):
        says += _answer(visit, deafness.on_event(visit, event, streams, visited, _signals(says)))
    says += plays.on_event(visit, event, streams)
    _start_plays_on(visit, event)
    return Step(says) if says else NOTHING


def on_time(visit: Visit, now: int) -> Step:
    """What follows from the time reaching ``now`` (ms)."""
    customer, policy = visit.customer, visit.context.policy
    says: list[Signal | Command] = []
    if customer.episodes:
        says += _answer(visit, silence.close_disabled(visit, now))
    for rule in (silence, disengagement, uninstall, declined, cancellation):
        says += _answer(visit, rule.fall(visit, now))
    if deafness.matters(customer):
        says += _answer(visit, deafness.fall(visit, now, _signals(says)))
    wishes, commands = plays.on_wake(visit, now)
    says += commands
    forgotten = forget_at(customer, policy)
    if forgotten > now:
        return Step(says, wishes)
    said = {"silent_since": forgotten - policy.memory, "memory": policy.memory}
    says += _leave(visit, "expired", now, **said)
    return Step(says, forget=not _keep_only_a_no(customer, policy, now))


def on_facts(visit: Visit) -> Step:
    """What follows from what is known of the sources now: what an outage or a burst opened is taken back."""
    return Step(_answer(visit, [*outage.review(visit), *uninstall.review(visit)]))


def wake_at(customer: Customer, policy: Policy) -> int:
    """The earliest moment (ms) at which silence alone changes anything for this customer."""
    earliest = forget_at(customer, policy)
    silent = silence.wake_at(customer, policy)
    if silent and silent < earliest:
        earliest = silent
    if state.is_busy(customer):
        rules = (disengagement, deafness, uninstall, declined, cancellation)
        waits = (rule.wake_at(customer, policy) for rule in rules)
        earliest = min([earliest, *(at for at in waits if at)])
    return min(earliest, plays.wake_at(customer.plays)) if customer.plays else earliest


def forget_at(customer: Customer, policy: Policy) -> int:
    """When there was no sign of life, and no word on consent, for the policy's memory (ms)."""
    return max(last_of(customer.brand) or customer.first_seen, customer.spoken_at) + policy.memory


def _learn(visit: Visit, event: Event) -> list[Signal | Command]:
    """Take in what an event says besides a sign of life: consent, deliveries, the installation, the taste."""
    customer, type_ = visit.customer, event.type
    if type_ == "consent.changed" and event.consent is not None:
        # An import tells today what was agreed to years ago: it is kept from when it was learnt.
        learnt_at = visit.context.at if event.consent.reason == "import" else 0
        customer.spoken_at = max(customer.spoken_at, event.occurred_at, learnt_at)
        settings = visit.context.policy.channels.get(event.consent.channel)
        changes = consent.apply(
            customer,
            event.consent,
            event.surface,
            event.occurred_at,
            settings.lists if settings is not None else None,
        )
        declined.spoken(visit)
        return _moved(visit, changes, event)
    if type_ == "email.complained":
        changes = consent.complain(customer, "email", event.occurred_at)
        return _moved(visit, changes, event)
    if type_ in COUNTING:
        count(customer, event, last_of(customer.purchase))
    elif type_ == "customer.updated" and event.profile is not None:
        _describe(visit, event.profile, event.occurred_at)
    elif type_ == "customer.registered":
        declined.registered(visit, event)
    elif type_.startswith("plan.") and event.plan is not None:
        return _answer(visit, _plan(visit, event, event.plan))
    elif type_ in TEACHING:
        return _app(visit, event)
    return []


def _describe(visit: Visit, said: Mapping[str, state.Scalar], at: int) -> None:
    """Take in what was said of a customer; who changes to another cohort counts there from now on."""
    before = visit.cohort
    profile.learn(visit.customer, said, at, visit.context.policy.attributes)
    after = visit.cohort
    if visit.moves is not None and before != after:
        visit.moves.leave(visit.customer, before)
        visit.moves.enter(visit.customer, after)


def _plan(visit: Visit, event: Event, change: PlanChange) -> Sequence[Signal]:
    """Take in what was said of a paid plan."""
    if event.type in ("plan.started", "plan.renewed"):
        return cancellation.started(visit, event, change)
    if event.type == "plan.cancelled":
        return cancellation.cancelled(visit, event, change)
    if event.type == "plan.expired":
        plan.expire(visit.customer, change, event.occurred_at)
    return ()


def _app(visit: Visit, event: Event) -> list[Signal | Command]:
    """Take in what was said of the app; what is out to one that is gone is cancelled."""
    customer, type_ = visit.customer, event.type
    if type_ == "app.installed":
        device.install(customer, event)
    elif type_ == "push.prompted":
        device.prompt(customer, event.occurred_at)
    elif type_ == "push.token_registered":
        device.register(customer, event)
    elif type_ == "push.token_invalid":
        device.invalidate(customer, event)
    elif type_ == "app.uninstalled":
        return [*_answer(visit, uninstall.removed(visit, event)), *plays.on_consent(visit, event.occurred_at)]
    return []


def _matters(visit: Visit, event: Event, streams: Sequence[str]) -> list[Signal]:
    """What an event means for what is open or waits, beyond the silences."""
    signals = declined.seen_before(visit, event)
    if device.is_sign_of_life(event):
        signals += uninstall.seen(visit, event)
    if event.type in ("push.delivered", "app.installed"):
        signals += optout.reconsider(visit, event)
    if streams:
        signals += cancellation.act(visit, event)
    return signals


def _signals(says: Sequence[Signal | Command]) -> Sequence[Signal]:
    """The signals among what is said."""
    return [one for one in says if isinstance(one, Signal)]


def count(customer: Customer, event: Event, bought_at: int) -> None:
    """Take in what a delivery or an order says; ``bought_at`` is when the last purchase was (ms)."""
    type_ = event.type
    customer.first_seen = min(customer.first_seen, event.occurred_at)
    if type_ == "order.completed":
        if event.order is not None and event.order.items:
            customer.last_category = event.order.items[-1].category or customer.last_category
        if event.occurred_at >= bought_at and event.surface is not None:
            customer.bought_on = STREAMS.index(event.surface)
    else:
        customer.channel(consent.key_of(type_.partition(".")[0], event.surface)).delivered += 1


def _moved(visit: Visit, changes: Sequence[Change], event: Event) -> list[Signal | Command]:
    """The signals of channels that moved; what is out on one that is closed is cancelled."""
    says: list[Signal | Command] = []
    for change in changes:
        says += _answer(visit, optout.moved(visit, change, event))
    return says + plays.on_consent(visit, event.occurred_at)


def _answer(visit: Visit, signals: Sequence[Signal]) -> list[Signal | Command]:
    """Draw the arm of what opened and start its plays; stop the plays of what ended."""
    says: list[Signal | Command] = []
    for signal in signals:
        says.append(signal)
        if signal.action != "opened":
            says += plays.on_end_of_episode(visit, signal.episode, signal.at)
            continue
        if signal.historical:
            continue
        answering = plays.answering(visit, f"signal:{signal.kind}", _facts(visit, signal))
        if answering:
            signal.arm = holdout.draw(signal.episode, visit.context.policy)
            episodes.by_id(visit.customer, signal.episode).arm = signal.arm
        if signal.arm == "treat":
            plays.start(visit, answering, signal.at, signal)
    return says


def _facts(visit: Visit, signal: Signal) -> dict[str, object]:
    """What a play's ``where`` may ask of a signal."""
    return {
        "channel": signal.channel,
        "surface": signal.surface,
        "stage": signal.stage,
        "historical": signal.historical,
        "cohort": signal.cohort,
        "evidence": signal.evidence,
        **_who(visit, signal.at),
    }


def _who(visit: Visit, at: int) -> dict[str, object]:
    """What a play's ``where`` may ask of the customer at ``at`` (ms)."""
    customer = visit.customer
    return {"profile": profile.attributes(customer), "plan": {"tier": plan.tier(customer, at)}}


def _start_plays_on(visit: Visit, event: Event) -> None:
    """Start the plays that answer this type of event."""
    trigger = f"event:{event.type}"
    if trigger in visit.context.policy.plays_on and not visit.context.historical(event.occurred_at):
        said = {"surface": event.surface, "properties": event.properties or {}}
        facts = {**said, **_who(visit, event.occurred_at)}
        plays.start(visit, plays.answering(visit, trigger, facts), event.occurred_at, None)


def _leave(visit: Visit, reason: str, at: int, **why: Any) -> list[Signal | Command]:  # noqa: ANN401 - of the end
    """End everything: the customer is forgotten, or has asked to be."""
    says: list[Signal | Command] = []
    if visit.moves is not None:
        visit.moves.leave(visit.customer, visit.cohort)
    for episode in list(visit.customer.episodes):
        says += _answer(visit, [episodes.end(visit, episode, reason, at, **why)])
    for run in list(visit.customer.plays):
        says += plays.stop(visit, run, at)
    return says


def _keep_only_a_no(customer: Customer, policy: Policy, now: int) -> bool:
    """Forget all but what would turn from a no into a maybe; false if there is nothing of that kind.

    A channel that needs no consent is open until the customer closes it, so that no must outlive the memory.
    """
    kept = {
        name: channel
        for name, channel in customer.channels.items()
        if (consent.standing(channel) == OUT or channel.lists_out)
        and (name == consent.ALL or (name in policy.channels and policy.channels[name].consent != "required"))
    }
    for channel in kept.values():
        channel.exposure = None
    if kept:
        blank = Customer(now, channels=kept)
        for name in Customer.__struct_fields__:
            setattr(customer, name, getattr(blank, name))
    return bool(kept)
