"""How fast those who were given up come back: time-to-return curves (G3, N13)."""

from typing import Any

from .heard import Counts

DIGITS = 4


def curve(counts: Counts, policy: int, kind: str) -> list[dict[str, Any]]:
    """The share of episodes that ended in a return by each day after they opened.

    Estimated as Kaplan and Meier do (J. American Statistical Association 53, 1958): episodes that are open
    at the end of the data, or ended in another way, count as long as they could be watched.

    Returns:
        For each day on which somebody returned: ``day``, how many were ``watched`` and ``returned``, and the
        ``share`` returned by then.
    """
    ends: dict[int, list[int]] = {}
    for (which, of, how, day), number in counts.returns.items():
        if (which, of) == (policy, kind):
            ends.setdefault(day, [0, 0])[how != "returned"] += number
    watched, staying, points = sum(map(sum, ends.values())), 1.0, []
    for day in sorted(ends):
        returned, others = ends[day]
        if returned:
            staying *= 1 - returned / watched
            point = {
                "day": day,
                "watched": watched,
                "returned": returned,
                "share": round(1 - staying, DIGITS),
            }
            points.append(point)
        watched -= returned + others
    return points
