"""What a verdict was reached from: one form for who judges, who explains and who checks (N6, design.md 6).

Each kind of signal has its *facts*: a struct of every number that its verdict depends on, with ``conclude``,
the verdict as a function of them alone. A rule gathers the facts of a customer, concludes and opens; ``why``
gathers and concludes the same way, and shows; whoever checks a signal reads the facts back from its evidence
and concludes again (``streams.verify``). So there is no second logic.

On a signal the facts stand as ``evidence["rule"]``, with the name of their form under ``by``: moments and
lengths in ms, floats with all their digits. What stands beside them says the same in words for people, and
comes from ``conclude`` too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from streams.wire.times import format_time

if TYPE_CHECKING:
    from collections.abc import Mapping


class Conclusion(NamedTuple):
    """A verdict: the fields of a signal that follow from its facts.

    Attributes:
        kind: of the signal.
        action: ``opened``, ``closed`` or ``retracted``.
        started_at: of the episode (ms).
        at: when it became true, or will if nothing happens first (ms).
        words: the evidence for people, beside ``rule``.
        channel: where the kind has one.
        surface: ``web`` for web push.
        reason: of a closing.
        note: what the episode keeps of it while it is open.
    """

    kind: str
    action: str
    started_at: int
    at: int
    words: Mapping[str, Any]
    channel: str | None = None
    surface: str | None = None
    reason: str | None = None
    note: str = ""


class Facts(msgspec.Struct, kw_only=True, omit_defaults=True, tag_field="by"):
    """Everything that one verdict depends on. Each kind has its own; ``tag`` names it for ever."""

    def conclude(self) -> Conclusion | None:
        """The verdict; None where these facts bring none.

        It is a function of the facts, and the only one: of a silence it is there from the start, with the
        moment when it comes due.
        """
        raise NotImplementedError

    def evidence(self, words: Mapping[str, Any]) -> dict[str, Any]:
        """What a signal carries: the words for people, and the facts."""
        return {**words, "rule": msgspec.to_builtins(self)}


class Act(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The event of a customer that a verdict rests on."""

    type: str
    source: str
    id: str
    occurred_at: int
    surface: str | None = None

    def words(self) -> dict[str, Any]:
        """The same with its moment as the wire writes it."""
        return {
            "type": self.type,
            "source": self.source,
            "id": self.id,
            "occurred_at": format_time(self.occurred_at),
            "surface": self.surface,
        }


class RetractFacts(Facts, tag="retract"):
    """What an event that came late says of an episode: with it in place it would not have opened."""

    kind: str
    started_at: int
    act: Act
    because: str
    channel: str | None = None
    surface: str | None = None

    def conclude(self) -> Conclusion:
        """Retracted, at the moment of the act."""
        words = {"event": self.act.words(), "because": self.because}
        at = self.act.occurred_at
        return Conclusion(self.kind, "retracted", self.started_at, at, words, self.channel, self.surface)


class EndFacts(Facts, tag="end"):
    """An end that needs no reckoning: somebody said so, or the customer's memory was over.

    ``silent_since`` and ``memory`` (ms) are there for ``expired``, ``act`` where an event said it, ``said``
    is the reason that a consent gave.
    """

    kind: str
    started_at: int
    reason: str
    at: int
    channel: str | None = None
    surface: str | None = None
    act: Act | None = None
    said: str | None = None
    silent_since: int | None = None
    memory: int | None = None

    def conclude(self) -> Conclusion:
        """Closed for the reason, at the moment of the act, or when the memory was over."""
        at = self.act.occurred_at if self.act is not None else self.at
        if self.silent_since is not None and self.memory is not None:
            at = self.silent_since + self.memory
        words: dict[str, Any] = {} if self.act is None else {"event": self.act.words()}
        if self.said is not None:
            words["reason"] = self.said
        return Conclusion(
            self.kind, "closed", self.started_at, at, words, self.channel, self.surface, self.reason
        )
