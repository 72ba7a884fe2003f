"""The comparison that the proof rests on sees every difference, and only differences."""

from devkit.bench.proof import Sent, compare


def said(customer: str, text: str, header: bytes = b"h") -> Sent:
    return ("signals", customer.encode(), text.encode(), (("id", header),))


FIRST, SECOND, OTHER = said("anna", "1"), said("anna", "2"), said("ben", "1")


def test_the_same_in_another_order_of_customers_is_equal() -> None:
    assert compare([FIRST, SECOND, OTHER], [OTHER, FIRST, SECOND]).equal


def test_what_is_repeated_byte_for_byte_is_equal_and_counted() -> None:
    found = compare([FIRST, SECOND], [FIRST, SECOND, FIRST, SECOND])
    assert found.equal
    assert found.repeated == 2


def test_what_is_missing_is_found() -> None:
    found = compare([FIRST, SECOND], [FIRST])
    assert not found.equal
    assert found.missing == [SECOND]


def test_what_should_not_be_there_is_found() -> None:
    found = compare([FIRST], [FIRST, OTHER])
    assert not found.equal
    assert found.extra == [OTHER]


def test_a_different_header_is_a_difference() -> None:
    found = compare([FIRST], [said("anna", "1", b"another")])
    assert len(found.missing) == len(found.extra) == 1


def test_what_was_said_to_a_customer_in_another_order_is_found() -> None:
    found = compare([FIRST, SECOND], [SECOND, FIRST])
    assert not found.equal
    assert found.out_of_order == [b"anna"]
