"""Of two processes with one instance id the elder ends, and only the elder."""

from collections.abc import Sequence

import pytest

from agents.lane.fence import judge_gap
from agents.lane.twins import TwinError, Twins, owner_name
from streams.wire import row
from tests.support.topics import Record


def told(owner: bytes, markers: Sequence[bytes | None]) -> TwinError | None:
    """What a process makes of the markers of a partition; the first answer counts."""
    twins = Twins(owner)
    return next((answer for marker in markers if (answer := twins.meet(marker)) is not None), None)


def test_the_elder_ends_with_64_and_the_younger_goes_on_whoever_took_over_last() -> None:
    history = [b"one/elder", b"one/younger", b"one/elder"]
    found = told(b"one/elder", history)
    assert found is not None
    assert found.exit_code == 64
    assert "another process has the kafka.instance_id one as well" in str(found)
    assert told(b"one/younger", history) is None


def test_a_process_that_is_started_again_meets_only_elders() -> None:
    assert told(b"one/c", [b"one/a", b"one/b", b"one/a", b"one/c"]) is None


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(b"one/1", b"two/2"), (b"/1", b"/2"), (b"one/1", b"one/1"), (b"one/1", None), (b"one/1", b"what")],
    ids=["another id", "no id", "itself", "no value", "a marker of another version"],
)
def test_whoever_has_another_id_or_none_is_no_twin(ours: bytes, theirs: bytes | None) -> None:
    assert told(ours, [ours, theirs]) is None


def test_a_younger_twin_s_marker_in_a_gap_is_told_from_a_new_owner_s() -> None:
    twins = Twins(b"one/1")
    twins.meet(b"one/1")
    with pytest.raises(TwinError):
        judge_gap([Record("changelog", 0, 11, 0, row.MARKER, b"one/2", [])], 5, twins)


def test_every_process_has_a_name_of_its_own() -> None:
    assert owner_name("a/b").startswith(b"a/b/")
    assert owner_name("one") != owner_name("one")
    assert owner_name(None).startswith(b"/")
