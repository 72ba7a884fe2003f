"""The paid plan of a customer: what runs, what was cancelled, and until when it is paid for (D11, R21, R22).

There may be several plans, and a change from one to another is a start and a cancellation. Kept is the one
that was started or renewed last; the end of another one is no end. Of a start and a cancellation at the same
moment the start holds, in whatever order they arrive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .state import Plan

if TYPE_CHECKING:
    from streams.wire.event import PlanChange

    from .state import Customer

PREMIUM: Final = "premium"
FREE: Final = "free"


def start(customer: Customer, change: PlanChange, at: int) -> None:
    """A plan was started or renewed at ``at`` (ms). One that costs nothing is none."""
    plan = _plan(customer)
    if change.tier != PREMIUM or at < plan.started_at:
        return
    if change.id != plan.id:
        plan.cancelled_at = plan.expired_at = 0  # of another plan
    if at >= plan.cancelled_at:
        plan.ends_at = change.ends_at or 0
    plan.id, plan.started_at = change.id, at


def cancel(customer: Customer, change: PlanChange, at: int) -> bool:
    """A plan was cancelled at ``at`` (ms); whether one that ran ended with it."""
    plan = _plan(customer)
    if change.tier != PREMIUM or at <= plan.started_at or (plan.started_at and change.id != plan.id):
        return False
    ended = not is_cancelled(plan)
    if ended:
        plan.id, plan.active = change.id, []
        plan.ends_at = change.ends_at or plan.ends_at
    plan.cancelled_at = max(at, plan.cancelled_at)
    return ended


def expire(customer: Customer, change: PlanChange, at: int) -> None:
    """What was paid for ended at ``at`` (ms)."""
    plan = _plan(customer)
    if change.tier == PREMIUM and at >= plan.started_at and plan.id in ("", change.id):
        plan.id, plan.expired_at = change.id, max(at, plan.expired_at)


def is_cancelled(plan: Plan) -> bool:
    """Whether it was cancelled and has not been started again since."""
    return plan.cancelled_at > plan.started_at


def paid_until(plan: Plan) -> int:
    """When what was paid for ended or will end (ms), of a plan that was cancelled."""
    return plan.expired_at or max(plan.ends_at, plan.cancelled_at)


def tier(customer: Customer, at: int) -> str:
    """``premium`` as long as something is paid for at ``at`` (ms), cancelled or not; else ``free``."""
    plan = customer.plan
    if plan is None or not (plan.started_at or plan.cancelled_at):
        return FREE
    if is_cancelled(plan):
        return PREMIUM if at < paid_until(plan) else FREE
    return FREE if plan.expired_at > plan.started_at else PREMIUM


def _plan(customer: Customer) -> Plan:
    if customer.plan is None:
        customer.plan = Plan()
    return customer.plan
