"""What is believed of a stream before a customer has shown an own rhythm, and where that comes from.

Until the population is known it is the policy's prior; then what the population role has learnt, of the
customer's cohort where that is known, else of everybody (model.md 3, N14). Facts are versioned and stand on
control, so a decision names the version that it used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from .policy.tables import StreamPrior
from .population.experience import experience

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .policy.model import Policy
    from .wire.control import Known, PopulationFact

START: Final = 0.7
"""The precision with which `steered` begins (model.md (12))."""

_BUILT_IN: Final = StreamPrior()

EVERYBODY: Final = ""
"""The cohort of everybody."""


class Prior(Protocol):
    """A log gap under a normal-inverse-gamma (m0 to b0), dropout after an occasion under Beta(a, b)."""

    m0: float
    kappa0: float
    a0: float
    b0: float
    a: float
    b: float


class Belief(NamedTuple):
    """What is believed of one stream.

    Attributes:
        prior: of the gaps and of dropout.
        origin: ``default`` for the built-in prior, ``pooled`` for what the population or the policy says.
        version: of the population's fact, 0 for the policy's prior.
        c: the precision that the rule ``steered`` asks for (formula 12).
        correction: by experience, what ``yearly`` and ``quantile`` multiply their share with; empty: nothing.
    """

    prior: Prior
    origin: str = "default"
    version: int = 0
    c: float = START
    correction: Sequence[float] = ()

    def factor(self, x: int) -> float:
        """What the share of gaps that may alarm is multiplied with for a customer of ``x`` gaps."""
        return self.correction[experience(x)] if self.correction else 1.0


class Beliefs:
    """What is believed of every stream, under one policy and one fact of the population."""

    def __init__(self, policy: Policy, population: PopulationFact | None) -> None:
        self.policy = policy
        self.population = population
        self._priors: Mapping[str, Mapping[str, Known]] = population.priors if population is not None else {}

    def of(self, stream: str, cohort: str = EVERYBODY) -> Belief:
        """What is believed of a stream's customers of a cohort."""
        known = self._priors.get(stream, {})
        found = known.get(cohort) or known.get(EVERYBODY)
        if found is None or self.population is None:
            prior = getattr(self.policy.prior, stream)
            return Belief(prior, "default" if prior == _BUILT_IN else "pooled")
        return Belief(found, "pooled", self.population.version, found.c, found.correction)

    @property
    def cohorts(self) -> frozenset[str]:
        """The cohorts of which something is known of their own, without everybody's."""
        return frozenset(cohort for known in self._priors.values() for cohort in known if cohort)


_KEPT: Final = 64
_ready: Final[dict[tuple[int, int], Beliefs]] = {}
"""By the identities of policy and fact, which are kept alive with what was made of them."""


def beliefs_of(policy: Policy, population: PopulationFact | None) -> Beliefs:
    """The beliefs under a policy and a fact: the same object for the same two."""
    key = id(policy), id(population)
    ready = _ready.get(key)
    if ready is None:
        if len(_ready) >= _KEPT:
            _ready.clear()
        ready = _ready[key] = Beliefs(policy, population)
    return ready
