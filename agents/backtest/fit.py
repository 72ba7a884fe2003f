"""What a history says of a brand's customers, and how sure it is (model.md 3, 4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

from streams.beliefs import EVERYBODY
from streams.population.estimate import estimate
from streams.population.fixed import number
from streams.population.gaps import Sums
from streams.wire.control import Known
from streams.wire.population import PartitionSums

GROUPS: Final = 20
"""Groups of customers of which each is left out once."""
NAMES: Final = ("m0", "kappa0", "a0", "b0", "a", "b")
DROPOUT: Final = ("a", "b")


@dataclass(frozen=True)
class Fitted:
    """What is proposed for one stream.

    Attributes:
        known: the values; None where there are too few customers.
        errors: the standard error of each.
        customers: who have two gaps or more.
        trials: occasions whose horizon is over: of these dropout was learnt.
    """

    known: Known | None
    errors: dict[str, float]
    customers: int
    trials: int


def streams_in(parts: Sequence[PartitionSums]) -> Sequence[str]:
    """The streams on which anybody was active."""
    return sorted({name for part in parts for name, sums in part.streams.items() if sums.since is not None})


def fit(parts: Sequence[PartitionSums], stream: str) -> Fitted:
    """The estimate of one stream, from the sums of groups of customers.

    The standard error is that of the jackknife: every group is left out once (Efron and Stein, Annals of
    Statistics 9, 1981).
    """
    parts = [_only(part, stream) for part in parts]
    known = _known(parts, stream)
    trials = sum(sum(sums.trials) for part in parts for sums in part.streams.values())
    if known is None:
        return Fitted(None, {}, sum(map(_customers, parts)), trials)
    left_out = [_known([*parts[:n], *parts[n + 1 :]], stream) for n in range(len(parts))]
    errors = {name: _jackknife([getattr(one, name) for one in left_out if one is not None]) for name in NAMES}
    return Fitted(known, errors, known.customers, trials)


def _known(parts: Sequence[PartitionSums], stream: str) -> Known | None:
    """What these groups say of everybody."""
    fact = estimate(parts, None)
    return fact.priors.get(stream, {}).get(EVERYBODY) if fact is not None else None


def _only(part: PartitionSums, stream: str) -> PartitionSums:
    """The sums of one stream."""
    streams = {name: sums for name, sums in part.streams.items() if name == stream}
    return PartitionSums(partition=part.partition, at=part.at, version=part.version, streams=streams)


def _customers(part: PartitionSums) -> int:
    """How many have two gaps or more."""
    units = [Sums(*map(int, sums)).k2 for one in part.streams.values() for sums in one.sums.values()]
    return round(number(sum(units)))


def _jackknife(values: Sequence[float]) -> float:
    """The standard error from the estimates with a group left out each."""
    mean = sum(values) / len(values)
    return sqrt((len(values) - 1) / len(values) * sum((value - mean) ** 2 for value in values))
