"""Who acted: the table of wire.md, "What counts as a person acting", type by type."""

import pytest

from streams.wire.event import TYPES, Event, Surface, human_surface

BRAND = ("brand",)
EXPECTED: dict[str, tuple[str, ...]] = {
    "app.opened": ("app", "brand"),
    "app.viewed": ("app", "brand"),
    "web.visited": ("web", "brand"),
    "store.visited": ("store", "brand"),
    "in_app.clicked": ("app", "brand"),
    "order.completed": ("purchase", "web", "brand"),
    "custom": ("web", "brand"),
    "email.opened": BRAND,
    "email.clicked": BRAND,
    "push.opened": BRAND,
    "push.clicked": BRAND,
    "plan.started": BRAND,
}


def event(
    type_: str, surface: Surface | None = None, *, activity: bool | None = None, automated: bool = False
) -> Event:
    return Event(
        v=1,
        id="1",
        source="shop",
        type=type_,
        customer_id="c-42",
        occurred_at=0,
        surface=surface,
        activity=activity,
        automated=automated,
    )


@pytest.mark.parametrize("type_", TYPES)
def test_a_type_touches_what_the_table_says_and_nothing_else(type_: str) -> None:
    surface: Surface | None = "web" if type_ in {"order.completed", "custom"} else None
    assert human_surface(event(type_, surface)) == EXPECTED.get(type_, ())


def test_a_click_in_the_app_may_say_that_it_happened_on_the_web() -> None:
    assert human_surface(event("in_app.clicked", "web")) == ("web", "brand")


def test_the_surface_of_a_push_is_no_activity_there() -> None:
    assert human_surface(event("push.clicked", "web")) == BRAND


@pytest.mark.parametrize("type_", TYPES)
def test_inactivity_takes_an_act_away_and_activity_adds_none(type_: str) -> None:
    assert human_surface(event(type_, "web", activity=False)) == ()
    assert human_surface(event(type_, "web", activity=True)) == human_surface(event(type_, "web"))


@pytest.mark.parametrize("type_", TYPES)
def test_a_machine_is_nobody(type_: str) -> None:
    assert human_surface(event(type_, "web", automated=True)) == ()
