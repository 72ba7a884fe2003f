"""Which changelog records count, what a gap means, and when a lease is over."""

import asyncio

import pytest

from agents.lane.cuts import FencedError
from agents.lane.fence import (
    LEASE_LOOK,
    MARK,
    Contiguity,
    EpochFilter,
    Gap,
    Lease,
    LeaseExpiredError,
    judge_gap,
    tombstone_headers,
)
from agents.lane.twins import Twins
from streams.wire import row
from tests.support.topics import Record

KEY = b"c-1"


def stored(offset: int, epoch: int, key: bytes = KEY) -> Record:
    return Record("changelog", 0, offset, 0, key, row.pack(epoch, 1, 1, 0, b"x", []), [])


def marker(offset: int) -> Record:
    return Record("changelog", 0, offset, 0, row.MARKER, b"owner", [])


def tombstone(offset: int, epoch: int | None) -> Record:
    return Record("changelog", 0, offset, 0, KEY, None, [] if epoch is None else tombstone_headers(epoch))


def judge(*records: Record) -> tuple[list[bool], EpochFilter]:
    epochs = EpochFilter()
    return [epochs.counts(record) for record in records], epochs


def test_rows_after_their_owners_marker_count() -> None:
    counted, epochs = judge(marker(0), stored(1, 0), marker(2), stored(3, 2))
    assert counted == [False, True, False, True]
    assert epochs.newest == 2
    assert not epochs.stale


def test_a_row_of_an_older_epoch_after_a_newer_marker_does_not_count_and_is_to_be_written_again() -> None:
    counted, epochs = judge(marker(0), marker(2), stored(3, 0))
    assert counted == [False, False, False]
    assert epochs.stale == {KEY}
    assert epochs.dropped == 1


def test_a_row_of_the_new_owner_heals_a_stale_key() -> None:
    _, epochs = judge(marker(0), marker(2), stored(3, 0), stored(4, 2))
    assert not epochs.stale


def test_after_compaction_took_the_marker_the_rows_themselves_tell_the_epoch() -> None:
    counted, _ = judge(stored(7, 5), stored(8, 0, b"c-2"))
    assert counted == [True, False]


def test_a_tombstone_of_a_fenced_owner_deletes_nothing() -> None:
    counted, epochs = judge(marker(0), marker(2), stored(3, 2), tombstone(4, 0))
    assert counted == [False, False, True, False]
    assert epochs.stale == {KEY}


@pytest.mark.parametrize("epoch", [2, None], ids=["the owner's", "a stranger's"])
def test_any_other_tombstone_counts(epoch: int | None) -> None:
    counted, _ = judge(marker(2), tombstone(4, epoch))
    assert counted == [False, True]


def test_a_mark_is_no_row() -> None:
    counted, _ = judge(marker(0), Record("changelog", 0, 1, 0, MARK, row.pack_context(0, b""), []))
    assert counted == [False, False]


def test_a_value_of_another_form_is_refused() -> None:
    with pytest.raises(row.StoredFormError):
        judge(Record("changelog", 0, 1, 0, KEY, b"\xff1234567890", []))


def test_batches_that_follow_one_another_leave_no_gap() -> None:
    offsets = Contiguity(10)
    assert offsets.acked(10, 3) is None
    assert offsets.acked(13, 1) is None


def test_a_gap_is_what_somebody_else_wrote_in_between() -> None:
    offsets = Contiguity(10)
    assert offsets.acked(15, 2) == Gap(10, 15)
    assert offsets.acked(17, 1) is None


def test_a_marker_in_a_gap_fences_the_owner() -> None:
    with pytest.raises(FencedError):
        judge_gap([stored(10, 3), marker(11)], epoch=5, twins=Twins(b""))


def test_rows_of_a_zombie_in_a_gap_are_written_again_and_own_retries_are_not() -> None:
    assert judge_gap(
        [stored(10, 3), stored(11, 5, b"mine"), tombstone(12, 3)], epoch=5, twins=Twins(b"")
    ) == {KEY}


def test_a_lease_without_contact_is_over() -> None:
    now = [100.0]
    lease = Lease(12, lambda: now[0])
    now[0] = 111
    assert not lease.over
    now[0] = 113
    assert "no contact with the group for 13.0 s, the lease is 12.0 s" in lease.over
    lease.renew(112)
    assert not lease.over


async def test_a_write_waits_for_contact_and_not_while_partitions_move() -> None:
    now = [100.0]
    lease = Lease(12, lambda: now[0])
    now[0] = 500  # an outage of the brokers
    writing = asyncio.create_task(lease.wait(lambda: True))
    await asyncio.sleep(3 * LEASE_LOOK)
    assert not writing.done()
    lease.renew()
    await asyncio.wait_for(writing, 5)
    now[0] = 900
    with pytest.raises(LeaseExpiredError, match="no contact with the group for 400"):
        await lease.wait(lambda: False)
