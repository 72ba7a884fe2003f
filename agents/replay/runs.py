"""Sorts more than memory holds: what is put in comes out in order of a key, by way of a temporary file.

Items are kept in memory up to a number; then they are sorted and leave for the file as a *run*, in blocks.
What is in order already makes one long run, so that a sorted history is only written and read once. What
fits into memory never touches the disk.
"""

from collections.abc import Callable, Iterable, Iterator
from heapq import merge
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Generic, TypeVar

import msgspec

HELD = 200_000
"""Items in memory before a run is written: some 100 MB of events."""
BLOCK = 500
"""Items that are read of a run at once."""

T = TypeVar("T")

_encode = msgspec.msgpack.Encoder().encode


class Runs(Generic[T]):
    """Takes items in any order, gives them back in order; items of one key stay as they came.

    Args:
        kind: what an item is, for msgspec: a NamedTuple or a Struct of plain values.
        key: by what they are ordered.
        folder: where the temporary file goes; the system's choice without.
        held: items kept in memory.
    """

    def __init__(
        self, kind: type[T], key: Callable[[T], Any], folder: Path | None = None, held: int = HELD
    ) -> None:
        self._decode = msgspec.msgpack.Decoder(list[kind]).decode  # type: ignore[valid-type]  # msgspec's way
        self._key, self._folder, self._held = key, folder, held
        self._items: list[T] = []
        self._runs: list[list[tuple[int, int]]] = []
        self._newest: Any = None
        self._file: Any = None
        self.count = 0

    def add(self, item: T) -> None:
        """Put one in."""
        self._items.append(item)
        self.count += 1
        if len(self._items) >= self._held:
            self._spill()

    def extend(self, items: Iterable[T]) -> None:
        """Put some in."""
        for item in items:
            self.add(item)

    def __iter__(self) -> Iterator[T]:
        """Give all that was put in, in order; once, and nothing may be put in afterwards."""
        self._items.sort(key=self._key)
        if not self._runs:
            return iter(self._items)
        return merge(*map(self._read, self._runs), iter(self._items), key=self._key)

    def close(self) -> None:
        """Let the temporary file go."""
        if self._file is not None:
            self._file.close()

    def _spill(self) -> None:
        """Write what is held as a run, or as the end of the run before if it begins behind that."""
        items, self._items = self._items, []
        items.sort(key=self._key)
        if self._file is None:
            self._file = TemporaryFile(dir=self._folder)  # noqa: SIM115 - `close` closes it
        if not self._runs or self._key(items[0]) < self._newest:
            self._runs.append([])
        self._newest = self._key(items[-1])
        blocks, rest = self._runs[-1], iter(items)
        while block := list(islice(rest, BLOCK)):
            data = _encode(block)
            blocks.append((self._file.tell(), len(data)))
            self._file.write(data)

    def _read(self, blocks: Iterable[tuple[int, int]]) -> Iterator[T]:
        for place, size in blocks:
            self._file.seek(place)
            yield from self._decode(self._file.read(size))


def write_items(path: Path, items: Iterable[object]) -> None:
    """Write items in the order in which they come, to be read with `read_items`."""
    rest = iter(items)
    with path.open("wb") as file:
        while block := list(islice(rest, BLOCK)):
            data = _encode(block)
            file.write(len(data).to_bytes(4, "little"))
            file.write(data)


def read_items(path: Path, kind: type[T]) -> Iterator[T]:
    """Read what `write_items` wrote, some at a time."""
    decode = msgspec.msgpack.Decoder(list[kind]).decode  # type: ignore[valid-type]  # msgspec's way
    with path.open("rb") as file:
        while size := file.read(4):
            yield from decode(file.read(int.from_bytes(size, "little")))
