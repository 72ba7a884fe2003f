"""D9: a new customer does not want email, a notice and no lapse (mission.md 2).

They said no when they were asked, or signed up and did not answer for a day. Whoever was subscribed before
leaves (D10), and who is known for longer is not new: neither is D9.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from streams.customer import consent
from streams.customer.state import OUT, UNKNOWN
from streams.wire.times import DAY, format_days, format_time

from .episodes import act_of, end, find, in_time, open_on, take_back
from .evidence import Act, Conclusion, Facts
from .kinds import EMAIL_DECLINED
from .look import HELD, IDLE, WATCHING, Look, standing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streams.context import Visit
    from streams.customer.consent import Change
    from streams.customer.state import Customer, Episode
    from streams.policy.model import Policy
    from streams.wire.event import Event
    from streams.wire.signal import Signal

ANSWERS_WITHIN: Final = DAY
"""How long after signing up no answer is a no."""

REFUSALS: Final = frozenset({"asked", "declined"})
"""Reasons of a no that answers a question."""

_UNANSWERED: Final = "unanswered"


class DeclinedFacts(Facts, tag="email_declined"):
    """A no at ``at`` (ms), or none until then; how long the customer was known, and how long one is new."""

    at: int
    how: str
    first_seen: int
    new: int
    registered_at: int = 0
    act: Act | None = None

    def conclude(self) -> Conclusion | None:
        """Declined if the customer was new then; None of somebody known for longer."""
        began = self.registered_at or self.at
        if began - self.first_seen > self.new:
            return None
        words: dict[str, Any] = {
            "how": self.how,
            "first_seen": format_time(self.first_seen),
            "new_for": format_days(self.new),
        }
        if self.act is not None:
            words["event"] = self.act.words()
        return Conclusion(EMAIL_DECLINED, "opened", began, self.at, words, "email", note=self.how)


def registered(visit: Visit, event: Event) -> None:
    """Somebody signed up: unless they say what they think of email, the time to answer begins."""
    customer, at = visit.customer, event.occurred_at
    if _is_answered(customer) or find(customer, EMAIL_DECLINED, "email") is not None or not _enabled(visit):
        return
    if at - customer.first_seen <= visit.context.policy.customer.new:
        customer.registered_at = min(at, customer.registered_at or at)


def spoken(visit: Visit) -> None:
    """Consent was spoken of: perhaps that was the answer."""
    if visit.customer.registered_at and _is_answered(visit.customer):
        visit.customer.registered_at = 0


def moved(visit: Visit, change: Change, event: Event) -> list[Signal]:
    """What a move of email means: a no opens the notice, a yes ends it, or takes it back if it came first."""
    episode = find(visit.customer, EMAIL_DECLINED, "email")
    if change.after != OUT:
        return [_answered(visit, episode, change, event)] if episode is not None else []
    if change.before == OUT and episode is not None:
        return [take_back(visit, episode, event, "agreed_before")] if in_time(visit, event) else []
    if episode is not None or change.before != UNKNOWN or change.reason not in REFUSALS:
        return []
    return _open(visit, change.at, change.reason, act=act_of(event)) if _enabled(visit) else []


def _answered(visit: Visit, episode: Episode, change: Change, event: Event) -> Signal:
    """Email is wanted after all; said in time, but heard too late, no answer was none."""
    if episode.note == _UNANSWERED and change.at <= episode.at and in_time(visit, event):
        return take_back(visit, episode, event, "answered")
    return end(visit, episode, "reconsented", change.at, said=change.reason)


def seen_before(visit: Visit, event: Event) -> list[Signal]:
    """A late event may show that the customer was known for longer, and was not new."""
    customer, episode = visit.customer, find(visit.customer, EMAIL_DECLINED, "email")
    if episode is None or event.occurred_at > customer.first_seen or not in_time(visit, event):
        return []
    known_for = episode.started_at - customer.first_seen
    is_new = known_for <= visit.context.policy.customer.new
    return [] if is_new else [take_back(visit, episode, event, "not_new")]


def fall(visit: Visit, now: int) -> list[Signal]:
    """No answer has come for long enough at ``now`` (ms)."""
    customer = visit.customer
    due = _due_at(customer, visit.context.policy)
    if not due or due > now:
        return []
    since, customer.registered_at = customer.registered_at, 0
    if not _enabled(visit):
        return []
    return _open(visit, since + ANSWERS_WITHIN, _UNANSWERED, registered_at=since)


def wake_at(customer: Customer, policy: Policy) -> int:
    """When no answer becomes a no, and late events have had their time (ms); 0 for never."""
    return _due_at(customer, policy)


def look(visit: Visit) -> Iterator[Look]:
    """D9 of one customer now."""
    customer, episode = visit.customer, find(visit.customer, EMAIL_DECLINED, "email")
    entry = Look("D9", EMAIL_DECLINED, WATCHING, channel="email")
    if episode is not None:
        yield standing("D9", episode, {"how": episode.note})
    elif not _enabled(visit):
        yield entry._replace(verdict=IDLE, reasons=("disabled",))
    elif customer.registered_at:
        yield _unheard(visit, customer.registered_at + ANSWERS_WITHIN, entry)
    elif _is_answered(customer):
        yield entry._replace(verdict=IDLE, reasons=("answered",))
    elif visit.context.at - customer.first_seen > visit.context.policy.customer.new:
        yield entry._replace(verdict=IDLE, reasons=("not_new",))
    else:
        yield entry


def _unheard(visit: Visit, due_at: int, entry: Look) -> Look:
    """What is said of a question without an answer so far; ``due_at`` (ms) is when that is one."""
    if due_at > visit.context.at:
        return entry._replace(reasons=(_UNANSWERED,), due_at=due_at)
    return entry._replace(verdict=HELD, reasons=(_UNANSWERED, "grace"), since=due_at, due_at=due_at)


def _due_at(customer: Customer, policy: Policy) -> int:
    since = customer.registered_at
    return since + ANSWERS_WITHIN + policy.detect.grace if since else 0


def _open(visit: Visit, at: int, how: str, **more: Any) -> list[Signal]:  # noqa: ANN401 - fields of the facts
    facts = DeclinedFacts(
        at=at,
        how=how,
        first_seen=visit.customer.first_seen,
        new=visit.context.policy.customer.new,
        **more,
    )
    found = facts.conclude()
    return [open_on(visit, facts, found)] if found is not None else []


def _is_answered(customer: Customer) -> bool:
    """Whether it is known what the customer thinks of email."""
    channel, everything = customer.channels.get("email"), customer.channels.get(consent.ALL)
    if everything is not None and everything.subscription == OUT:
        return True
    return channel is not None and bool(channel.subscription or channel.lists_in or channel.lists_out)


def _enabled(visit: Visit) -> bool:
    return EMAIL_DECLINED in visit.context.policy.detect.enabled
