"""What was delivered to a customer on one channel, and what they answered.

Deliveries and answers of the last weeks are kept one by one, in the order in which they occurred, so that
what arrives late finds its place and nothing depends on the order of arrival. Older ones are *folded* into
sums. A delivery or an answer costs 8 bytes, and a channel keeps so many (``most``) at most.

Each send is judged once, by what came within ``window`` after its delivery: a reaction (a click or a
human open) or a conversion, attributed or not. Of the sends whose window a reaction falls into it answers the
one that carries its message id, else the newest: not every service tells the same id twice. One that falls
into no window answers none, and still is a sign that the customer listens. A send that was ignored between
the last reaction before a yes and that yes was given up with the no: it counts no more.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from typing import TYPE_CHECKING, Final, NamedTuple
from zlib import crc32

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DELIVERED: Final = 0
OURS: Final = 1
REACTED: Final = 2
CONVERTED: Final = 3
REACHED: Final = 4
"""Kinds of entries: a delivery; the delivery of what we commanded; a reaction; a purchase, which answers any
send; and the goal of a play, which answers only what we commanded."""

REPEATED: Final = 0
APPENDED: Final = 1
INSERTED: Final = 2
"""What became of an entry: it was known, it is the newest, or it came late."""

_TAG: Final = 12
_KIND: Final = 15
"""An entry is its moment (ms), its kind (3 bits) and a hash of the message id (12 bits, 0 for none)."""

_SIZE: Final = 8
_ONE: Final = struct.Struct("<q")
_FORMS: Final = tuple(struct.Struct(f"<{number}q") for number in range(64))


Span = tuple[int, int, int]
"""``window``: for how long after its delivery a send may be answered (ms). ``kept``: entries older than the
newest one by more (ms) are folded; not less than the window. ``most``: so many entries are kept."""


class Exposure(msgspec.Struct, array_like=True, gc=False):
    """What one channel remembers. Moments are in ms, 0 for never.

    Attributes:
        sent: deliveries ever, those of the log included.
        first: the earliest of them.
        answered: sends that were answered in time, folded.
        ignored: sends that were not, folded, before ``last_reaction``.
        run: the same after it, and ``run_from`` the first of these.
        others: human reactions that answer no send in time, folded.
        last_reaction: the newest reaction to what is folded.
        folded_to: the newest folded entry.
        due_at: when ``streams.lapse`` wants to look at this channel again.
        log: the entries that are kept, in order.
    """

    sent: int = 0
    first: int = 0
    answered: int = 0
    ignored: int = 0
    run: int = 0
    run_from: int = 0
    others: int = 0
    last_reaction: int = 0
    folded_to: int = 0
    due_at: int = 0
    log: bytes = b""


class Heard(NamedTuple):
    """A channel's history as it is known now.

    Attributes:
        answered: sends that were answered in time.
        others: human reactions besides those.
        ignored: sends that were not answered, up to the last reaction, without those that were given up.
        last_reaction: its moment (ms), 0 where nobody ever reacted.
        run: sends ignored since, that are folded; ``run_from`` (ms) is the first of them.
        sends: the moments (ms) of the later ones, in order.
        before: deliveries ever, before the first of ``sends``.
    """

    answered: int
    others: int
    ignored: int
    last_reaction: int
    run: int
    run_from: int
    sends: Sequence[int]
    before: int


def put(x: Exposure, kind: int, at: int, message_id: str | None, span: Span, since: int = 0) -> int:
    """Take in a delivery or an answer at ``at`` (ms); it may come late. Sends count from ``since`` (ms) on.

    Returns:
        ``APPENDED``, ``INSERTED``, or ``REPEATED`` for an answer that is known. A delivery counts each time.
    """
    entry = (at << 3 | kind) << _TAG | (_tag(message_id) if kind <= REACTED else 0)
    log = x.log
    newest = _ONE.unpack_from(log, len(log) - _SIZE)[0] if log else entry - 1
    if kind <= OURS:
        x.first = min(x.first, at) if x.sent else at
        x.sent += 1
    elif at <= x.last_reaction or (kind > REACTED and at <= x.folded_to):
        return REPEATED
    if entry > newest:
        x.log = log + _ONE.pack(entry)
        _fold(x, at, span, since)
        return APPENDED
    if at < x.folded_to:
        _fold_late(x, kind, at, since)
        return INSERTED
    entries = entries_of(log)
    place = bisect_left(entries, entry)
    if kind > OURS and entries[place] == entry:
        return REPEATED
    entries.insert(place, entry)
    x.log = _packed(entries)
    _fold(x, newest >> _KIND, span, since)
    return INSERTED


def read(x: Exposure, since: int, window: int) -> Heard:
    """The history of a channel whose sends count from ``since`` (ms) on."""
    answered, others, last = x.answered, x.others, x.last_reaction
    heard = last  # the newest reaction up to ``since``
    sends: list[list[int]] = []
    for entry in entries_of(x.log):
        at, kind = entry >> _KIND, entry >> _TAG & 7
        if kind <= OURS:
            sends.append([at, entry & 0xFFF, 0, kind])
        elif kind > REACTED:
            for send in _within(sends, at, window):
                if kind == CONVERTED or send[3] == OURS:
                    send[2], last = 1, max(last, at)
        else:
            last = max(last, at)
            to = _addressee(_within(sends, at, window), entry & 0xFFF)
            if to is None:
                others += 1
            else:
                to[2] = 1
        heard = last if at <= since else heard
    start = max(last, since)
    run = [at for at, _, _, _ in sends if at > start]
    folded = x.run if since < x.run_from or heard > x.last_reaction else 0
    kept = folded if last == x.last_reaction else 0
    answered_here = sum(send[2] for send in sends)
    given_up = sum(heard < at <= since and not answer for at, _, answer, _ in sends)
    ignored = x.ignored + folded - kept + len(sends) - len(run) - answered_here - given_up
    return Heard(answered + answered_here, others, ignored, last, kept, x.run_from, run, x.sent - len(run))


def ignored_at_most(x: Exposure) -> int:
    """An upper bound of the sends ignored in a row, cheaply: those since the newest reaction."""
    number = 0
    for entry in reversed(entries_of(x.log)):
        kind = entry >> _TAG & 7
        if kind == REACTED:
            return number
        number += kind <= OURS
    return number + x.run


def has_listened(x: Exposure) -> bool:
    """Whether there was ever an answer, or a purchase that may be one."""
    return bool(x.answered or x.others) or any(entry >> _TAG & 7 > OURS for entry in entries_of(x.log))


def deliveries(x: Exposure) -> Iterator[int]:
    """The moments (ms) of the deliveries that are kept, in order."""
    return (entry >> _KIND for entry in entries_of(x.log) if entry >> _TAG & 7 <= OURS)


def entries_of(log: bytes) -> list[int]:
    """The entries of a log."""
    number = len(log) // _SIZE
    form = _FORMS[number] if number < len(_FORMS) else struct.Struct(f"<{number}q")
    return list(form.unpack(log))


def _packed(entries: Sequence[int]) -> bytes:
    """A log of these entries."""
    return struct.pack(f"<{len(entries)}q", *entries)


def _tag(message_id: str | None) -> int:
    """A message id as a log has it: two of a few dozen hardly ever are the same."""
    return crc32(message_id.encode()) % 0xFFF + 1 if message_id is not None else 0


def _within(sends: Sequence[list[int]], at: int, window: int) -> list[list[int]]:
    """The sends whose window an answer at ``at`` lies in."""
    return [send for send in sends if at - send[0] <= window]


def _addressee(sends: Sequence[list[int]], tag: int) -> list[int] | None:
    """The send that a reaction with this tag answers, of those whose window it falls into."""
    for send in reversed(sends):
        if send[1] == tag:
            return send
    return sends[-1] if sends else None


def _fold(x: Exposure, newest: int, span: Span, since: int) -> None:
    """Fold what is too old or too much."""
    log, (window, kept, most) = x.log, span
    if len(log) <= most * _SIZE and _ONE.unpack_from(log)[0] >> _KIND >= newest - kept:
        return
    entries = entries_of(log)
    while len(entries) > most or entries[0] >> _KIND < newest - kept:
        _fold_first(x, entries, window, since)
    x.log = _packed(entries)


def _fold_first(x: Exposure, entries: list[int], window: int, since: int) -> None:
    """Move the oldest entry into the sums; a send takes the reactions that answer it along."""
    entry = entries.pop(0)
    at, kind = entry >> _KIND, entry >> _TAG & 7
    x.folded_to = at
    if kind == REACTED:
        x.others += 1
        _react(x, at, since)
    elif kind <= OURS:
        answers = _answers(entries, entry, window)
        if answers:
            x.answered += 1
            _react(x, max(answer >> _KIND for answer in answers), since)
            entries[:] = [e for e in entries if e not in answers or e >> _TAG & 7 != REACTED]
        elif at > x.last_reaction:
            if not x.run or x.run_from <= since < at:  # what was given up is no part of this run
                x.run, x.run_from = 0, at
            x.run += 1
        else:
            x.ignored += 1


def _answers(entries: Sequence[int], send: int, window: int) -> list[int]:
    """The answers to a send among what came after it: in time, and of no later send."""
    until, ours, tag = (send >> _KIND) + window, send >> _TAG & 7 == OURS, send & 0xFFF
    answers, later = [], set[int]()
    for entry in entries:
        if entry >> _KIND > until:
            break
        kind, other = entry >> _TAG & 7, entry & 0xFFF
        if kind <= OURS:
            later.add(other)
        elif kind == REACTED:
            if not later or (other == tag and tag not in later):
                answers.append(entry)
        elif kind == CONVERTED or ours:
            answers.append(entry)
    return answers


def _react(x: Exposure, at: int, since: int) -> None:
    """A reaction at ``at`` (ms) ends the run of what is folded: all of that was before it."""
    x.last_reaction = max(x.last_reaction, at)
    if at <= since or since < x.run_from:
        x.ignored += x.run
    x.run = x.run_from = 0


def _fold_late(x: Exposure, kind: int, at: int, since: int) -> None:
    """What is older than all that is kept only counts."""
    if kind <= OURS:
        x.ignored += 1
    elif kind == REACTED:
        x.others += 1
        _react(x, at, since)
