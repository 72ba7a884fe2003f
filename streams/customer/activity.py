"""Whether a person answered a message; ``wire.event.human_surface`` tells signs of life."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from streams.wire.event import Event

_REACTIONS: Final = frozenset(
    {"email.opened", "email.clicked", "push.opened", "push.clicked", "in_app.clicked"}
)


def is_reaction(event: Event) -> bool:
    """Whether a person reacted to a message: opened or clicked it, and no machine did."""
    return event.type in _REACTIONS and not event.automated and event.activity is not False
