"""A history as the wire wants it: the events of some files in order of time, checked as the worker will."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from streams.wire.codec import decode
from streams.wire.reject import Rejection

from .mapping import Mapping, topic_of
from .merge import in_order, merged, sorted_rows
from .source import BadRow, HistoryError, HistoryFile, Line, ReadBytes, parse_moment

_encode = msgspec.json.Encoder().encode


class HistoryEvent(NamedTuple):
    """One event, ready to be sent.

    Attributes:
        topic: short name of its event topic (`app`, `web`, `store`, `email`, `push`, `account`).
        key: the customer id in UTF-8.
        value: the event as JSON.
        occurred_at: milliseconds.
        line: where it stands in its file.
    """

    topic: str
    key: bytes
    value: bytes
    occurred_at: int
    line: int = 0


class _Head(msgspec.Struct):
    """What of a wire event decides where and when it goes."""

    type: str
    customer_id: str
    occurred_at: str
    surface: str | None = None


_head = msgspec.json.Decoder(_Head).decode


def read_history(
    paths: Iterable[str | Path],
    mapping: Mapping | None = None,
    *,
    sort: bool = False,
    on_bad: Callable[[BadRow], None] | None = None,
    read: ReadBytes | None = None,
) -> Iterator[HistoryEvent]:
    """Read files and merge them in order of time; rows of one moment keep their order, files theirs.

    Args:
        paths: CSV files (see `Mapping`) or JSON lines of wire events; gzip or not.
        mapping: how to read CSV; JSON lines need none.
        sort: read each file into memory and sort it, instead of refusing one that is not sorted.
        on_bad: called for each row that is no event, which is then left out; without it such a row is an
            error.
        read: told of bytes read, for a progress bar.

    Raises:
        HistoryError: the first bad row, an unsorted file, or an unreadable one; names file and line.
    """
    how = Mapping() if mapping is None else mapping
    histories = []
    for path in paths:
        file = HistoryFile(Path(path), how.all_columns())
        rows = _events(file, how, on_bad, read)
        histories.append(sorted_rows(rows) if sort else in_order(file.name, rows))
    return merged(histories) if histories else iter(())


def _events(
    file: HistoryFile, mapping: Mapping, on_bad: Callable[[BadRow], None] | None, read: ReadBytes | None
) -> Iterator[HistoryEvent]:
    for line in file.lines(read):
        try:
            event = _from_json(line) if line.json else _from_csv(line, mapping)
        except ValueError as error:
            bad = BadRow(file.name, line.number, str(error))
            if on_bad is None:
                raise HistoryError(f"{bad} (--skip-bad leaves such rows out)") from error
            on_bad(bad)
            continue
        yield event


def _from_csv(line: Line, mapping: Mapping) -> HistoryEvent:
    shaped = mapping.shape(line)
    key = line.fields["customer_id"].encode()
    return _checked(HistoryEvent(shaped.topic, key, _encode(shaped.event), shaped.occurred_at, line.number))


def _from_json(line: Line) -> HistoryEvent:
    try:
        head = _head(line.json)
    except msgspec.MsgspecError as error:
        raise ValueError(f"no event of the wire: {error}") from error
    topic = topic_of(head.type, head.surface)
    at = parse_moment(head.occurred_at)
    return _checked(HistoryEvent(topic, head.customer_id.encode(), line.json, at, line.number))


def _checked(event: HistoryEvent) -> HistoryEvent:
    """Ask the worker's own decoder, so that what it would reject is known here, with its line."""
    decoded = decode(event.key, event.value, event.topic, event.occurred_at)
    if isinstance(decoded, Rejection):
        where = f" at {decoded.path}" if decoded.path else ""
        raise ValueError(f"no event of the wire ({decoded.reason}{where})")  # noqa: TRY004 - a value
    return event
