"""Writing the changelog: batches, acknowledgements, contiguity, repair.

The changelog is the database. Only one process may write a partition of it at a time; whoever finds records
there that are not its own either stops, because a newer owner is at work, or writes again what a zombie has
overwritten.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from streams.wire import row

from ..adapters.logs import get_logger
from .cuts import FencedError
from .fence import MARK, judge_gap, tombstone_headers
from .reader import LogReader
from .sending import NO_HEADERS, Line, Sender, Sent
from .twins import TwinError

if TYPE_CHECKING:
    from .partition import OwnedPartition

log = get_logger("lane")

JUDGED_WITHIN: Final = 2.0
"""Seconds that looking up who fenced us may take."""


class Changelog:
    """The changelog topic, as the owner of some of its partitions writes it.

    Args:
        topic: Its name.
        sender: Writes batches.
        reader: Reads gaps.
        owner: What this process writes into its markers (``twins.owner_name``).
    """

    def __init__(self, topic: str, sender: Sender, reader: LogReader, owner: bytes) -> None:
        self.topic = topic
        self.owner = owner
        self._sender = sender
        self._reader = reader

    async def claim(self, partition: int) -> int:
        """Append the marker of a new owner; returns its offset, which is the epoch."""
        sent = await self._sender.send(self.topic, partition, [(row.MARKER, self.owner, NO_HEADERS)])
        return await sent[0].offset()

    async def check(self, owned: "OwnedPartition", end: int) -> None:
        """Look whether somebody else has claimed the partition since.

        Raises:
            FencedError: if a newer owner's marker lies behind ours.
        """
        start = owned.epoch + 1
        found = await self._reader.read(self.topic, {owned.number: (start, max(start, end))})
        judge_gap(found[owned.number], owned.epoch, owned.twins)

    async def judge(self, owned: "OwnedPartition", fenced: FencedError) -> FencedError | TwinError:
        """Look who put the newer marker down: a younger process with our instance id is no mere new owner."""
        with suppress(Exception):  # the owner is fenced in any case
            place = {owned.number: (fenced.marker, fenced.marker + 1)}
            found = await asyncio.wait_for(self._reader.read(self.topic, place), JUDGED_WITHIN)
            return owned.twins.meet(found[owned.number][0].value) or fenced
        return fenced

    async def send(self, owned: "OwnedPartition", rows: Mapping[bytes, bytes | None]) -> list[Sent]:
        """Hand rows over; ``settle`` must follow before the next ``send`` for the partition."""
        return await self._sender.send(
            self.topic, owned.number, [_line(key, value, owned.epoch) for key, value in rows.items()]
        )

    async def settle(self, owned: "OwnedPartition", sent: list[Sent]) -> None:
        """Wait for the acknowledgements, and repair whatever somebody else wrote in between.

        Raises:
            FencedError: if a newer owner's marker was found.
        """
        keys = await self._settle(owned, sent)
        while keys:
            keys = await self._settle(owned, await self.send(owned, _current(owned, keys)))

    async def repair(self, owned: "OwnedPartition", keys: set[bytes]) -> None:
        """Write again what stands under these keys, under the owner's own epoch."""
        await self.settle(owned, await self.send(owned, _current(owned, keys)))

    async def mark(self, owned: "OwnedPartition") -> None:
        """Append a mark: the owner is idle and looks whether it is still alone."""
        await self.settle(owned, await self.send(owned, {MARK: row.pack_context(owned.epoch, b"")}))

    async def _settle(self, owned: "OwnedPartition", sent: list[Sent]) -> set[bytes]:
        keys: set[bytes] = set()
        for batch in sent:
            base = await batch.offset()
            gap = owned.contiguity.acked(base, batch.records)
            if gap is None:
                continue
            found = await self._reader.read(self.topic, {owned.number: (gap.start, gap.end)})
            foreign = judge_gap(found[owned.number], owned.epoch, owned.twins)
            log.warning(
                "changelog gap", partition=owned.number, start=gap.start, end=gap.end, keys=len(foreign)
            )
            keys |= foreign
        return keys


def _current(owned: "OwnedPartition", keys: set[bytes]) -> dict[bytes, bytes | None]:
    found: dict[bytes, bytes | None] = {}
    for key in sorted(keys):
        value = owned.current(key)
        found[key] = None if value is None else row.with_epoch(value, owned.epoch)
    return found


def _line(key: bytes, value: bytes | None, epoch: int) -> Line:
    return (key, value, tombstone_headers(epoch) if value is None else NO_HEADERS)
