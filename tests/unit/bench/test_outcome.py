"""The comparison of the contenders sees every difference, and only differences."""

import pytest

from devkit.bench.outcome import Outcome, Seen, differences

ANNA, BEN = b"anna", b"ben"
KNOWN = {ANNA: Seen(3, 1, 500), BEN: Seen(2, 0, 700)}
RULES = {ANNA: Seen(None, 1, 500), BEN: Seen(None, 0, 700)}
EQUAL = {
    "full": Outcome(5, 1, RULES),
    "state": Outcome(5, 1, KNOWN),
    "stock": Outcome(5, 1, KNOWN),
    "raw": Outcome(5, 1, None),
}


def test_who_knows_the_same_is_equal_whatever_else_each_keeps() -> None:
    assert differences(EQUAL, 5) == []


@pytest.mark.parametrize("name", EQUAL)
def test_events_that_one_did_not_take_in_are_found(name: str) -> None:
    found = differences({**EQUAL, name: EQUAL[name]._replace(events=4)}, 5)
    assert found == [f"{name}: 4 events taken in, 5 were sent"]


def test_another_total_of_emails_is_found() -> None:
    found = differences({**EQUAL, "raw": Outcome(5, 2, None)}, 5)
    assert found == ["raw: 2 emails, full: 1"]


@pytest.mark.parametrize(
    "seen",
    [Seen(3, 0, 500), Seen(3, 1, 501), None],
    ids=["other emails", "another last sign of life", "nobody of that name"],
)
def test_a_customer_known_otherwise_is_found(seen: Seen | None) -> None:
    known = {**KNOWN, ANNA: seen} if seen else {BEN: KNOWN[BEN]}
    found = differences({**EQUAL, "state": Outcome(5, 1, known)}, 5)
    assert "state: other than full for 1 customers" in found


def test_events_of_the_wrong_customer_are_found_between_those_who_count_them() -> None:
    swapped = {ANNA: Seen(2, 1, 500), BEN: Seen(3, 0, 700)}
    found = differences({"state": EQUAL["state"], "stock": Outcome(5, 1, swapped)}, 5)
    assert found == ["stock: other than state for 2 customers"]


def test_customers_whose_events_do_not_make_up_what_was_sent_are_found() -> None:
    found = differences({"state": Outcome(6, 1, KNOWN)}, 6)
    assert found == ["state: 5 events over all customers, 6 were sent"]
