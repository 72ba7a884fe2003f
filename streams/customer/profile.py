"""What is kept of a profile: the attributes that the policy, or a message, can ask for, and no others.

An attribute has the moment when it was said, so that of two the later one holds, in whatever order they
arrive. ``null`` removes it (wire.md). Long texts are not kept: a row stays small.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from .state import Customer, Scalar

LONGEST: Final = 256
"""Characters of a text that is kept; a longer one counts as none."""


def learn(customer: Customer, profile: Mapping[str, Scalar], at: int, kept: AbstractSet[str]) -> None:
    """Take in what was said of a customer at ``at`` (ms), of the attributes that are kept."""
    for name in kept & profile.keys():
        value = profile[name]
        said = (at, None if isinstance(value, str) and len(value) > LONGEST else value)
        before = customer.profile.get(name)
        if before is None or _order(said) > _order(before):
            customer.profile[name] = said


def _order(said: tuple[int, Scalar]) -> tuple[int, str]:
    """Which of two holds: the later one; at one moment the one whose text is greater, and none the least."""
    at, value = said
    return at, "" if value is None else repr(value)


def attributes(customer: Customer) -> dict[str, Any]:
    """The attributes that the customer has, by name."""
    return {name: value for name, (_, value) in customer.profile.items() if value is not None}


def known(customer: Customer, attribute: str) -> Scalar:
    """The value of an attribute, None where none is known."""
    said = customer.profile.get(attribute)
    return said[1] if said is not None else None


def cohort_of(customer: Customer, attribute: str) -> str:
    """The cohort of a customer by the attribute that the policy names, empty for none."""
    value = known(customer, attribute)
    return "" if value is None else str(value)
