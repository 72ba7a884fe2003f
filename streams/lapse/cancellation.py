"""D11: the paid plan is cancelled, while the person may stay as a free user (mission.md 2, R21, R22).

The cancellation itself counts, however long what is paid for goes on, and whatever else the person does:
their activity goes on being watched like anybody's. A payment that fails, or a plan that expires, is none.
The episode ends when a plan is started or renewed (``resubscribed``); when the person was active on enough
days of the third month without one (``retained``: a success too, R22); and else when it has been watched for
long enough (``expired``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streams.customer import plan
from streams.wire.times import DAY, format_days, format_time

from .episodes import act_of, end, end_on, find, in_time, open_on, take_back
from .evidence import Act, Conclusion, Facts
from .kinds import PREMIUM_CANCELLED
from .look import IDLE, WATCHING, Look, standing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streams.context import Visit
    from streams.customer.state import Customer, Episode
    from streams.policy.model import Policy
    from streams.wire.event import Event, PlanChange
    from streams.wire.signal import Signal


class CancelFacts(Facts, tag="premium_cancelled"):
    """A paid plan cancelled at ``at`` (ms), paid for until ``ends_at`` (ms, 0: not said)."""

    at: int
    plan: str
    watch: int
    ends_at: int = 0
    act: Act | None = None

    def conclude(self) -> Conclusion:
        """Cancelled, when it was said."""
        words: dict[str, Any] = {
            "plan": self.plan,
            "ends_at": format_time(self.ends_at) if self.ends_at else None,
            "watched_until": format_time(self.at + self.watch),
        }
        if self.act is not None:
            words["event"] = self.act.words()
        return Conclusion(PREMIUM_CANCELLED, "opened", self.at, self.at, words)


class WatchFacts(Facts, tag="premium_watch"):
    """What a person did who cancelled at ``started_at`` (ms), in the days that count (R22).

    ``active`` is the first act of each day in them (ms); what was done before ``paid_until`` (ms) does not
    count, nor what lies outside ``begins`` and ``ends`` (lengths since the cancellation, ms).
    """

    started_at: int
    watch: int
    active: tuple[int, ...]
    paid_until: int
    needed: int
    begins: int
    ends: int

    def conclude(self) -> Conclusion:
        """Retained on the day that completes the number; else over when it was watched for long enough."""
        days = [at for at in self.active if self._counts(at)]
        words = {"active_days": len(days), "needed": self.needed, "watched": format_days(self.watch)}
        if len(days) >= self.needed:
            at, reason = days[self.needed - 1], "retained"
            words["outcome"] = "retained_free"
        else:
            at, reason = self.started_at + self.watch, "expired"
        return Conclusion(PREMIUM_CANCELLED, "closed", self.started_at, at, words, reason=reason)

    def _counts(self, at: int) -> bool:
        return self.begins <= at - self.started_at < self.ends and at >= self.paid_until


def started(visit: Visit, event: Event, change: PlanChange) -> list[Signal]:
    """A plan was started or renewed: a cancellation before that is over, or was none."""
    customer = visit.customer
    plan.start(customer, change, event.occurred_at)
    episode, now = find(customer, PREMIUM_CANCELLED), customer.plan
    if episode is None or now is None:
        return []
    if now.started_at > episode.at:
        over = end(visit, episode, "resubscribed", event.occurred_at, act=act_of(event))
        return [over, *(_open(visit, now.cancelled_at) if plan.is_cancelled(now) else ())]
    if plan.is_cancelled(now):
        return []
    if in_time(visit, event):
        return [take_back(visit, episode, event, "another_plan")]
    return [end(visit, episode, "resubscribed", event.occurred_at, act=act_of(event))]


def cancelled(visit: Visit, event: Event, change: PlanChange) -> list[Signal]:
    """A plan was cancelled."""
    ended = plan.cancel(visit.customer, change, event.occurred_at)
    return _open(visit, event.occurred_at, act=act_of(event)) if ended else []


def act(visit: Visit, event: Event) -> list[Signal]:
    """A person acted: on enough days of those that count, they are retained (R22)."""
    episode, mine = find(visit.customer, PREMIUM_CANCELLED), visit.customer.plan
    if episode is None or mine is None:
        return []
    at, facts = event.occurred_at, _facts(visit, episode)
    if not facts.begins <= at - episode.started_at < facts.ends:
        return []
    days = {(known - episode.started_at) // DAY: known for known in mine.active}
    day = (at - episode.started_at) // DAY
    days[day] = min(at, days.get(day, at))
    mine.active = sorted(days.values())
    facts = _facts(visit, episode)
    found = facts.conclude()
    return [end_on(visit, episode, facts, found)] if found.reason == "retained" else []


def fall(visit: Visit, now: int) -> list[Signal]:
    """The watch is over at ``now`` (ms)."""
    episode = find(visit.customer, PREMIUM_CANCELLED)
    if episode is None or _watched_until(episode, visit.context.policy) > now:
        return []
    facts = _facts(visit, episode)
    return [end_on(visit, episode, facts, facts.conclude())]


def wake_at(customer: Customer, policy: Policy) -> int:
    """When the watch is over, and late events have had their time (ms); 0 for never."""
    episode = find(customer, PREMIUM_CANCELLED)
    return _watched_until(episode, policy) if episode is not None else 0


def look(visit: Visit) -> Iterator[Look]:
    """D11 of one customer now."""
    mine, episode = visit.customer.plan, find(visit.customer, PREMIUM_CANCELLED)
    entry = Look("D11", PREMIUM_CANCELLED, WATCHING)
    if episode is not None:
        facts = _facts(visit, episode)
        over = standing("D11", episode, facts.conclude().words)
        yield over._replace(due_at=facts.started_at + facts.watch)
    elif PREMIUM_CANCELLED not in visit.context.policy.detect.enabled:
        yield entry._replace(verdict=IDLE, reasons=("disabled",))
    elif mine is None or not (mine.started_at or mine.cancelled_at):
        yield entry._replace(verdict=IDLE, reasons=("no_plan",))
    elif plan.is_cancelled(mine):
        yield entry._replace(verdict=IDLE, reasons=("cancelled",))
    else:
        yield entry


def _watched_until(episode: Episode, policy: Policy) -> int:
    return episode.started_at + policy.premium.watch + policy.detect.grace


def _facts(visit: Visit, episode: Episode) -> WatchFacts:
    """What decides whether the person is retained."""
    premium, mine = visit.context.policy.premium, visit.customer.plan
    return WatchFacts(
        started_at=episode.started_at,
        watch=premium.watch,
        active=tuple(mine.active) if mine is not None else (),
        paid_until=plan.paid_until(mine) if mine is not None else 0,
        needed=premium.success_days,
        begins=premium.success_from,
        ends=premium.success_to + DAY,  # both days count in full
    )


def _open(visit: Visit, at: int, act: Act | None = None) -> list[Signal]:
    mine, policy = visit.customer.plan, visit.context.policy
    if mine is None or PREMIUM_CANCELLED not in policy.detect.enabled:
        return []
    facts = CancelFacts(at=at, plan=mine.id, ends_at=mine.ends_at, watch=policy.premium.watch, act=act)
    return [open_on(visit, facts, facts.conclude())]
