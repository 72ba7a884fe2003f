"""The facts in force on a partition: policy, offers, population, source states.

A fact holds from its place on control, that is from the next cut on. It also lies in the changelog, under
a key of its own (kind and control offset), so that a cut that is executed again sees what it saw the first
time; an older one goes when the commit has passed the cut that first saw its successor (design.md 5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from . import outages
from .context import Context
from .policy.builtin import default_policy
from .policy.parse import from_document, version
from .policy.problems import PolicyError
from .wire.control import Fact, OffersFact, PolicyFact, PopulationFact, SourceFact, decode_control, encode
from .wire.row import context_key, context_payload, pack_context, parse_context_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .policy.model import Policy


OUTAGES: Final = "outages"
"""The kind under which what follows from all source states so far is kept; no record of control has it."""

UNSEEN: Final = -1
"""The cut number of a fact that no cut has seen yet."""


class FactsInForce:
    """The facts of one partition.

    Attributes:
        policy: in force; the built-in one until one is published.
        version: its hash.
        published: whether it was published.
        refused: how many published policies could not be used.
        refusal: why the last of them could not; empty if there is none.
    """

    def __init__(self) -> None:
        self.policy: Policy = default_policy()
        self.version: str = version(self.policy)
        self.published = False
        self.refused = 0
        self.refusal = ""
        self._facts: dict[str, Fact] = {}
        self._stored: dict[str, dict[int, bytes]] = {}
        self._seen: dict[tuple[str, int], int] = {}
        self._dirty: list[tuple[str, int]] = []
        self._recovered: dict[str, int] = {}  # kinds whose fact in force was recovered, and its offset
        self._former: set[tuple[str, int]] = set()
        self._outages = outages.NONE
        self._found = False

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Take one context entry of the changelog in."""
        kind, offset = parse_context_key(key)
        if value is None:
            self._stored.get(kind, {}).pop(offset, None)
        else:
            self._stored.setdefault(kind, {})[offset] = context_payload(value)

    def restored(self, committed: int) -> None:
        """Put in force the newest fact of each kind below the committed offset; the rest is read again."""
        for kind, entries in self._stored.items():
            held = [offset for offset in entries if offset < committed]
            for offset in sorted(held):
                self._seen[kind, offset] = 0
                self._recovered[kind] = offset
                if kind == OUTAGES:
                    self._outages = outages.decode(entries[offset])
                else:
                    self._use(kind, decode_control(entries[offset]))

    def learn(self, offset: int, fact: Fact) -> None:
        """A fact stands on control at this offset: it holds from the next cut on.

        A policy that cannot be used is counted and otherwise as if it had never been sent.
        """
        kind = kind_of(fact)
        if not self._use(kind, fact):
            return
        self._store(kind, offset, encode(fact))
        if isinstance(fact, SourceFact):
            self._outages = self._outages.after(fact)
            self._found = self._found or fact.state != "healthy"
            self._store(OUTAGES, offset, outages.encode(self._outages))

    def _store(self, kind: str, offset: int, payload: bytes) -> None:
        """Keep what holds from this control offset on for the changelog."""
        self._recovered.pop(kind, None)
        self._former.discard((kind, offset))
        if self._stored.setdefault(kind, {}).get(offset) != payload:
            self._stored[kind][offset] = payload
            self._dirty.append((kind, offset))
        self._seen[kind, offset] = UNSEEN

    @property
    def sources(self) -> dict[str, SourceFact]:
        """The last word on each source."""
        return {fact.source: fact for fact in self._facts.values() if isinstance(fact, SourceFact)}

    @property
    def outage_waits(self) -> bool:
        """Whether an outage was found that no cut has seen."""
        return self._found

    def outage_found(self) -> bool:
        """Whether a source was said not to be well since this was last asked: what is open is reviewed."""
        found, self._found = self._found, False
        return found

    def restate(self) -> list[Fact]:
        """The facts in force that stood on a former control topic, to be said again on the one that is now.

        Their places there mean nothing on the new one, and are forgotten with the next entries.
        """
        facts = [decode_control(self._stored[kind][offset]) for kind, offset in self._recovered.items()]
        self._former = {(kind, offset) for kind, entries in self._stored.items() for offset in entries}
        self._former -= {place for place, seen in self._seen.items() if seen == UNSEEN}
        return [fact for fact in facts if isinstance(fact, Fact)]

    def entries(self, n: int, epoch: int, committed_cut: int) -> dict[bytes, bytes | None]:
        """The changelog entries that go out with cut ``n``: new facts, tombstones of outdated ones."""
        entries = self._without(self._former)
        self._former = set()
        entries |= {
            context_key(kind, offset): pack_context(epoch, self._stored[kind][offset])
            for kind, offset in self._dirty
        }
        self._dirty = []
        for place, seen in self._seen.items():
            if seen == UNSEEN:
                self._seen[place] = n
        return entries | self._without(self._outdated(committed_cut))

    def _without(self, places: Iterable[tuple[str, int]]) -> dict[bytes, bytes | None]:
        """Forget entries; gives their tombstones."""
        entries: dict[bytes, bytes | None] = {}
        for kind, offset in places:
            entries[context_key(kind, offset)] = None
            del self._stored[kind][offset]
            self._seen.pop((kind, offset), None)
        return entries

    def current(self, key: bytes, epoch: int) -> bytes | None:
        """What the changelog must hold under a context key, None for a tombstone."""
        kind, offset = parse_context_key(key)
        payload = self._stored.get(kind, {}).get(offset)
        return None if payload is None else pack_context(epoch, payload)

    def context(self, at: int) -> Context:
        """What a cut at ``at`` (ms) looks at customers under."""
        offers = self._facts.get("offers")
        population = self._facts.get("population")
        return Context(
            policy=self.policy,
            version=self.version,
            at=at,
            offers=offers.offers if isinstance(offers, OffersFact) else (),
            population=population if isinstance(population, PopulationFact) else None,
            sources=self.sources,
            outages=self._outages,
        )

    def _outdated(self, committed_cut: int) -> list[tuple[str, int]]:
        """Entries whose successor was first seen by a cut that is committed."""
        return [
            (kind, offset)
            for kind, entries in self._stored.items()
            if len(entries) > 1
            for offset in sorted(entries)[:-1]
            if any(
                UNSEEN < self._seen.get((kind, later), UNSEEN) <= committed_cut
                for later in entries
                if later > offset
            )
        ]

    def _use(self, kind: str, fact: object) -> bool:
        """Put a fact in force; false if it cannot be used. Then the one before stays."""
        if isinstance(fact, PolicyFact):
            try:
                policy = from_document(fact.document)
            except PolicyError as error:
                self.refused, self.refusal = self.refused + 1, str(error)
                return False
            self.policy, self.version, self.published = policy, version(policy), True
        elif isinstance(fact, OffersFact | PopulationFact | SourceFact):
            self._facts[kind] = fact
        return True


def kind_of(fact: Fact) -> str:
    """The kind under which a fact replaces an older one: sources each have their own."""
    return f"source:{fact.source}" if isinstance(fact, SourceFact) else fact.kind
