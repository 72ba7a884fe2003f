"""Records wait in the inbox until a cut names them, and may only be held up if no cut needs more."""

from agents.lane.inbox import Inbox
from tests.support.topics import Record

START = {"a": 10, "b": 0}


def records(topic: str, *offsets: int) -> list[Record]:
    return [Record(topic, 0, offset, 0, b"k", b"v", []) for offset in offsets]


def filled(bound: int = 100) -> Inbox:
    inbox = Inbox(START, bound)
    inbox.put("a", records("a", 10, 11, 12))
    inbox.put("b", records("b", 0, 1))
    return inbox


def test_a_cut_takes_what_lies_below_its_ends_in_the_order_of_the_inputs() -> None:
    inbox = filled()
    assert [[r.offset for r in s] for s in inbox.take({"a": 12, "b": 1})] == [[10, 11], [0]]
    assert [[r.offset for r in s] for s in inbox.take({"a": 13, "b": 2})] == [[12], [1]]
    assert len(inbox) == 0


def test_it_holds_a_cut_once_all_inputs_were_fetched_that_far() -> None:
    inbox = filled()
    assert inbox.holds({"a": 13, "b": 2})
    assert not inbox.holds({"a": 13, "b": 3})


def test_offsets_without_a_record_count_as_fetched() -> None:
    inbox = filled()
    inbox.reach("b", 3)
    assert inbox.holds({"a": 13, "b": 3})
    assert [[r.offset for r in s] for s in inbox.take({"a": 10, "b": 3})] == [[], [0, 1]]


def test_a_full_inbox_pauses_its_inputs() -> None:
    assert filled(bound=6).paused([]) == []
    assert filled(bound=5).paused([]) == ["a", "b"]


def test_an_input_that_a_written_cut_still_needs_is_not_paused() -> None:
    assert filled(bound=5).paused([{"a": 13, "b": 2_000}]) == ["a"]


def test_offsets_without_a_record_are_told_once_to_the_cut_that_passes_them() -> None:
    inbox = Inbox(START, 100)
    inbox.reach("a", 14)
    inbox.put("a", records("a", 14, 15))
    inbox.reach("a", 18)
    inbox.reach("a", 18)
    assert inbox.take_holes({"a": 12, "b": 0}) == {"a": 2}, "a cut may end in the middle of them"
    assert inbox.take_holes({"a": 15, "b": 0}) == {"a": 2}
    assert inbox.take_holes({"a": 17, "b": 0}) == {"a": 1}
    assert inbox.take_holes({"a": 18, "b": 0}) == {"a": 1}
    assert inbox.take_holes({"a": 18, "b": 0}) == {}
