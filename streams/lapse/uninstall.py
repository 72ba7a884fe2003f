"""D12: the app is gone, at a moment between two known ones, with a hard or a soft grade (mission.md 2, N12).

*Hard*: somebody says so (``app.uninstalled``). It counts at once.
*Soft*: only a push token was lost, or somebody said so while tokens were revoked in a burst. That has other
causes than an app that is gone, so it waits until behaviour agrees: until the app's own silence comes due,
and no sooner than ``outage.window`` after it, when a burst would be known. What counted at once and turns
out to lie in a burst is taken back, and waits too; so does what rested on a silence that turns out to be an
outage in part.

A sign of life of the app after a soft one shows that it never was gone (``retracted``); after a hard one that
it is back (``returned``), as a new installation does after either (``reinstalled``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from streams.customer import device
from streams.customer.device import APP_UNINSTALLED
from streams.outages import LASTS
from streams.wire.times import format_time

from . import migration, outage, silence
from .episodes import act_of, end, end_on, find, open_on, take_back
from .evidence import Act, Conclusion, Facts
from .look import HELD, IDLE, WATCHING, Look, standing
from .silence_facts import SilenceFacts  # noqa: TC001 - the facts are read back by it

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streams.context import Visit
    from streams.customer.state import Customer, Episode
    from streams.policy.model import Policy
    from streams.wire.event import Event
    from streams.wire.signal import Signal

    from .silence_facts import Pause

HARD: Final = "hard"
SOFT: Final = "soft"


class RemovedFacts(Facts, tag="app_uninstalled"):
    """Said to be removed at ``at`` (ms) at the latest, and not before ``earliest_at``, if that was said.

    ``seen_at`` is the app's last sign of life before, ``first_seen`` the customer's (ms).
    """

    at: int
    seen_at: int
    first_seen: int
    earliest_at: int = 0
    act: Act | None = None

    def conclude(self) -> Conclusion:
        """Removed after the last sign of life, and at the latest when it was said."""
        earliest = min(self.at, max(self.earliest_at, self.seen_at or self.first_seen))
        words = {"grade": HARD, "interval": _interval(earliest, self.at)}
        if self.act is not None:
            words["event"] = self.act.words()
        return Conclusion(APP_UNINSTALLED, "opened", self.at, self.at, words, note=HARD)


class LostFacts(Facts, tag="app_lost"):
    """A token lost at ``lost_at`` (ms) by an app last seen at ``seen_at`` (ms), and the app's silence."""

    lost_at: int
    seen_at: int
    window: int
    app: SilenceFacts

    def conclude(self) -> Conclusion:
        """Removed between the two, once the silence is too long and a burst would be known."""
        silent = self.app.silent()
        at = max(silent.at, self.lost_at + self.window)
        words = {"grade": SOFT, "interval": _interval(self.seen_at, self.lost_at), **silent.words}
        return Conclusion(APP_UNINSTALLED, "opened", self.lost_at, at, words, note=SOFT)


class BurstFacts(Facts, tag="burst"):
    """Said to be removed at ``at`` (ms), and by now known to be within a burst that began at ``since``."""

    at: int
    since: int

    def conclude(self) -> Conclusion | None:
        """Retracted, as of the beginning of the burst: it waits for behaviour like a lost token."""
        if self.since > self.at:
            return None
        words = {"burst": {"since": format_time(self.since)}}
        return Conclusion(APP_UNINSTALLED, "retracted", self.at, self.since, words)


class UnprovenFacts(Facts, tag="app_unproven"):
    """The silence that agreed with a token lost at ``lost_at`` (ms), as far as outages are known by now.

    ``opened_at`` is when it had agreed (ms), ``known`` how much of it was known to be an outage then (ms).
    """

    lost_at: int
    opened_at: int
    known: int
    app: SilenceFacts

    def conclude(self) -> Conclusion | None:
        """Retracted, as of the newest outage, where more is known than was, and it was not yet too long."""
        outages = _outages(self.app)
        if _length(outages) <= self.known or self.app.silent().at <= self.opened_at:
            return None
        newest = outages[-1]
        words = {outage.OUTAGE: {"since": format_time(newest.since), "until": format_time(newest.until)}}
        return Conclusion(APP_UNINSTALLED, "retracted", self.lost_at, newest.since, words)


