"""What a policy said on the way: signals by kind and day, how long until a return, messages, alarms."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from streams.timeline import Effect
from streams.wire.times import DAY, parse_time

from ..replay.runs import Runs
from .task import STREAM_OF
from .trials import Trials

OPEN: Final = 0
"""A moment that has not come."""


class Said(msgspec.Struct):
    """The fields of a signal that are counted."""

    action: str
    kind: str
    customer_id: str
    episode: str
    at: str
    seq: int
    channel: str | None = None
    reason: str | None = None


class _Sent(msgspec.Struct):
    """The fields of a command that are counted."""

    action: str
    channel: str


class Line(NamedTuple):
    """A signal as it was published: the tick that brought it (ms), whose it is, its place, its value."""

    tick: int
    customer: bytes
    seq: int
    value: bytes


class Alarm(NamedTuple):
    """An episode of the kind asked for; ``cleared_at`` is `OPEN` if it stands at the end."""

    alarm_at: int
    customer: str
    cleared_at: int


class Opening(NamedTuple):
    """A signal that opened, to be compared with what the other policy said to that customer."""

    customer: str
    policy: int
    kind: str
    channel: str
    at: int


class Counts(NamedTuple):
    """What adds up over shares.

    Attributes:
        signals: by policy, kind, action and reason.
        days: by policy, kind, action and day since 1970 of ``at``.
        customers: who had such a signal, by policy and kind.
        returns: by policy, kind, how it ended (``returned``, ``ended``, ``open``) and days since it opened.
        sends: by policy and channel.
        sends_each: by policy and number of messages, how many customers were sent so many.
    """

    signals: Counter[tuple[int, str, str, str]]
    days: Counter[tuple[int, str, str, int]]
    customers: Counter[tuple[int, str]]
    returns: Counter[tuple[int, str, str, int]]
    sends: Counter[tuple[int, str]]
    sends_each: Counter[tuple[int, int]]

    def add(self, other: "Counts") -> None:
        """Take the counts of another share in."""
        self.signals.update(other.signals)
        self.days.update(other.days)
        self.customers.update(other.customers)
        self.returns.update(other.returns)
        self.sends.update(other.sends)
        self.sends_each.update(other.sends_each)


def nothing() -> Counts:
    """Counts of nobody."""
    return Counts(Counter(), Counter(), Counter(), Counter(), Counter(), Counter())


_SIGNALS: Final = ".signals.v1"
_said: Final = msgspec.json.Decoder(Said).decode
_sent: Final = msgspec.json.Decoder(_Sent).decode


class Ear:
    """Listens to one policy on one share.

    Args:
        policy: its number.
        kind: whose alarms are kept.
        folder: of temporary files.
        keep: whether signals are kept as they are.
    """

    def __init__(self, policy: int, kind: str, folder: Path, *, keep: bool) -> None:
        self._policy, self._kind, self._keep = policy, kind, keep
        self.counts = nothing()
        self.lines = Runs(Line, key=_place, folder=folder)
        self.alarms = Runs(Alarm, key=_itself, folder=folder)
        self.openings = Runs(Opening, key=_itself, folder=folder)
        self._open: dict[str, tuple[str, str, int]] = {}
        self._kinds: set[tuple[bytes, str]] = set()
        self._sends: Counter[bytes] = Counter()

    def hear(self, tick: int, effects: Iterable[Effect]) -> list[tuple[int, str, bytes]]:
        """Count what a tick brought.

        Returns:
            The silences that opened: when (ms), on which stream, whose; to be told to `Trials` in order.
        """
        opened = []
        for effect in effects:
            if not effect.topic.endswith(_SIGNALS):
                self._command(effect)
                continue
            said = _said(effect.value)
            at = parse_time(said.at)
            if self._keep:
                self.lines.add(Line(tick, effect.key, said.seq, effect.value))
            self._signal(effect.key, said, at)
            if said.action == "opened" and said.kind in STREAM_OF:
                opened.append((at, STREAM_OF[said.kind], effect.key))
        return opened

    def finish(self, end: int) -> None:
        """The data end at ``end`` (ms): what is open stays so."""
        for customer, kind, at in self._open.values():
            self.counts.returns[self._policy, kind, "open", max(end - at, 0) // DAY] += 1
            if kind == self._kind:
                self.alarms.add(Alarm(at, customer, OPEN))
        for _, kind in self._kinds:
            self.counts.customers[self._policy, kind] += 1
        for number in self._sends.values():
            self.counts.sends_each[self._policy, number] += 1

    def _command(self, effect: Effect) -> None:
        sent = _sent(effect.value)
        if sent.action == "send":
            self.counts.sends[self._policy, sent.channel] += 1
            self._sends[effect.key] += 1

    def _signal(self, key: bytes, said: Said, at: int) -> None:
        self.counts.signals[self._policy, said.kind, said.action, said.reason or ""] += 1
        self.counts.days[self._policy, said.kind, said.action, at // DAY] += 1
        if said.action == "opened":
            self._open[said.episode] = (said.customer_id, said.kind, at)
            self._kinds.add((key, said.kind))
            self.openings.add(Opening(said.customer_id, self._policy, said.kind, said.channel or "", at))
            return
        customer, kind, opened_at = self._open.pop(said.episode)
        ended = "returned" if said.reason == "returned" else "ended"
        self.counts.returns[self._policy, kind, ended, max(at - opened_at, 0) // DAY] += 1
        if kind == self._kind:
            self.alarms.add(Alarm(opened_at, customer, max(at, opened_at)))


def tell(
    trials: Trials,
    acts: Iterable[tuple[int, tuple[str, ...], bytes]],
    opened: list[list[tuple[int, str, bytes]]],
) -> None:
    """Tell the trials what one tick brought, in order of time; an alarm goes before an act of its moment."""
    if not any(opened):
        for at, streams, key in acts:
            trials.act(key, streams, at)
        return
    alarms = [(at, policy, stream, key) for policy, some in enumerate(opened) for at, stream, key in some]
    alarms.sort()
    place = 0
    for at, streams, key in acts:
        while place < len(alarms) and alarms[place][0] <= at:
            _tell_alarm(trials, alarms[place])
            place += 1
        trials.act(key, streams, at)
    for alarm in alarms[place:]:
        _tell_alarm(trials, alarm)


def _tell_alarm(trials: Trials, alarm: tuple[int, int, str, bytes]) -> None:
    at, policy, stream, key = alarm
    trials.alarm(policy, stream, key, at)


def _place(line: Line) -> tuple[int, bytes, int]:
    return line.tick, line.customer, line.seq


def _itself(item: tuple[object, ...]) -> tuple[object, ...]:
    return item
