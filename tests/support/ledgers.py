"""The ledgers as they lie in the changelog, held against the inputs and the dead letters (I3).

Read without the worker's code: the newest ledger of each partition by the epoch rule, and the numbers in it
by their places.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from streams.timeline import Record
from streams.wire import row

LEDGER = b"\x00ledger"


class Stored(NamedTuple):
    """The account of one input partition: offsets, and records by outcome with their bytes."""

    began: int
    upto: int
    holes: int
    read: tuple[int, int]
    accepted: tuple[int, int]
    rejected: tuple[int, int]
    duplicate: tuple[int, int]
    ignored: tuple[int, int]

    @property
    def balanced(self) -> bool:
        outcomes = (self.accepted, self.rejected, self.duplicate, self.ignored)
        return self.read == (sum(n for n, _ in outcomes), sum(size for _, size in outcomes))


def ledger(changelog: Sequence[Record]) -> dict[str, Stored]:
    """The accounts of a partition by topic; none if there is no ledger."""
    newest, found = -1, None
    for record in changelog:
        if record.key == row.MARKER:
            newest = max(newest, record.offset)
        elif record.value is not None:
            epoch = row.epoch_of(record.value)
            if epoch >= newest:
                newest = epoch
                found = record.value if record.key == LEDGER else found
    if found is None:
        return {}
    _, accounts = msgspec.msgpack.decode(row.context_payload(found))
    return {topic: Stored(*numbers[:3], *_pairs(numbers[3:])) for topic, numbers in accounts.items()}


def wrong(
    accounts: Mapping[str, Stored],
    inputs: Mapping[str, Sequence[Record]],
    letters: Mapping[str, Sequence[Record]],
    reached: Mapping[str, int],
) -> list[str]:
    """What does not agree, in words.

    Args:
        accounts: By topic.
        inputs: The records of the partition by topic.
        letters: The records among them that lie on the rejects topic.
        reached: How far the committed cuts read each topic of which they named a record.
    """
    upto = {topic: account.upto for topic, account in accounts.items()}
    found = [
        f"{topic}: the cuts reach {end}, the ledger {upto.get(topic)}"
        for topic, end in reached.items()
        if upto.get(topic, -1) < end
    ]
    for topic, account in accounts.items():
        there = [r for r in inputs[topic] if account.began <= r.offset < account.upto]
        rejected = [r for r in letters.get(topic, ()) if account.began <= r.offset < account.upto]
        holes = account.upto - account.began - len(there)
        wanted = (_total(there), _total(rejected), holes)
        if wanted != (account.read, account.rejected, account.holes) or not account.balanced:
            found.append(f"{topic}: there are {wanted}, the ledger has {account}")
    return found


def _total(records: Sequence[Record]) -> tuple[int, int]:
    return len(records), sum(len(r.key or b"") + len(r.value or b"") for r in records)


def _pairs(numbers: Sequence[Any]) -> Iterator[tuple[int, int]]:
    return zip(numbers[::2], numbers[1::2], strict=True)
