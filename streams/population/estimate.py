"""From the sums of all partitions to what is known of everybody: once a day, and the same whoever does it.

Nothing is remembered between two estimates but the last one itself, so whoever comes later goes on from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from streams.wire.control import Known, PopulationFact

from .beta import beta_of
from .dropout import UNIT
from .fixed import number
from .gaps import Sums, plus
from .prior import prior_of
from .promise import Promise, promise_of
from .watched import DAY

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from streams.wire.population import PartitionSums, StreamSums

    from .prior import GapPrior

EVERYBODY: Final = ""


def estimate(parts: Collection[PartitionSums], before: PopulationFact | None) -> PopulationFact | None:
    """What is known now; None where there is nothing new: the day is not over, or nothing was ever known.

    Args:
        parts: the newest sums of every partition.
        before: the estimate before this one.
    """
    at = min(part.at for part in parts)
    if before is not None and before.at is not None and at // DAY <= before.at // DAY:
        return None
    streams = sorted({name for part in parts for name in part.streams})
    known = {
        stream: _known([part.streams[stream] for part in parts if stream in part.streams], stream, at, before)
        for stream in streams
    }
    priors = {stream: found for stream, found in known.items() if found}
    if before is None and not priors:
        return None
    version = 1 + max([part.version for part in parts] + [before.version if before is not None else 0])
    responses = before.responses if before is not None else {}
    return PopulationFact(version=version, priors=priors, responses=responses, at=at)


def _known(
    parts: Sequence[StreamSums], stream: str, at: int, before: PopulationFact | None
) -> dict[str, Known]:
    """What is known of one stream: of everybody, and of each cohort that is large enough."""
    by_cohort = _by_cohort(parts)
    whole = _added(by_cohort.values())
    gaps = prior_of(whole)
    if gaps is None:
        return {}
    dropout = beta_of(
        _columns(part.trials for part in parts),
        _columns(part.gone for part in parts),
        [units / UNIT for units in _columns(part.survivals for part in parts)],
    )
    former = before.priors.get(stream, {}).get(EVERYBODY) if before is not None else None
    since = before.at // DAY if before is not None and before.at is not None else None
    promise = promise_of(parts, at // DAY, former, since)
    known = {EVERYBODY: _as_known(gaps, whole, dropout, promise)}
    for cohort, sums in by_cohort.items():
        if cohort and (own := prior_of(sums)) is not None:
            known[cohort] = _as_known(own, sums, dropout, promise)
    return known


def _as_known(gaps: GapPrior, sums: Sums, dropout: tuple[float, float], promise: Promise) -> Known:
    """All of it in the form of the wire."""
    m0, kappa0, a0, b0 = gaps
    a, b = dropout
    customers = round(number(sums.k2))
    return Known(
        m0=m0,
        kappa0=kappa0,
        a0=a0,
        b0=b0,
        a=a,
        b=b,
        customers=customers,
        c=promise.c,
        correction=list(promise.correction),
    )


def _by_cohort(parts: Iterable[StreamSums]) -> dict[str, Sums]:
    """The sums of each cohort over all partitions, in the order of their names."""
    found: dict[str, Sums] = {}
    for part in parts:
        for cohort, units in part.sums.items():
            found[cohort] = plus(found.get(cohort, Sums()), Sums(*map(int, units)))
    return dict(sorted(found.items()))


def _added(sums: Iterable[Sums]) -> Sums:
    """Sums together."""
    whole = Sums()
    for one in sums:
        whole = plus(whole, one)
    return whole


def _columns(rows: Iterable[Sequence[int]]) -> list[int]:
    """Lists of equal length added place by place."""
    return [sum(column) for column in zip(*rows, strict=True)]
