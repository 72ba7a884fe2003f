"""Why, or why not: what is known of one customer now, and what each rule makes of it (N6, design.md 6).

It asks the rules themselves (``streams.lapse.look``), which gather the facts that they would judge and draw
the same conclusions, and reach, which would let a message out. Nothing is changed, and nothing is said that
the row and the facts in force do not hold. It works for a customer with nothing wrong, or never seen.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, Final

import msgspec

from .context import Visit
from .customer import consent
from .customer.state import IN, OUT, UNKNOWN, Channel, Customer, customer_of
from .lapse import cancellation, deafness, declined, disengagement, optout, silence, uninstall
from .lapse.kinds import ROWS, stage
from .lapse.look import IDLE
from .response import reach, running
from .wire import row
from .wire import why as form
from .wire.times import format_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from .context import Context
    from .lapse.look import Look
    from .response.running import Answer

LOOKS: Final[tuple[Callable[[Visit], Iterable[Look]], ...]] = (
    disengagement.look,
    deafness.look,
    silence.look,
    optout.look,
    declined.look,
    cancellation.look,
    uninstall.look,
)
"""Of each kind's module."""

NEVER_SEEN: Final = "never_seen"

_STREAMS: Final = {name: stream for stream, name in ROWS.items()}
_CONSENT: Final = {IN: "in", OUT: "out", UNKNOWN: "unknown"}
_PROMOTION: Final = "promotions"


def why(customer_id: str, stored: bytes | None, context: Context) -> form.Why:
    """The answer for a customer whose row is ``stored`` (None: no row), under the facts in force."""
    known = stored is not None and not row.is_leaving(stored)
    customer = customer_of(stored) if known and stored is not None else Customer(first_seen=0)
    visit = Visit(customer_id, customer, context)
    looks = sorted(chain.from_iterable(look(visit) for look in LOOKS), key=_place)
    if not known:
        looks = [look._replace(verdict=IDLE, reasons=(NEVER_SEEN,), due_at=None) for look in looks]
    return form.Why(
        customer_id=customer_id,
        at=format_time(context.at),
        first_seen=format_time(customer.first_seen) if known else None,
        stage=stage(customer, context.at, context.policy),
        policy=context.version,
        surfaces={_STREAMS[look.row]: _surface(look) for look in looks if "surface" in look.evidence},
        channels=_channels(visit, looks) if known else {},
        rows=[*map(_row, looks), *map(_answer, running.look(visit))],
    )


def _place(look: Look) -> tuple[int, str]:
    """Where a row stands in the guide."""
    return int(look.row[1:].rstrip("abc")), look.row


def _surface(look: Look) -> form.Surface:
    """The rhythm of a stream."""
    words: dict[str, Any] = look.evidence["surface"]
    return form.Surface(rule=look.evidence["rule"]["rule"], due_at=_moment(look.due_at), **words)


def _row(look: Look) -> form.Row:
    """An entry of a detection."""
    return form.Row(
        row=look.row,
        verdict=look.verdict,
        reasons=tuple(look.reasons),
        since=_moment(look.since),
        due_at=_moment(look.due_at),
        kind=look.kind,
        channel=look.channel,
        surface=look.surface,
        evidence=dict(look.evidence),
    )


def _answer(answer: Answer) -> form.Row:
    """An entry of a response."""
    return form.Row(
        row=answer.row,
        verdict=answer.verdict,
        reasons=tuple(answer.reasons),
        since=_moment(answer.since),
        due_at=_moment(answer.due_at),
        channel=answer.channel,
        play=answer.play,
        step=answer.step,
    )


def _channels(visit: Visit, looks: Iterable[Look]) -> dict[str, form.Channel]:
    """The channels of the policy, and what else the customer has spoken of."""
    messages = {
        (look.channel, look.surface): look.evidence["messages"]
        for look in looks
        if "messages" in look.evidence
    }
    spoken_of = [name for name in visit.customer.channels if name not in visit.context.policy.channels]
    names = (*visit.context.policy.channels_in_order, *spoken_of)
    return {name: _channel(visit, name, messages.get(disengagement.named(name), {})) for name in names}


def _channel(visit: Visit, name: str, messages: Mapping[str, Any]) -> form.Channel:
    """Consent, deliveries, and what reach would say of a promotion now."""
    kept = visit.customer.channels.get(name) or Channel()
    stands, since = consent.standing(kept), consent.since(visit.customer, name)
    channel = form.Channel(
        consent=_CONSENT[stands],  # type: ignore[arg-type] # one of the three words
        since=_moment(since),
        delivered=kept.delivered,
        reacted=messages.get("reacted"),
        consent_reason=kept.reason if stands == OUT else None,
        lists_off=tuple(sorted(kept.lists_out)),
    )
    if name not in visit.context.policy.channels:
        return channel
    verdict = reach.judge(visit.customer, name, _PROMOTION, visit.context.at, visit.context)
    return msgspec.structs.replace(
        channel,
        reach=verdict.answer,
        why=verdict.reason or None,
        when=_moment(verdict.when or None),
    )


def _moment(at: int | None) -> str | None:
    """A moment (ms) as the wire writes it."""
    return None if at is None else format_time(at)
