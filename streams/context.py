"""Under what a customer is looked at: the facts in force, and the partition's time.

A ``Context`` is the same for all customers of a cut; a ``Visit`` is one customer under it. The rules read
both and change only the visit's customer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .beliefs import beliefs_of
from .customer.profile import cohort_of
from .outages import NONE, Outages

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .beliefs import Beliefs
    from .customer.moves import Moves
    from .customer.state import Customer
    from .policy.model import Policy
    from .wire.control import Offer, PopulationFact, SourceFact


@dataclass(frozen=True, slots=True)
class Context:
    """The facts in force, and the time.

    Attributes:
        policy: the policy in force.
        version: its hash, which every signal and command names.
        at: the partition's time (ms): the ``at`` of the cut in hand.
        offers: what a promotion may name.
        population: priors and receptivity learnt from everybody, None until known.
        sources: the newest word on each event source, by name.
        outages: when sources were quiet, as far as deadlines may reach back.
    """

    policy: Policy
    version: str
    at: int
    offers: Sequence[Offer] = ()
    population: PopulationFact | None = None
    sources: Mapping[str, SourceFact] = field(default_factory=dict)
    outages: Outages = NONE

    @property
    def beliefs(self) -> Beliefs:
        """What is believed of a customer whose own rhythm is not known yet."""
        return beliefs_of(self.policy, self.population)

    def historical(self, at: int) -> bool:
        """Whether what became true at ``at`` (ms) is too long past to be answered (design.md 4)."""
        return at < self.at - self.policy.historical_after


@dataclass(slots=True)
class Visit:
    """One customer under a context; ``moves`` takes notes for the statistics over all customers."""

    customer_id: str
    customer: Customer
    context: Context
    moves: Moves | None = None

    @property
    def cohort(self) -> str:
        """The customer's cohort (``streams.customer.profile``), empty for none."""
        return cohort_of(self.customer, self.context.policy.cohort.attribute)
