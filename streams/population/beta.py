"""The dropout odds from the histogram of trials: maximum likelihood of a and b (model.md 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .fixed import Floats

ENOUGH: Final = 200
"""Trials, below which the built-in odds hold."""

BUILT_IN: Final = (0.3, 1.0)
_SHARES: Final = (0.001, 0.95)
_LEAST_B: Final = 0.02
_MOST_B: Final = 1e4


def beta_of(trials: Sequence[int], gone: Sequence[int], survivals: Sequence[float]) -> tuple[float, float]:
    """A and b of dropout by maximum likelihood; the built-in ones below 200 trials (model.md 4).

    Args:
        trials: occasions that are over, by returns survived.
        gone: those without a return within L.
        survivals: of the trials, the sum of the probabilities that an active customer takes longer than L.
    """
    t, d, z = (np.asarray(values, float) for values in (trials, gone, survivals))
    if t.sum() < ENOUGH:
        return BUILT_IN
    seen = t > 0
    x, t, d = np.flatnonzero(seen).astype(float), t[seen], d[seen]
    z = np.clip(z[seen] / t, 0.0, 1.0 - 1e-9)
    found = minimize(
        _loss,
        (logit(0.2), 0.0),
        args=(x, t, np.clip(d, 0.0, t), z),
        method="L-BFGS-B",
        jac=True,
        bounds=((logit(_SHARES[0]), logit(_SHARES[1])), (np.log(_LEAST_B), np.log(_MOST_B))),
        options={"ftol": 1e-15, "gtol": 1e-9, "maxiter": 500},
    )
    share, b = float(expit(found.x[0])), float(np.exp(found.x[1]))
    return b * share / (1.0 - share), b


def _loss(at: Floats, x: Floats, t: Floats, d: Floats, z: Floats) -> tuple[float, Floats]:
    """The negative log likelihood per trial and its gradient, by logit(a/(a+b)) and log b."""
    odds, b = np.exp(at[0]), np.exp(at[1])  # a = b * odds
    a = b * odds
    p = a / (a + b + x)
    gone = p + (1.0 - p) * z
    value = d * np.log(gone) + (t - d) * np.log1p(-p) + (t - d) * np.log1p(-z)
    by_p = d * (1.0 - z) / gone - (t - d) / (1.0 - p)
    by_a = (b + x) / (a + b + x) ** 2
    by_b = -a / (a + b + x) ** 2
    gradient = np.array([(by_p * by_a).sum() * a, (by_p * (by_a * odds + by_b)).sum() * b])
    return float(-value.sum() / t.sum()), -gradient / t.sum()