def _outages(app: SilenceFacts) -> list[Pause]:
    return [pause for pause in app.paused if pause.why == outage.OUTAGE]


def _length(pauses: list[Pause]) -> int:
    return sum(pause.until - pause.since for pause in pauses)


def _interval(earliest: int, latest: int) -> dict[str, Any]:
    return {"earliest_at": format_time(earliest), "latest_at": format_time(latest)}


def removed(visit: Visit, event: Event) -> list[Signal]:
    """Somebody says that the app was removed."""
    customer, at = visit.customer, event.occurred_at
    seen, episode = device.seen_at(customer), find(customer, APP_UNINSTALLED)
    if seen > at:
        return []
    if visit.context.outages.bursting(at):
        device.suspect(customer, at)
        return []
    known = device.of(customer)
    known.removed_at = max(known.removed_at, at)
    if episode is not None:
        episode.note = HARD
        return []
    return _remove(visit, at, seen, earliest_at=event.earliest_at or 0, act=act_of(event))


def _remove(visit: Visit, at: int, seen: int, **more: Any) -> list[Signal]:  # noqa: ANN401 - fields of the facts
    """Open a hard one."""
    if APP_UNINSTALLED not in visit.context.policy.detect.enabled:
        return []
    facts = RemovedFacts(at=at, seen_at=seen, first_seen=visit.customer.first_seen, **more)
    return [open_on(visit, facts, facts.conclude())]


def review(visit: Visit) -> list[Signal]:
    """Take back what a burst or an outage brought about that nobody knew of then."""
    episode = find(visit.customer, APP_UNINSTALLED)
    if episode is None:
        return []
    if episode.note == SOFT:
        return _review_silence(visit, episode)
    return _review_report(visit, episode) if episode.at == episode.started_at else []  # else behaviour agreed


def _review_report(visit: Visit, episode: Episode) -> list[Signal]:
    """What was said at once may lie in a burst: then it waits for behaviour."""
    since = visit.context.outages.burst_at(episode.at)
    if not since:
        return []
    facts = BurstFacts(at=episode.at, since=since)
    found = facts.conclude()
    if found is None:
        return []
    device.suspect(visit.customer, episode.at)
    return [end_on(visit, episode, facts, found)]


def _review_silence(visit: Visit, episode: Episode) -> list[Signal]:
    """The silence that agreed may be an outage in part: then the token is suspect again, and waits on."""
    facts = UnprovenFacts(
        lost_at=episode.started_at,
        opened_at=episode.at,
        known=episode.outage,
        app=_lost(visit, episode.at).app,
    )
    found = facts.conclude()
    return [end_on(visit, episode, facts, found)] if found is not None else []


def seen(visit: Visit, event: Event) -> list[Signal]:
    """The app gave a sign of life: it is there."""
    customer, at = visit.customer, event.occurred_at
    episode = find(customer, APP_UNINSTALLED)
    if episode is None and not (customer.device is not None and customer.device.invalid_at):
        return []
    device.settle(customer, at)
    if episode is None:
        return []
    if at <= episode.started_at:
        return _seen_before(visit, episode, event)
    over = _over(visit, episode, event)
    again, last = device.of(customer).removed_at, device.seen_at(customer)
    return [over, *(_remove(visit, again, last) if again > last else ())]


def _over(visit: Visit, episode: Episode, event: Event) -> Signal:
    """The app is back, or never was gone."""
    if event.type != "app.installed" and episode.note == SOFT:
        return take_back(visit, episode, event, "app_seen")
    reason = "reinstalled" if event.type == "app.installed" else "returned"
    return end(visit, episode, reason, event.occurred_at, act=act_of(event))


