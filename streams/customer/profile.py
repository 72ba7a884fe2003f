"""The facts of a profile that a policy names: time zone, cohort, distance to a store. Nothing is kept yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .state import Customer


def cohort_of(_customer: Customer, _attribute: str) -> str:
    """The cohort of a customer by the attribute that the policy names, empty for none."""
    return ""
