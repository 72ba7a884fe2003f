"""What the plays do about one customer now, and what reach would say: the entries of ``why`` for R rows.

Only what is known today is said. Of a play that runs: what it has sent, what comes next, and whether reach
would let it out. Of one that was kept back: the holdout, or that the cause was long past. A step that reach
refused leaves no trace in the row, so for what was never sent it is asked again, as of now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from . import reach
from .send import candidates

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from streams.context import Visit
    from streams.customer.state import Episode, Running
    from streams.policy.plays import Play, Step

LATER: Final = "later"
REFUSED: Final = "refused"
DONE: Final = "done"


class Answer(NamedTuple):
    """What a play makes of the customer.

    Attributes:
        row: of the guide.
        verdict: ``later`` (a step comes at ``due_at``, ms), ``done`` (all of it is out), ``refused``.
        reasons: what blocks, by channel where reach does: ``email: closed``.
        play: its name.
        since: when its cause became true (ms).
        due_at: when its next step is looked at (ms).
        step: that step, or the last one, from 1.
        channel: the one that it would use, or used.
    """

    row: str
    verdict: str
    reasons: Sequence[str]
    play: str
    since: int
    due_at: int | None = None
    step: int | None = None
    channel: str | None = None


def look(visit: Visit) -> Iterator[Answer]:
    """What the plays make of the customer at ``visit.context.at``; nothing is changed."""
    policy = visit.context.policy
    for run in visit.customer.plays:
        play = policy.plays.get(run.play)
        if play is not None:
            yield from _for_rows(play, _of_run(visit, run, play))
    for episode in visit.customer.episodes:
        for name, play in policy.plays_on.get(f"signal:{episode.kind}", ()):
            if reason := _kept_back(episode):
                yield from _for_rows(play, Answer("", REFUSED, (reason,), name, episode.at))


def _for_rows(play: Play, answer: Answer) -> Iterator[Answer]:
    """The answer for each row of the guide that the play serves."""
    for row in play.guide:
        yield answer._replace(row=row)


def _kept_back(episode: Episode) -> str:
    """Why nothing answers an episode at all; empty if something may."""
    if episode.historical:
        return "historical"
    return "holdout" if episode.arm == "holdout" else ""


def _of_run(visit: Visit, run: Running, play: Play) -> Answer:
    """What a running play has done, and what it does next."""
    ahead = sorted(
        [(at, step) for step, at in run.later] + ([(run.next_at, run.step)] if run.next_at else [])
    )
    if ahead:
        due_at, step = ahead[0]
        return _next_step(visit, run, play, due_at, step)
    if run.used:
        step, channel = run.used[-1]
        return Answer("", DONE, (), run.play, run.at, step=step + 1, channel=channel)
    return _next_step(visit, run, play, None, len(play.steps) - 1)


def _next_step(visit: Visit, run: Running, play: Play, due_at: int | None, number: int) -> Answer:
    """A step that is to come, or that could not go out: what reach would say of it now."""
    if number >= len(play.steps):
        return Answer("", DONE, ("policy_changed",), run.play, run.at)
    step, refusals = play.steps[number], []
    for channel in candidates(visit, run, number, step):
        verdict = reach.judge(visit.customer, channel, step.list, visit.context.at, visit.context)
        if verdict.answer != reach.NO and due_at is not None:
            reasons = () if verdict.answer == reach.YES else (f"{channel}: {verdict.reason}",)
            return Answer("", LATER, reasons, run.play, run.at, due_at, number + 1, channel)
        refusals.append(f"{channel}: {verdict.reason or 'too_late'}")
    return Answer("", REFUSED, _blocked(step, refusals), run.play, run.at, due_at, number + 1)


def _blocked(step: Step, refusals: Sequence[str]) -> Sequence[str]:
    """What blocks each channel; first, where it is so, that only the signal's own is open (R1, R15)."""
    waits = any(refusal.endswith((": cap", ": too_late")) for refusal in refusals)
    if refusals and (waits or step.channels != "other_than_signal"):
        return refusals
    return ("no_other_channel", *refusals)
