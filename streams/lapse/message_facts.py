"""The facts of messages that are ignored (D1) and of its end, and the verdicts that follow from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from streams.wire.times import DAY, format_days, format_time

from .evidence import Act, Conclusion, Facts
from .ignored import allowed, survival
from .kinds import MESSAGE_DISENGAGED

if TYPE_CHECKING:
    from streams.customer.exposure import Exposure, Heard
    from streams.policy.model import Policy


class _Send(NamedTuple):
    """A send of the run: ignored in a row up to it, deliveries ever, days between two, S(y), alpha."""

    at: int
    ignored: int
    sent: int
    every: float
    survival: float
    allowed: float


class DisengagedFacts(Facts, tag="message_disengaged"):
    """Everything that the verdict on the messages of one channel depends on. Moments and lengths in ms.

    Attributes:
        channel: of the messages, and ``surface`` is ``web`` for web push.
        rule: ``yearly``, or ``fixed``: ``min_ignored`` alone, over ``min_ignored_over``.
        baseline: human reactions before there is anything to fall from (T7).
        p0: prior of reacting, ``q0`` of not reacting, ``per_year`` the budget of false alarms.
        window: a send is judged so long after its delivery.
        answered: sends that were answered in time, ever.
        reacted: human reactions ever.
        ignored: sends that were not answered, up to the last reaction.
        last_reaction: its moment, 0 for never.
        first: the first delivery ever, ``before`` deliveries ever before those of ``sends``.
        run: sends ignored since the last reaction, before those of ``sends``; ``run_from`` the first of them.
        sends: the deliveries since, in order.
    """

    channel: str
    rule: str
    min_ignored: int
    min_ignored_over: int
    baseline: int
    p0: float
    q0: float
    per_year: float
    window: int
    answered: int
    reacted: int
    ignored: int
    last_reaction: int
    first: int
    before: int
    run: int
    run_from: int
    sends: tuple[int, ...]
    surface: str | None = None

    def is_engager(self) -> bool:
        """Whether there was engagement to lose; else the class is ``never_engaged``."""
        return self.reacted >= self.baseline

    def conclude(self) -> Conclusion | None:
        """Disengaged once the first send that is one too many could no longer be answered."""
        send = self._too_many() if self.is_engager() else None
        if send is None:
            return None
        started_at = self.last_reaction or self.first
        words = {"messages": self.words(send)}
        at = send.at + self.window
        return Conclusion(MESSAGE_DISENGAGED, "opened", started_at, at, words, self.channel, self.surface)

    def words(self, send: _Send | None = None) -> dict[str, Any]:
        """The run as it is at a send, the last one unless given, in words that a marketer reads."""
        if send is None and self.sends:
            send = self._at(len(self.sends) - 1)
        return {
            "last_reaction_at": format_time(self.last_reaction) if self.last_reaction else None,
            "delivered": send.sent if send else self.before,
            "reacted": self.reacted,
            "ignored": send.ignored if send else self.run,
            "ignored_since": format_time(self._since()) if send or self.run else None,
            "usual_gap": format_days(round(send.every * DAY)) if send else None,
            "probability": round(send.survival, 6) if send else None,
            "allowed": round(send.allowed, 6) if send else None,
        }

    def _too_many(self) -> _Send | None:
        """The first send with which enough were ignored, for long enough, to be more than chance."""
        since = self._since()
        for place in range(max(self.min_ignored - self.run - 1, 0), len(self.sends)):
            if self.sends[place] - since < self.min_ignored_over:
                continue
            send = self._at(place)
            if self.rule == "fixed" or send.survival <= send.allowed:
                return send
        return None

    def _at(self, place: int) -> _Send:
        """The numbers that hold at a send."""
        at, ignored, sent = self.sends[place], self.run + place + 1, self.before + place + 1
        every = (at - self.first) / (DAY * max(sent - 1, 1))
        p, q = self.p0 + self.answered, self.q0 + self.ignored
        return _Send(at, ignored, sent, every, survival(p, q, ignored), allowed(self.per_year, every, p, q))

    def _since(self) -> int:
        """The first send of the run."""
        return self.run_from if self.run else self.sends[0] if self.sends else 0


def facts_of(channel: str, surface: str | None, x: Exposure, heard: Heard, policy: Policy) -> DisengagedFacts:
    """The facts of a channel's messages under the policy in force."""
    message = policy.message
    return DisengagedFacts(
        channel=channel,
        surface=surface,
        rule=policy.detect.message_disengaged.rule,
        min_ignored=message.min_ignored,
        min_ignored_over=message.min_ignored_over,
        baseline=message.baseline,
        p0=message.p0,
        q0=message.q0,
        per_year=message.per_year,
        window=policy.response.window,
        answered=heard.answered,
        reacted=heard.answered + heard.others,
        ignored=heard.ignored,
        last_reaction=heard.last_reaction,
        first=x.first,
        before=heard.before,
        run=heard.run,
        run_from=heard.run_from,
        sends=tuple(heard.sends),
    )


class HeardFacts(Facts, tag="message_heard"):
    """What ends D1: the customer reacted on the channel (``returned``) or closed it (``channel_closed``).

    ``opened_at`` is when it became true, ``too_late`` whether the act was heard of too late to take it back.
    """

    channel: str
    reason: str
    started_at: int
    opened_at: int
    act: Act
    surface: str | None = None
    too_late: bool = False

    def conclude(self) -> Conclusion:
        """Retracted where the act came before D1 was true, else closed."""
        at, words = self.act.occurred_at, {"event": self.act.words()}
        kind, where = MESSAGE_DISENGAGED, (self.channel, self.surface)
        if at <= self.opened_at and not self.too_late:
            return Conclusion(kind, "retracted", self.started_at, at, words, *where)
        return Conclusion(kind, "closed", self.started_at, at, words, *where, reason=self.reason)


class RecountFacts(Facts, tag="message_recount"):
    """D1 counted again after an event that was learnt late (``act``): by ``known_at`` it is not true."""

    act: Act
    started_at: int
    known_at: int
    history: DisengagedFacts

    def conclude(self) -> Conclusion | None:
        """Retracted unless it is true by now."""
        found = self.history.conclude()
        if found is not None and found.at <= self.known_at:
            return None
        words, where = {"event": self.act.words()}, (self.history.channel, self.history.surface)
        return Conclusion(
            MESSAGE_DISENGAGED, "retracted", self.started_at, self.act.occurred_at, words, *where
        )
