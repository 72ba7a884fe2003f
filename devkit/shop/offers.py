"""The offers feed of the shop: something new each week, a sale each month (wire.md, kind `offers`)."""

from typing import Any

from streams.wire.times import DAY, format_time

from .dice import Dice
from .traits import CATEGORIES


def offers_of(seed: int, start: int, days: int) -> list[dict[str, Any]]:
    """List all offers of the shop's time, by their beginning, ready for JSON."""
    dice = Dice(seed, "offers")
    fresh = [_offer("new", week, start + week * 7 * DAY, None, dice) for week in range(days // 7 + 1)]
    sales = [_offer("sale", month, start + month * 30 * DAY, 5, dice) for month in range(days // 30 + 1)]
    return sorted(fresh + sales, key=lambda offer: (offer["from"], offer["id"]))


def _offer(kind: str, number: int, since: int, days: int | None, dice: Dice) -> dict[str, Any]:
    category = dice.pick(CATEGORIES)
    return {
        "id": f"{kind}-{number}",
        "kind": kind,
        "categories": [category],
        "from": format_time(since),
        "until": None if days is None else format_time(since + days * DAY),
        "variables": {
            "product" if kind == "new" else "discount": f"{category}-{number}" if kind == "new" else "20%"
        },
    }
