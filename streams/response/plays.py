"""Running plays: what is done about a signal or an event, step by step, until its goal (design.md 7).

A play is data of the policy; this module knows how to run plays, not which. A step that comes due becomes
a ``Wish``, which ``streams.response.send`` turns into a command at the end of the cut if reach lets it
through.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from streams.customer.activity import is_reaction
from streams.customer.state import Running, Sent
from streams.wire.command import Command
from streams.wire.ids import command_id

from . import reach

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from streams.context import Visit
    from streams.policy.plays import Play, Step
    from streams.wire.event import Event
    from streams.wire.signal import Signal

_REPORTS = frozenset({"sent", "delivered", "opened", "clicked", "bounced", "dropped", "shown", "dismissed"})
"""What a messaging service may report of a command: from then on there is nothing to cancel."""


class Wish(NamedTuple):
    """A step of a running play that is due at ``at`` (ms)."""

    run: Running
    step: int
    at: int


def answering(visit: Visit, trigger: str, facts: Mapping[str, object]) -> list[tuple[str, Play]]:
    """The plays that answer a trigger (``signal:brand_stopped``), the most important first."""
    plays = visit.context.policy.plays_on.get(trigger, ())
    return [(name, play) for name, play in plays if _holds(play, facts)]


def _holds(play: Play, facts: Mapping[str, object]) -> bool:
    """Whether every condition of the play's ``where`` holds."""
    return all(_at(facts, path) == wanted for path, wanted in play.conditions)


def _at(facts: object, path: Sequence[str]) -> object:
    """The value at a path, None where there is none."""
    for name in path:
        facts = facts.get(name) if isinstance(facts, dict) else None
    return facts


def start(visit: Visit, plays: Sequence[tuple[str, Play]], at: int, signal: Signal | None) -> None:
    """Start plays for a trigger that became true at ``at`` (ms)."""
    for name, play in plays:
        if signal is None and any(run.play == name for run in visit.customer.plays):
            continue
        run = Running(
            play=name,
            episode=signal.episode if signal else None,
            signal=signal.id if signal else None,
            channel=signal.channel if signal else None,
            at=at,
            step=0,
            next_at=at + play.steps[0].after,
            ends_at=at + play.goal_within,
        )
        visit.customer.plays.append(run)


def on_event(visit: Visit, event: Event, streams: Sequence[str]) -> list[Command]:
    """What an event means for the running plays: a report on a message, a reaction, a goal reached."""
    if not visit.customer.plays:
        return []
    commands: list[Command] = []
    for run in list(visit.customer.plays):
        _note_report(run, event)
        if event.occurred_at < run.at:
            continue
        run.reacted = run.reacted or is_reaction(event)
        play = visit.context.policy.plays.get(run.play)
        if play is not None and _reaches(play.goal, event, streams):
            commands += stop(visit, run, event.occurred_at)
    return commands


def reached(visit: Visit, event: Event, streams: Sequence[str]) -> frozenset[str]:
    """The channels with a message of a play whose goal this event is: it is a conversion there (wire.md).

    A reaction is none: it counts on its own channel anyway.
    """
    if not visit.customer.plays:
        return frozenset()
    plays, at = visit.context.policy.plays, event.occurred_at
    runs = [(run, plays.get(run.play)) for run in visit.customer.plays if run.at <= at]
    return frozenset(
        channel
        for run, play in runs
        if play is not None and play.goal != "reaction" and _reaches(play.goal, event, streams)
        for _, channel in run.used
    )


def _note_report(run: Running, event: Event) -> None:
    """A message that its service has reported on can no longer be cancelled."""
    if event.message is not None and event.message.command_id and event.type.rpartition(".")[2] in _REPORTS:
        run.sent = [sent for sent in run.sent if sent.id != event.message.command_id]


def _reaches(goal: str, event: Event, streams: Sequence[str]) -> bool:
    """Whether an event is what a play wants: one of the goals by name, or its own type."""
    reached = {
        "any_activity": bool(streams),
        "order": event.type == "order.completed",
        "app": "app" in streams,
        "web": "web" in streams,
        "store": "store" in streams,
        "reaction": is_reaction(event),
        "consent": event.type == "consent.changed" and _says_yes(event),
        "plan": event.type in ("plan.started", "plan.renewed"),
    }
    return reached.get(goal, event.type == goal)


def _says_yes(event: Event) -> bool:
    """Whether a change of consent is an opt-in."""
    return event.consent is not None and event.consent.state == "in"


def on_end_of_episode(visit: Visit, episode: str, at: int) -> list[Command]:
    """The episode closed or was retracted: its plays stop, and what is out is cancelled."""
    return [
        command
        for run in list(visit.customer.plays)
        if run.episode == episode
        for command in stop(visit, run, at)
    ]


