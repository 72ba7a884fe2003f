"""What a promotion may name: new products and timely sales, to the customer's taste (R6, R6b)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streams.context import Context
    from streams.wire.control import Offer


class Choice(NamedTuple):
    """The offers that a message names, and whether they were chosen for this customer."""

    offers: Sequence[Offer]
    personalised: bool


def choose(context: Context, kinds: Sequence[str], category: str, at: int) -> Choice:
    """The live offers of these kinds at ``at`` (ms); only those of the customer's category if any."""
    live = [offer for offer in context.offers if offer.kind in kinds and _is_live(offer, at, context)]
    own = [offer for offer in live if category and category in offer.categories]
    return Choice(own, True) if own else Choice(live, False)


def _is_live(offer: Offer, at: int, context: Context) -> bool:
    """New means new; a sale must outlive reading time (mission.md 5, ``promotion``)."""
    promotion = context.policy.promotion
    if at < offer.from_:
        return False
    if offer.kind == "new" and at > offer.from_ + promotion.new:
        return False
    needed = promotion.live if offer.kind == "sale" else 0
    return offer.until is None or offer.until - at >= needed
