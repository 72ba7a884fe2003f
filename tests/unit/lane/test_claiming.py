"""What a new owner starts from, and when it refuses."""

import pytest

from agents.errors import DataLossError
from agents.lane.claiming import Place, base_of, base_offset, claim_of
from agents.lane.cuts import Base
from streams.wire.control import Cut, Tick, encode
from tests.support.topics import Record

BASE = Base(epoch=20, n=7, at=1_000, ends={"a": 40})


def control(offset: int, value: bytes) -> Record:
    return Record("control", 0, offset, 0, b"cut", value, [])


@pytest.mark.parametrize("place", [Place(None, 0, 9), Place(0, 0, 9), Place(5, 5, 9)])
def test_where_nothing_was_executed_there_is_no_last_cut(place: Place) -> None:
    assert base_offset(place) is None


def test_the_last_executed_cut_stands_below_the_committed_offset() -> None:
    assert base_offset(Place(6, 0, 9)) == 5
    value = encode(Cut(epoch=20, n=7, at=1_000, from_={"a": 1}, ends={"a": 40}))
    assert base_of([control(5, value)], 5, 0) == BASE


@pytest.mark.parametrize("place", [Place(12, 0, 9), Place(3, 5, 9)], ids=["made anew", "cut off"])
def test_a_control_topic_without_that_place_is_refused(place: Place) -> None:
    with pytest.raises(DataLossError):
        base_offset(place)


@pytest.mark.parametrize("found", [[], [control(6, b"x")], [control(5, encode(Tick(at=1)))]])
def test_anything_but_a_cut_there_is_refused(found: list[Record]) -> None:
    with pytest.raises(DataLossError, match="no cut at 5"):
        base_of(found, 5, 0)


def test_inputs_go_on_where_the_last_cut_ended_whatever_their_own_offsets_say() -> None:
    claim = claim_of(99, Place(6, 0, 9), BASE, {"a": Place(35, 0, 50), "new": Place(None, 3, 8)})
    assert claim.positions == {"a": 40, "new": 3}
    assert (claim.epoch, claim.control, claim.control_end) == (99, 6, 9)


@pytest.mark.parametrize("place", [Place(40, 41, 50), Place(40, 0, 39)], ids=["retention", "made anew"])
def test_an_input_that_lost_what_follows_is_refused(place: Place) -> None:
    with pytest.raises(DataLossError, match="applied up to 40"):
        claim_of(99, Place(6, 0, 9), BASE, {"a": place})