def on_consent(visit: Visit, at: int) -> list[Command]:
    """Consent was spoken of: what is out on a channel that is closed now is cancelled at once."""
    commands: list[Command] = []
    for run in visit.customer.plays:
        closed = [
            sent
            for sent in run.sent
            if not reach.stays_open(visit.customer, sent.channel, sent.surface, sent.list, visit.context)
        ]
        run.sent = [sent for sent in run.sent if sent not in closed]
        commands += _take_back(visit, run, closed, at)
    return commands


def stop(visit: Visit, run: Running, at: int) -> list[Command]:
    """End a play, and cancel what is out and not yet reported on."""
    visit.customer.plays = [other for other in visit.customer.plays if other is not run]
    return _take_back(visit, run, run.sent, at)


def _take_back(visit: Visit, run: Running, out: Sequence[Sent], at: int) -> list[Command]:
    """Cancel messages that could still be acted on at ``at`` (ms); an expired one needs no cancel."""
    return [_cancel(visit, run, sent, at) for sent in out if sent.expires_at > at]


def _cancel(visit: Visit, run: Running, sent: Sent, at: int) -> Command:
    """Take a message back."""
    id_ = command_id(visit.customer_id, run.episode, run.play, sent.step + 1, sent.channel, "cancel", at)
    return Command(
        id=id_,
        seq=0,
        action="cancel",
        channel=sent.channel,
        surface=sent.surface,
        customer_id=visit.customer_id,
        signal=run.signal,
        episode=run.episode,
        play=run.play,
        step=sent.step + 1,
        cancels=sent.id,
        at=at,
        policy=visit.context.version,
    )


def on_wake(visit: Visit, now: int) -> tuple[list[Wish], list[Command]]:
    """The steps that are due at ``now`` (ms), and the cancels of plays that the policy no longer has.

    A play ends by itself once its steps are done and both the goal and its messages are out of time.
    """
    wishes: list[Wish] = []
    commands: list[Command] = []
    for run in list(visit.customer.plays):
        play = visit.context.policy.plays.get(run.play)
        if play is None:
            commands += stop(visit, run, now)
            continue
        due = _due_steps(visit, run, play, now)
        wishes += due
        if not due and 0 < _next(run) <= now:
            visit.customer.plays = [other for other in visit.customer.plays if other is not run]
    return wishes, commands


def _due_steps(visit: Visit, run: Running, play: Play, now: int) -> list[Wish]:
    """The steps of one play that are due: put off by reach until now, or next in order."""
    due = [Wish(run, step, at) for step, at in run.later if at <= now and step < len(play.steps)]
    run.later = [(step, at) for step, at in run.later if at > now]
    if run.next_at and run.next_at <= now:
        if run.step < len(play.steps) and _wanted(play.steps[run.step], run):
            due.append(Wish(run, run.step, run.next_at))
        _advance(visit, run, play)
    run.ends_at = max([run.ends_at, *(wish.at + play.steps[wish.step].expires_after for wish in due)])
    return due


def _wanted(step: Step, run: Running) -> bool:
    """Whether the step's condition lets it happen. The goal and the return have ended the play already."""
    if step.unless is not None:
        return not (step.unless == "reaction" and run.reacted)
    return step.only_if is None or (step.only_if == "reaction" and run.reacted)


def _advance(visit: Visit, run: Running, play: Play) -> None:
    """Move on: to the next slot of a message that goes to all open channels, or to the next step."""
    if run.step >= len(play.steps):  # the play was shortened by a newer policy
        run.next_at = 0
        return
    campaign, step = visit.context.policy.campaign, play.steps[run.step]
    spacing = max(campaign.spacing, 1)
    slot = run.next_at + spacing
    slots = (run.next_at - run.at - step.after) // spacing + 1
    all_slots = _open_channels(visit) if step.channels == "all_open" else 1
    if slots < all_slots and slot <= run.at + step.after + campaign.within and _wanted(step, run):
        run.next_at = slot
        return
    run.step += 1
    run.next_at = run.at + play.steps[run.step].after if run.step < len(play.steps) else 0


def _open_channels(visit: Visit) -> int:
    """On how many channels consent lets something out."""
    return sum(reach.is_open(visit.customer, name, visit.context) for name in visit.context.policy.channels)


def wake_at(plays: Sequence[Running]) -> int:
    """The earliest moment (ms) at which one of these running plays has something to do."""
    return min(map(_next, plays))


def _next(run: Running) -> int:
    """When a play has a step to do, else when it is over (ms)."""
    ahead = [at for _, at in run.later]
    if run.next_at:
        ahead.append(run.next_at)
    return min(ahead, default=run.ends_at)
