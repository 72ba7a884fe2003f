"""What a new owner starts from, what it says is gone, and when nobody can go on."""

import pytest

from agents.errors import ConfigurationError, DataLossError
from agents.lane.claiming import Found, Place, base_of, base_offset, claim_of, found_again
from agents.lane.cuts import Base
from agents.lane.finding import FoundCut
from agents.lane.loss import Accepted, Loss
from agents.lane.note import note_of
from streams.topics import catalogue
from streams.wire.control import Cut, Tick, encode
from tests.support.topics import Record

TOPICS = catalogue("brand", 4)
CONTROL, A, B = TOPICS.control.name, TOPICS.inputs[0].name, TOPICS.inputs[1].name
BASE = Base(epoch=20, n=7, at=1_000, ends={A: 40})
IDS = {CONTROL: "c1", A: "a1", B: "b1", TOPICS.changelog.name: "l1"}


def control(offset: int, value: bytes) -> Record:
    return Record(CONTROL, 0, offset, 0, b"cut", value, [])


WHOLE = Place(None, 0, 100)


def found(
    place: Place,
    inputs: dict[str, Place] | None = None,
    *,
    note: str | None = None,
    ids: dict[str, str] | None = None,
    changelog: Place = WHOLE,
) -> Found:
    return Found(0, 99, place, inputs or {}, changelog, note, ids or {})


NOTED = note_of(6, 4, BASE, IDS)


@pytest.mark.parametrize("place", [Place(None, 0, 9), Place(0, 0, 9), Place(5, 5, 9)])
def test_where_nothing_was_executed_there_is_no_last_cut(place: Place) -> None:
    assert base_offset(TOPICS, found(place)) is None
    assert claim_of(TOPICS, found(place), None).base is None


def test_the_last_executed_cut_stands_below_the_committed_offset() -> None:
    assert base_offset(TOPICS, found(Place(6, 0, 9))) == 5
    value = encode(Cut(epoch=20, n=7, at=1_000, from_={A: 1}, ends={A: 40}))
    assert base_of([control(5, value)], 5, 0) == BASE


@pytest.mark.parametrize("found_", [[], [control(6, b"x")], [control(5, encode(Tick(at=1)))]])
def test_anything_but_a_cut_there_is_refused(found_: list[Record]) -> None:
    with pytest.raises(DataLossError, match="no cut at 5"):
        base_of(found_, 5, 0)


def test_inputs_go_on_where_the_last_cut_ended_whatever_their_own_offsets_say() -> None:
    inputs = {A: Place(35, 0, 50), B: Place(None, 3, 8)}
    claim = claim_of(TOPICS, found(Place(6, 0, 9), inputs), BASE)
    assert claim.positions == {A: 40, B: 3}
    assert (claim.epoch, claim.control, claim.control_end, claim.losses) == (99, 6, 9, ())


# -- inputs


@pytest.mark.parametrize(
    ("place", "ids", "loss"),
    [
        (Place(40, 47, 50), IDS, Loss(A, 0, "cut", 40, 47)),
        (Place(40, 50, 50), IDS, Loss(A, 0, "cut", 40, 50)),
        (Place(40, 0, 39), {}, Loss(A, 0, "anew", 40, 0)),
        (Place(40, 0, 39), IDS, Loss(A, 0, "anew", 40, 0)),
        (Place(40, 0, 90), IDS | {A: "a2"}, Loss(A, 0, "anew", 40, 0, "a1")),
    ],
    ids=["retention", "all gone", "made anew, no ids", "emptied", "made anew and grown past"],
)
def test_an_input_that_lost_what_follows_is_named(place: Place, ids: dict[str, str], loss: Loss) -> None:
    claim = claim_of(TOPICS, found(Place(6, 0, 9), {A: place}, note=NOTED, ids=ids), BASE)
    assert claim.losses == (loss,)
    assert claim.positions == {A: loss.end}
    assert claim.known(settled=False).get(A) in {"a1", None}, (
        "until it is settled the former one is committed"
    )
    assert claim.known(settled=True).get(A) == ids.get(A)


