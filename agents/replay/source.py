"""Reads history files line by line: CSV or JSON lines, gzip or not, told apart by content, never by name."""

import csv
import gzip
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:  # in the standard library from Python 3.12 on
    from typing_extensions import Buffer

from ..errors import CommandFailedError

_GZIP = b"\x1f\x8b"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

ReadBytes = Callable[[int], None]
"""Told how many bytes of a file, as it lies on disk, have been read since the last call."""


class HistoryError(CommandFailedError):
    """A history that cannot be used as it is; the message names file and line, and says what to do."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that is no event: where it stands, and what is wrong with it."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


class Line(NamedTuple):
    """One row of a file: the number of its first line, and its fields by column, or its bytes if JSON."""

    number: int
    fields: dict[str, str]
    json: bytes


class HistoryFile:
    """One file of a history.

    Args:
        path: where it lies.
        columns: our column names and what this file calls them; only `amount` may be missing from the file.
    """

    def __init__(self, path: Path, columns: dict[str, str]) -> None:
        self.path, self._columns = path, columns

    @property
    def name(self) -> str:
        """How messages call it."""
        return str(self.path)

    def lines(self, read: ReadBytes | None = None) -> Iterator[Line]:
        """Read the rows in the order in which they stand.

        Raises:
            HistoryError: the file cannot be opened or decoded, or its header lacks a column.
        """
        try:
            with self.path.open("rb") as raw:
                yield from self._rows(_Counted(raw, read), raw)
        except (OSError, EOFError) as error:  # a truncated gzip file is an EOFError
            raise HistoryError(f"{self.name}: cannot be read: {error}") from error

    def _rows(self, counted: "_Counted", raw: IO[bytes]) -> Iterator[Line]:
        start = raw.read(2)
        raw.seek(0)
        plain = gzip.GzipFile(fileobj=cast("IO[bytes]", counted)) if start == _GZIP else counted
        stream = io.BufferedReader(cast("io.RawIOBase", plain), 1 << 16)
        if stream.peek(64).lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
            yield from _json_lines(stream)
        else:
            yield from self._csv_rows(cast("IO[bytes]", stream))

    def _csv_rows(self, stream: IO[bytes]) -> Iterator[Line]:
        reader = csv.reader(io.TextIOWrapper(stream, encoding="utf-8-sig", newline=""))
        first = 1
        try:
            places = self._places(next(reader, []))
            first = reader.line_num + 1
            for row in reader:
                if row:
                    found = {name: row[at].strip() if at < len(row) else "" for name, at in places.items()}
                    yield Line(first, found, b"")
                first = reader.line_num + 1
        except UnicodeDecodeError as error:
            raise HistoryError(
                f"{self.name}:{first}: not UTF-8 from about here; convert the file first"
            ) from error
        except csv.Error as error:
            raise HistoryError(f"{self.name}:{first}: no CSV: {error}") from error

    def _places(self, header: list[str]) -> dict[str, int]:
        names = [name.strip() for name in header]
        places = {ours: names.index(theirs) for ours, theirs in self._columns.items() if theirs in names}
        lacking = [ours for ours in self._columns if ours not in places and not self._optional(ours)]
        if lacking:
            wanted = lacking[0]
            raise HistoryError(
                f"{self.name}:1: no column {self._columns[wanted]!r} for {wanted}; the header has "
                f"{', '.join(names) or 'nothing'}. Name the column: --map {wanted}=COLUMN"
            )
        return places

    def _optional(self, ours: str) -> bool:
        """Say whether the file may lack this column: amounts, and types where all rows are of one type."""
        return ours in {"amount", "type"} and self._columns[ours] == ours


class _Counted(io.RawIOBase):
    """A raw file that reports how far it was read, so that progress can be shown for compressed files too."""

    def __init__(self, raw: IO[bytes], read: ReadBytes | None) -> None:
        self._raw, self._read = raw, read

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "Buffer") -> int:
        view = memoryview(buffer).cast("B")
        data = self._raw.read(len(view))
        view[: len(data)] = data
        if self._read is not None:
            self._read(len(data))
        return len(data)


def _json_lines(stream: Iterable[bytes]) -> Iterator[Line]:
    for number, line in enumerate(stream, start=1):
        text = line.strip().removeprefix(b"\xef\xbb\xbf") if number == 1 else line.strip()
        if text:
            yield Line(number, {}, text)


def parse_moment(text: str) -> int:
    """Read a time as people write them in files, in milliseconds since 1970.

    Args:
        text: ISO 8601, with or without a time of day; without an offset it is taken as UTC.

    Raises:
        ValueError: it is none.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"no time: {text!r}; ISO 8601 is wanted, such as 2026-11-21T10:00:00Z") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - _EPOCH
    return since.days * 86_400_000 + since.seconds * 1000 + since.microseconds // 1000
