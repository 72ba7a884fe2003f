"""What a rule says of one customer now, signal or none: the entries of ``why`` for D1-D12 (N6, wire.md).

Each module of a kind has ``look(visit) -> Iterable[Look]``: one entry for each of its rows of the guide, and
for each channel or surface of a row that has several. It gathers the same facts as the rule does and asks
them for the same ``conclude`` (``evidence``); ``visit.context.at`` is now. It changes nothing, and it never
fails: a customer without any history is ``idle`` everywhere, with the reason.

- ``idle``: nothing to watch (never used, never agreed, switched off by the policy).
- ``watching``: it can still come true; ``due_at`` is when, where time alone brings it.
- ``held``: it is due, and waits (an outage, the grace for late events).
- ``open``: the episode stands.
- ``explained``: it is due, and a move to another surface explains it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from streams.customer.state import Episode

IDLE: Final = "idle"
WATCHING: Final = "watching"
HELD: Final = "held"
OPEN: Final = "open"
EXPLAINED: Final = "explained"


class Look(NamedTuple):
    """One entry.

    Attributes:
        row: of the guide, such as ``D5a``.
        kind: the signal that it would open.
        verdict: one of the words above.
        reasons: which rule held and which blocked; the words of mission.md where it has them.
        channel: where the row has one.
        surface: ``web`` for web push.
        since: since when the verdict holds (ms): an open episode's ``at``, an outage's beginning.
        due_at: when time alone makes it come true (ms).
        evidence: what a signal would carry now, in the same form.
    """

    row: str
    kind: str
    verdict: str
    reasons: Sequence[str] = ()
    channel: str | None = None
    surface: str | None = None
    since: int | None = None
    due_at: int | None = None
    evidence: Mapping[str, Any] = {}


def standing(row: str, episode: Episode, evidence: Mapping[str, Any], *reasons: str) -> Look:
    """The entry of an episode that is open."""
    return Look(
        row,
        episode.kind,
        OPEN,
        (*(("historical",) if episode.historical else ()), *reasons),
        channel=episode.channel,
        surface=episode.surface,
        since=episode.at,
        evidence=evidence,
    )
