"""How many ignored messages are too many: the clock is delivered sends, never days (model.md 5, formula 10).

``p`` are the reactions and ``q`` the ignored sends up to the last reaction, with the prior (``p0``, ``q0``).
D1 is due at the first send at which ``survival`` has come down to what is ``allowed``.
"""

from __future__ import annotations

from math import exp, lgamma

from .rules import DAYS_A_YEAR, MOST


def survival(p: float, q: float, ignored: int) -> float:
    """S(y) = B(p, q + y) / B(p, q): an engaged customer ignores the next ``ignored`` sends (p, q above 0)."""
    return exp(lgamma(q + ignored) - lgamma(q) + lgamma(p + q) - lgamma(p + q + ignored))


def allowed(per_year: float, every: float, p: float, q: float) -> float:
    """Alpha: how improbable it must be, at a send every ``every`` days, for ``per_year`` false alarms."""
    return min(MOST, per_year * every * (p + q) / (DAYS_A_YEAR * p))