@pytest.mark.parametrize("place", [Place(40, 40, 50), Place(40, 40, 40), Place(40, 0, 40)])
def test_an_input_that_lost_only_what_was_applied_lost_nothing(place: Place) -> None:
    assert not claim_of(TOPICS, found(Place(6, 0, 9), {A: place}, note=NOTED, ids=IDS), BASE).losses


# -- control


def test_a_control_topic_that_lost_only_what_was_carried_out_lost_nothing() -> None:
    """After a downtime longer than its retention: the note knows the last cut."""
    claim = claim_of(TOPICS, found(Place(6, 6, 6), {A: Place(40, 0, 50)}, note=NOTED, ids=IDS), None)
    assert (claim.base, claim.losses, claim.control) == (BASE, (), 6)


@pytest.mark.parametrize(
    ("place", "ids", "loss"),
    [
        (Place(6, 8, 9), IDS, Loss(CONTROL, 0, "cut", 6, 8)),
        (Place(6, 0, 3), {}, Loss(CONTROL, 0, "anew", 6, 0)),
        (Place(6, 0, 30), IDS | {CONTROL: "c2"}, Loss(CONTROL, 0, "anew", 6, 0, "c1")),
    ],
    ids=["cut", "made anew, no ids", "made anew and grown past"],
)
def test_a_control_topic_that_lost_what_follows_is_named(
    place: Place, ids: dict[str, str], loss: Loss
) -> None:
    asked = found(place, {A: Place(40, 0, 50)}, note=NOTED, ids=ids)
    assert base_offset(TOPICS, asked) is None, "what stands there now is somebody else's"
    claim = claim_of(TOPICS, asked, None)
    assert (claim.losses, claim.base, claim.positions) == ((loss,), BASE, {A: 40})
    assert claim.control == loss.end


def test_without_control_and_without_a_note_nobody_can_go_on() -> None:
    with pytest.raises(DataLossError, match="and with it what was carried out"):
        claim_of(TOPICS, found(Place(12, 0, 9)), None)


def test_a_note_of_another_commit_says_nothing() -> None:
    """Somebody moved the offset by hand."""
    with pytest.raises(DataLossError):
        claim_of(TOPICS, found(Place(12, 0, 9), note=NOTED), None)


# -- the changelog, and the count of partitions


@pytest.mark.parametrize(
    ("ids", "first", "end"),
    [(IDS | {TOPICS.changelog.name: "l2"}, 0, 100), (IDS, 0, 20), (IDS, 3, 100)],
    ids=["another topic", "emptied", "begins later"],
)
def test_rows_that_are_gone_cannot_be_done_without(ids: dict[str, str], first: int, end: int) -> None:
    asked = found(Place(6, 0, 9), note=NOTED, ids=ids, changelog=Place(None, first, end))
    with pytest.raises(DataLossError, match=f"{TOPICS.changelog.name} 0 .* rows of its customers"):
        claim_of(TOPICS, asked, BASE)


def test_another_number_of_partitions_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="was written with 4 partitions, now"):
        claim_of(catalogue("brand", 8), found(Place(6, 0, 9), note=NOTED, ids=IDS), BASE)


# -- without commits


FOUND = FoundCut(14, Base(3, 4, 4, {A: 40}), any=True)


def test_without_commits_control_tells_where_to_go_on() -> None:
    asked = found(Place(None, 0, 20), {A: Place(None, 0, 90)})
    claim = found_again(TOPICS, asked, FOUND, 5, {})
    assert claim.base == Base(3, 4, 4, {A: 40})
    assert (claim.control, claim.committed, claim.positions) == (15, None, {A: 40})
    assert [loss.kind for loss in claim.losses] == ["commits"]


