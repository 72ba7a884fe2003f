"""From a due step to a command: the channels that the step may use, asked one after the other at reach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streams.customer import consent
from streams.customer.state import Running, Sent
from streams.wire.command import Command, ConsentAt, Message, PromisedOffer
from streams.wire.ids import command_id

from . import caps, offers, reach

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streams.context import Visit
    from streams.policy.plays import Step

    from .plays import Wish


def resolve(visit: Visit, wish: Wish) -> Command | None:
    """The command of a due step; None if its play has ended, reach says no everywhere, or it must wait.

    A *later* is filed with the play as long as the message would still be of use then, and within the
    campaign where it goes to all channels: those messages keep their distance (R9).
    """
    run, context = wish.run, visit.context
    play = context.policy.plays.get(run.play)
    if play is None or wish.step >= len(play.steps) or not any(run is r for r in visit.customer.plays):
        return None
    step = play.steps[wish.step]
    if wish.at + step.expires_after <= context.at:
        return None
    campaign = context.policy.campaign
    to_all = step.channels == "all_open"
    limit = run.at + step.after + (campaign.within if to_all else step.expires_after)
    free = _last_of_step(visit, wish) + campaign.spacing if to_all else wish.at
    if free > wish.at:
        _put_off(wish, free, limit)
        return None
    later: list[int] = []
    for channel in candidates(visit, run, wish.step, step):
        verdict = reach.judge(visit.customer, channel, step.list, wish.at, context)
        if verdict.answer == reach.YES:
            return _send(visit, wish, step, channel, verdict.surface)
        if verdict.answer == reach.LATER:
            later.append(verdict.when)
    if later:
        _put_off(wish, min(later), limit)
    return None


def _put_off(wish: Wish, when: int, limit: int) -> None:
    """Have a step looked at again at ``when`` (ms), unless that is too late."""
    if when <= limit:
        wish.run.later = [*wish.run.later, (wish.step, when)]


def _last_of_step(visit: Visit, wish: Wish) -> int:
    """When this step last sent something (ms), as far as the caps remember; 0 for never."""
    used = {channel for step, channel in wish.run.used if step == wish.step}
    sent = [at for at, channel in visit.customer.sends if channel in used and at >= wish.run.at]
    return max(sent, default=0)


def candidates(visit: Visit, run: Running, number: int, step: Step) -> Iterable[str]:
    """The channels of a step in the order of preference, without those that it has used."""
    policy, choice = visit.context.policy, step.channels
    if isinstance(choice, tuple):
        names: Iterable[str] = choice
    elif choice == "other_than_signal":
        names = (name for name in policy.channels_in_order if name != run.channel)
    elif choice == "next_best":
        used = {name for _, name in run.used}
        names = (name for name in policy.channels_in_order if name not in used)
    else:
        names = policy.channels_in_order
    return [name for name in names if (number, name) not in run.used]


def _send(visit: Visit, wish: Wish, step: Step, channel: str, surface: str | None) -> Command:
    """Make the command, and remember that it is out."""
    run, customer, at = wish.run, visit.customer, wish.at
    number = wish.step + 1
    id_ = command_id(visit.customer_id, run.episode, run.play, number, channel, "send", at)
    expires_at = at + step.expires_after
    run.used = [*run.used, (wish.step, channel)]
    run.sent = [*run.sent, Sent(id_, wish.step, channel, surface, expires_at, step.list)]
    caps.count(customer, channel, at, visit.context.policy)
    key = consent.key_of(channel, surface)
    needs_consent = visit.context.policy.channels[channel].consent == "required"
    return Command(
        id=id_,
        seq=0,
        action="send",
        channel=channel,
        surface=surface,
        customer_id=visit.customer_id,
        signal=run.signal,
        episode=run.episode,
        play=run.play,
        step=number,
        message=_message(visit, step, at),
        not_before=at,
        expires_at=expires_at,
        at=at,
        consent=ConsentAt("in" if needs_consent else "not_required", consent.since(customer, key)),
        policy=visit.context.version,
    )


def _message(visit: Visit, step: Step, at: int) -> Message:
    """What the message says: its template, filled with what is known of the customer and what is on offer."""
    category = visit.customer.last_category
    known: dict[str, Any] = {"last_category": category or None}
    variables = {name: known.get(name) for name in step.variables}
    choice = (
        offers.choose(visit.context, step.offer, category, at) if step.offer else offers.Choice((), False)
    )
    named = [PromisedOffer(id=o.id, kind=o.kind, variables=o.variables) for o in choice.offers]
    filled = any(value is not None for value in variables.values())
    personalised = choice.personalised if step.offer else filled
    return Message(
        template=step.template,
        list=step.list,
        variables=variables,
        offer=named or None,
        personalised=personalised,
    )