def _seen_before(visit: Visit, episode: Episode, event: Event) -> list[Signal]:
    """A late session from before: with it in place the app's silence may not have been too long yet."""
    app = visit.customer.app
    if episode.note == HARD or app is None or app.due_at <= episode.at:
        return []
    return [take_back(visit, episode, event, "app_seen")]


def fall(visit: Visit, now: int) -> list[Signal]:
    """Behaviour agrees with a lost token at ``now`` (ms), or does not yet."""
    customer, policy = visit.customer, visit.context.policy
    due = wake_at(customer, policy)
    if not due or due > now:
        return []
    facts = _lost(visit, now)
    found, grace = facts.conclude(), policy.detect.app_stopped.grace
    held_until = outage.opens_at(visit, "app", now)
    if max(found.at + grace, held_until) <= now:
        signal = open_on(visit, facts, found)
        customer.episodes[-1].outage = _length(_outages(_lost(visit, found.at).app))
        return [signal]
    migration.put_due(customer, "app", max(facts.app.silent().at, held_until - grace))
    return []


def _lost(visit: Visit, now: int) -> LostFacts:
    """What the verdict on a lost token of an app that was used depends on at ``now`` (ms)."""
    customer, policy = visit.customer, visit.context.policy
    assert customer.app is not None
    assert customer.device is not None
    return LostFacts(
        lost_at=customer.device.invalid_at,
        seen_at=device.seen_at(customer),
        window=policy.outage.window,
        app=silence.gather(visit, "app", customer.app, now),
    )


def wake_at(customer: Customer, policy: Policy) -> int:
    """When behaviour would agree with a lost token, and late events have had their time (ms); 0 for never."""
    if APP_UNINSTALLED not in policy.detect.enabled or not device.is_suspect(customer):
        return 0
    if customer.device is None or customer.app is None or device.is_gone(customer):
        return 0
    at = max(migration.due_of(customer, "app"), customer.device.invalid_at + policy.outage.window)
    return at + policy.detect.app_stopped.grace


def look(visit: Visit) -> Iterator[Look]:
    """D12 of one customer now."""
    customer, policy = visit.customer, visit.context.policy
    episode, due = find(customer, APP_UNINSTALLED), wake_at(customer, policy)
    entry = Look("D12", APP_UNINSTALLED, WATCHING)
    if episode is not None:
        yield standing("D12", episode, {"grade": episode.note})
    elif APP_UNINSTALLED not in policy.detect.enabled:
        yield entry._replace(verdict=IDLE, reasons=("disabled",))
    elif due:
        yield _suspected(visit, due - policy.detect.app_stopped.grace, entry)
    elif not device.seen_at(customer):
        yield entry._replace(verdict=IDLE, reasons=("never_used",))
    else:
        yield entry


def _suspected(visit: Visit, standing_at: int, entry: Look) -> Look:
    """What is said of a lost token with which nothing agrees yet; ``standing_at`` is its deadline as kept."""
    now, facts = visit.context.at, _lost(visit, visit.context.at)
    due_at = facts.conclude().at
    counted = facts.app.silent_without(outage.OUTAGE).at  # as if the outage were silence too
    if outage.opens_at(visit, "app", now) and max(counted, facts.lost_at + facts.window) <= now:
        since, until = outage.spans_of(visit, "app")[-1]
        known = due_at if until != LASTS else None
        return entry._replace(
            verdict=HELD, reasons=("token_invalid", outage.OUTAGE), since=since, due_at=known
        )
    opens_at = max(standing_at, due_at)  # a standing deadline is computed again when it comes due
    if opens_at > now:
        return entry._replace(reasons=("token_invalid",), due_at=opens_at)
    return entry._replace(verdict=HELD, reasons=("token_invalid", "grace"), since=due_at, due_at=opens_at)