def test_without_commits_and_with_rows_of_the_first_cut_all_is_carried_out_again() -> None:
    claim = found_again(
        TOPICS, found(Place(None, 0, 20), {A: Place(None, 0, 90)}), FoundCut(-1, None, any=True), 1, {}
    )
    assert (claim.base, claim.control, claim.positions) == (None, 0, {A: 0})


@pytest.mark.parametrize("first", [0, 15], ids=["made anew", "cut"])
def test_without_commits_and_without_the_cut_on_control_the_accounts_tell(first: int) -> None:
    """Kafka deletes the committed offsets of a topic together with it; those of the inputs stay."""
    asked = found(Place(None, first, 20), {A: Place(35, 0, 90)})
    claim = found_again(TOPICS, asked, FoundCut(-1, None, any=bool(first)), 5, {A: 40})
    assert claim.losses == (Loss(CONTROL, 0, "chain", 5, first),)
    assert claim.base is not None
    assert (claim.base.n, claim.control, claim.positions) == (4, first, {A: 40})


# -- what is accepted


def test_what_is_not_accepted_is_refused_with_all_of_it_named() -> None:
    losses = [Loss(A, 0, "cut", 40, 47), Loss(B, 2, "anew", 9, 0)]
    with pytest.raises(DataLossError) as refused:
        Accepted([A]).check(losses)
    assert f"{B} 2 was applied up to 9" in refused.value.message
    assert A not in refused.value.message
    assert f"--accept-data-loss {B}" in refused.value.way_out
    with pytest.raises(DataLossError, match="40, and begins at 47: 7 offsets are gone"):
        Accepted().check(losses)
    Accepted([A, B]).check(losses)


def test_only_what_was_missing_at_the_start_is_accepted() -> None:
    accepted = Accepted([A])
    accepted.only([Loss(A, 0, "cut", 40, 47)])
    accepted.check([Loss(A, 0, "cut", 40, 49)])
    with pytest.raises(DataLossError, match=f"{A} 1"):
        accepted.check([Loss(A, 1, "cut", 40, 47)])
    with pytest.raises(DataLossError, match="8,500 offsets are gone"):  # another worker has settled the first
        accepted.check([Loss(A, 0, "cut", 500, 9_000)])
    accepted.settled(1)
    accepted.check([Loss(A, 0, "cut", 43, 49)])  # a cut of the former owner was carried out meanwhile
    accepted.settled(0)
    with pytest.raises(DataLossError, match="9 offsets are gone"):
        accepted.check([Loss(A, 0, "cut", 40, 49)])


def test_a_topic_that_is_made_anew_once_more_is_another_loss() -> None:
    accepted = Accepted([A])
    accepted.only([Loss(A, 0, "anew", 40, 0, "a1"), Loss(A, 1, "anew", 40, 0)])
    accepted.check([Loss(A, 0, "anew", 44, 0, "a1"), Loss(A, 1, "anew", 40, 0)])
    for other in (Loss(A, 0, "anew", 40, 0, "a2"), Loss(A, 1, "anew", 44, 0), Loss(A, 1, "cut", 40, 41)):
        with pytest.raises(DataLossError):
            accepted.check([other])


@pytest.mark.parametrize("kind", ["commits", "chain"])
def test_what_takes_the_rows_to_see_it_is_accepted_until_the_worker_is_ready(kind: str) -> None:
    def gone(number: int, newest: int = 9) -> Loss:
        return Loss(CONTROL, number, kind, newest, 0)  # type: ignore[arg-type] # the names of its kinds

    accepted = Accepted([CONTROL])
    accepted.only([])
    accepted.check([gone(0), gone(1)])
    assert not accepted.started(), "there was something to accept"
    accepted.settled(1)
    accepted.check([gone(0, 10)])  # a rebalance before the cut after it was committed
    for number in (1, 2):
        with pytest.raises(DataLossError):
            accepted.check([gone(number)])


def test_it_is_said_if_nothing_is_missing_of_what_is_accepted() -> None:
    accepted = Accepted([A])
    accepted.only([])
    assert accepted.started()
    assert not Accepted().started()
