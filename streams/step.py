"""The step: everything that decides anything about a customer.

    step(customer, what happened, context) -> what follows

No clock, no I/O, no randomness, no logging, no global. The same function runs in the worker, the backtest,
the replay, the scenarios and the tests. It is total: any customer and any valid input give an answer. The
customer that is handed in is changed in place: callers hand in a freshly unpacked one (``streams.timeline``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .customer import consent, recent
from .customer.cadence import last_of
from .customer.state import OUT, STREAMS, Customer
from .lapse import episodes, optout, outage, silence
from .response import holdout, plays
from .wire.event import human_surface

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .context import Visit
    from .customer.consent import Change
    from .policy.model import Policy
    from .response.plays import Wish
    from .wire.command import Command
    from .wire.event import Event
    from .wire.signal import Signal

ACCEPTED: Final = "accepted"
DUPLICATE: Final = "duplicate"

COUNTING: Final = frozenset({"order.completed", "email.delivered", "push.delivered"})
"""Events that are counted, and change nothing else besides the rhythm."""

REMEMBERED: Final = COUNTING | {"consent.changed"}
"""Events that count, and so are remembered by id (wire.md, ``id``), as are those that a play answers."""

TEACHING: Final = frozenset({"consent.changed", "email.complained", "app.installed", "customer.erased"})
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
    says: list[Signal | Command] = _learn(visit, event)
    streams = human_surface(event)
    if streams:
        says += _answer(visit, silence.act(visit, event, streams))
    if customer.episodes:
        says += _answer(visit, silence.close_disabled(visit, event.occurred_at))
    says += plays.on_event(visit, event, streams)
    _start_plays_on(visit, event)
    return Step(says) if says else NOTHING


def on_time(visit: Visit, now: int) -> Step:
    """What follows from the time reaching ``now`` (ms)."""
    customer, policy = visit.customer, visit.context.policy
    says: list[Signal | Command] = []
    if customer.episodes:
        says += _answer(visit, silence.close_disabled(visit, now))
    says += _answer(visit, silence.fall(visit, now))
    wishes, commands = plays.on_wake(visit, now)
    says += commands
    forgotten = forget_at(customer, policy)
    if forgotten > now:
        return Step(says, wishes)
    said = {"silent_since": forgotten - policy.memory, "memory": policy.memory}
    says += _leave(visit, "expired", now, **said)
    return Step(says, forget=not _keep_only_a_no(customer, policy, now))


def on_facts(visit: Visit) -> Step:
    """What follows from what is known of the sources now: silences that were outages are taken back."""
    return Step(_answer(visit, outage.review(visit)))


def wake_at(customer: Customer, policy: Policy) -> int:
    """The earliest moment (ms) at which silence alone changes anything for this customer."""
    earliest = forget_at(customer, policy)
    silent = silence.wake_at(customer, policy)
    if silent and silent < earliest:
        earliest = silent
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
        return _moved(visit, changes, event.consent.reason, event.occurred_at)
    if type_ == "email.complained":
        changes = consent.complain(customer, "email", event.occurred_at)
        return _moved(visit, changes, "complaint", event.occurred_at)
    if type_ == "app.installed":
        customer.installed_at = max(customer.installed_at, event.occurred_at)
    elif type_ in COUNTING:
        count(customer, event, last_of(customer.purchase))
    return []


def count(customer: Customer, event: Event, bought_at: int) -> None:
    """Take in what a delivery or an order says; ``bought_at`` is when the last purchase was (ms)."""
    type_ = event.type
    if type_ == "order.completed":
        if event.order is not None and event.order.items:
            customer.last_category = event.order.items[-1].category or customer.last_category
        if event.occurred_at >= bought_at and event.surface is not None:
            customer.bought_on = STREAMS.index(event.surface)
    else:
        customer.channel(consent.key_of(type_.partition(".")[0], event.surface)).delivered += 1


def _moved(visit: Visit, changes: Sequence[Change], reason: str, at: int) -> list[Signal | Command]:
    """The signals of channels that moved; what is out on one that is closed is cancelled."""
    says: list[Signal | Command] = []
    for change in changes:
        says += _answer(visit, optout.moved(visit, change, reason, at))
    return says + plays.on_consent(visit, at)


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
        answering = plays.answering(visit, f"signal:{signal.kind}", _facts(signal))
        if answering:
            signal.arm = holdout.draw(signal.episode, visit.context.policy)
            episodes.by_id(visit.customer, signal.episode).arm = signal.arm
        if signal.arm == "treat":
            plays.start(visit, answering, signal.at, signal)
    return says


def _facts(signal: Signal) -> dict[str, object]:
    """What a play's ``where`` may ask of a signal."""
    return {
        "channel": signal.channel,
        "surface": signal.surface,
        "stage": signal.stage,
        "historical": signal.historical,
        "cohort": signal.cohort,
        "evidence": signal.evidence,
    }


def _start_plays_on(visit: Visit, event: Event) -> None:
    """Start the plays that answer this type of event."""
    trigger = f"event:{event.type}"
    if trigger in visit.context.policy.plays_on and not visit.context.historical(event.occurred_at):
        facts = {"surface": event.surface, "properties": event.properties or {}}
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
    if kept:
        blank = Customer(now, channels=kept)
        for name in Customer.__struct_fields__:
            setattr(customer, name, getattr(blank, name))
    return bool(kept)
