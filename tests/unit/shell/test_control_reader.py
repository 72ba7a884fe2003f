"""Who reads control from the middle tells the answers to its ticks from what fenced owners wrote."""

from agents.lane.following import Follower
from streams.wire.control import Cut, Tick, encode

NOON = 1_700_000_000_000
INPUT = "holdfast.events.app.v1"


def cut(epoch: int, n: int, begin: int, tick: int | None = None, at: int | None = None) -> bytes:
    """A cut of one record that begins at an offset."""
    moment = NOON + n if at is None else at
    return encode(Cut(epoch=epoch, n=n, at=moment, from_={INPUT: begin}, ends={INPUT: begin + 1}, tick=tick))


def read(*values: bytes | None) -> tuple[Follower, list[bool]]:
    reader = Follower()
    return reader, [reader.read(offset, value) for offset, value in enumerate(values)]


def test_a_chain_of_cuts_is_followed_to_its_answer() -> None:
    reader, valid = read(cut(5, 7, 100), encode(Tick(at=NOON)), cut(5, 8, 101, tick=1))
    assert valid == [True, False, True]
    assert (reader.answered, reader.at) == (1, NOON + 8)


def test_a_cut_of_a_fenced_owner_is_no_answer() -> None:
    reader, valid = read(cut(5, 7, 100), cut(5, 8, 101), encode(Tick(at=NOON)), cut(4, 9, 102, tick=2))
    assert valid[-1] is False
    assert reader.answered == -1


def test_a_cut_that_does_not_continue_the_chain_is_no_answer() -> None:
    reader, valid = read(cut(5, 7, 100), cut(5, 8, 101), encode(Tick(at=NOON)), cut(5, 9, 999, tick=2))
    assert valid[-1] is False
    assert reader.answered == -1


def test_the_answer_after_a_void_one_counts() -> None:
    reader, _ = read(
        cut(5, 7, 100), cut(5, 8, 101), encode(Tick(at=NOON)), cut(5, 9, 999, tick=2), cut(5, 9, 102, tick=2)
    )
    assert reader.answered == 2


def test_if_the_first_cut_seen_was_a_void_one_the_next_takes_its_place() -> None:
    reader, valid = read(cut(5, 70, 999), cut(5, 8, 101, tick=0))
    assert valid == [True, True]
    assert reader.answered == 0


def test_what_is_no_cut_or_cannot_be_read_changes_nothing() -> None:
    reader, valid = read(b"{", None, encode(Tick(at=NOON)))
    assert valid == [False, False, False]
    assert (reader.answered, reader.at) == (-1, 0)


def test_time_is_known_from_the_cuts_and_only_grows() -> None:
    reader, _ = read(cut(5, 7, 100, at=NOON + 50), cut(5, 8, 101, at=NOON))
    assert reader.at == NOON + 50
