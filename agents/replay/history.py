"""A history as the wire wants it: the events of some files in order of time, checked as the worker will."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from streams.wire.codec import decode
from streams.wire.event import human_surface
from streams.wire.reject import Rejection

from .mapping import DEFAULT_TYPE, Mapping, topic_of
from .merge import in_order, merged
from .runs import Runs
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
        streams: what a person touched by it (`streams.wire.event.human_surface`).
    """

    topic: str
    key: bytes
    value: bytes
    occurred_at: int
    line: int = 0
    streams: tuple[str, ...] = ()


Wanted = Callable[[str, str], bool]
"""Whether a row is to be read, by its customer and its type, both as the file has them."""


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
        sort: sort each file, instead of refusing one that is not in order.
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
        rows = events_of(file, how, on_bad, read)
        histories.append(_sorted(rows) if sort else in_order(file.name, rows))
    return merged(histories) if histories else iter(())


def when(event: HistoryEvent) -> int:
    """The moment of an event, in milliseconds."""
    return event.occurred_at


def _sorted(rows: Iterable[HistoryEvent]) -> Iterator[HistoryEvent]:
    """Sort rows by time; rows of one moment stay as they stood."""
    runs = Runs(HistoryEvent, key=when)
    try:
        runs.extend(rows)
        yield from runs
    finally:
        runs.close()


def events_of(
    file: HistoryFile,
    mapping: Mapping,
    on_bad: Callable[[BadRow], None] | None,
    read: ReadBytes | None,
    wanted: Wanted | None = None,
) -> Iterator[HistoryEvent]:
    """Read one file in the order in which it stands; the arguments are those of `read_history`.

    Args:
        file: to read.
        mapping: how to read CSV.
        on_bad: told of rows that are no events, instead of an error.
        read: told of bytes read.
        wanted: the rows to read; others are passed over, right or wrong. Without it, all.

    Raises:
        HistoryError: the first bad row, or an unreadable file.
    """
    for line in file.lines(read):
        try:
            event = _from_json(line, wanted) if line.json else _from_csv(line, mapping, wanted)
        except ValueError as error:
            bad = BadRow(file.name, line.number, str(error))
            if on_bad is None:
                raise HistoryError(f"{bad} (--skip-bad leaves such rows out)") from error
            on_bad(bad)
            continue
        if event is not None:
            yield event


def _from_csv(line: Line, mapping: Mapping, wanted: Wanted | None) -> HistoryEvent | None:
    fields = line.fields
    if wanted is not None and not wanted(fields["customer_id"], fields.get("type", DEFAULT_TYPE)):
        return None
    shaped = mapping.shape(line)
    key = fields["customer_id"].encode()
    return _checked(HistoryEvent(shaped.topic, key, _encode(shaped.event), shaped.occurred_at, line.number))


def _from_json(line: Line, wanted: Wanted | None) -> HistoryEvent | None:
    try:
        head = _head(line.json)
    except msgspec.MsgspecError as error:
        raise ValueError(f"no event of the wire: {error}") from error
    if wanted is not None and not wanted(head.customer_id, head.type):
        return None
    topic = topic_of(head.type, head.surface)
    at = parse_moment(head.occurred_at)
    return _checked(HistoryEvent(topic, head.customer_id.encode(), line.json, at, line.number))


def _checked(event: HistoryEvent) -> HistoryEvent:
    """Ask the worker's own decoder, so that what it would reject is known here, with its line."""
    decoded = decode(event.key, event.value, event.topic, event.occurred_at)
    if isinstance(decoded, Rejection):
        where = f" at {decoded.path}" if decoded.path else ""
        raise ValueError(f"no event of the wire ({decoded.reason}{where})")  # noqa: TRY004 - a value
    streams = human_surface(decoded)
    return event._replace(streams=streams) if streams else event
