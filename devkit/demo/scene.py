"""What the demo knows of what is going on: filled by those who read, drawn by those who show."""

import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from streams.wire.command import Command
from streams.wire.signal import Signal
from streams.wire.times import DAY
from streams.wording import command_sentence, signal_sentence

REMEMBERED = 200
"""Newest signals and commands kept for the screen: more than the tallest terminal has lines."""

_CAUSES = 20_000
"""Signals kept as reasons of commands that may still come: a history of a large shop opens far more."""

_RATE_OVER = 3.0
"""Seconds over which the rate is taken."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What does not change while the demo runs.

    Attributes:
        title: whose events these are.
        broker: what they flow through.
        since: event time (ms) at which it begins.
        until: event time (ms) at which it ends.
    """

    title: str
    broker: str
    since: int
    until: int


@dataclass(frozen=True, slots=True)
class Told:
    """One line of news: when it became true (ms), its sentence, and what kind of news it is."""

    at: int
    sentence: str
    tone: str


@dataclass(frozen=True, slots=True)
class PartitionState:
    """How far the worker is: the partition's time (ms), and the records that wait to be applied."""

    number: int
    at: int
    lag: int


@dataclass(slots=True)
class Opening:
    """One episode, from what the signals say. Times in ms; ``ended_at`` is None while it is open."""

    customer_id: str
    kind: str
    started_at: int
    at: int
    ended_at: int | None = None
    ended: str = ""


@dataclass(slots=True)
class Scene:
    """Everything that is shown.

    Attributes:
        frame: what does not change.
        clock: seconds, monotonic.
        events: sent so far.
        at: how far event time has come (ms).
        ticks: said so far.
        phase: what is happening, in a few words.
        episodes: all that were opened, by id, in order of arrival.
        commands: counts by (channel, action).
        repeats: signals and commands that came again with the same id.
        missed: records that the broker had dropped before they were read.
    """

    frame: Frame
    clock: Callable[[], float] = time.monotonic
    events: int = 0
    at: int = 0
    ticks: int = 0
    phase: str = "starting"
    episodes: dict[str, Opening] = field(default_factory=dict)
    signals: Counter[tuple[str, str]] = field(default_factory=Counter)
    commands: Counter[tuple[str, str]] = field(default_factory=Counter)
    repeats: int = 0
    missed: int = 0
    partitions: Sequence[PartitionState] = ()
    newest_signals: deque[Told] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    first_signal_after: float | None = None
    _newest_commands: deque[Command] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    _causes: dict[str, Signal] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)
    _samples: deque[tuple[float, int]] = field(default_factory=deque)
    _started: float | None = None

    def begins(self) -> None:
        """Note that from now on events flow."""
        self.at, self._started, self.phase = self.frame.since, self.clock(), "playing"

    @property
    def seconds(self) -> float:
        """Since events flow."""
        return 0.0 if self._started is None else self.clock() - self._started

    @property
    def day(self) -> int:
        """Which day of the history it is, from 1."""
        return min(max(0, self.at - self.frame.since) // DAY + 1, self.days)

    @property
    def days(self) -> int:
        """How many days the history has."""
        return max(1, -(-(self.frame.until - self.frame.since) // DAY))

    @property
    def share(self) -> float:
        """How much of the history is played, 0 to 1."""
        whole = max(1, self.frame.until - self.frame.since)
        return min(1.0, max(0.0, (self.at - self.frame.since) / whole))

    def ticked(self, at: int) -> None:
        """Note that all partitions know that it is `at` (ms)."""
        self.at = at
        self.ticks += 1

    def rate(self) -> float:
        """Events a second, over the last seconds; call it as often as the screen is drawn."""
        now = self.clock()
        self._samples.append((now, self.events))
        while self._samples[0][0] < now - _RATE_OVER:
            self._samples.popleft()
        (then, before), passed = self._samples[0], now - self._samples[0][0]
        return (self.events - before) / passed if then < now else 0.0

    def open_by_kind(self) -> list[tuple[str, int]]:
        """Open episodes, most first."""
        return Counter(e.kind for e in self.episodes.values() if e.ended_at is None).most_common()

    def signal(self, signal: Signal) -> None:
        """Take a signal in; one that came before is counted and dropped."""
        if self._is_repeat(signal.id):
            return
        if self.first_signal_after is None:
            self.first_signal_after = self.seconds
        self.signals[signal.kind, signal.action] += 1
        if signal.action == "opened":
            self._remember(signal)
            opening = Opening(signal.customer_id, signal.kind, signal.started_at, signal.at)
            self.episodes[signal.episode] = opening
        elif (episode := self.episodes.get(signal.episode)) is not None:
            episode.ended_at, episode.ended = signal.at, signal.reason or signal.action
        self.newest_signals.appendleft(Told(signal.at, signal_sentence(signal), signal.action))

    def command(self, command: Command) -> bool:
        """Take a command in; tell whether it is new."""
        if self._is_repeat(command.id):
            return False
        self.commands[command.channel, command.action] += 1
        self._newest_commands.appendleft(command)
        return True

    def newest_commands(self, most: int = REMEMBERED) -> list[Told]:
        """The newest commands with their reasons; a signal may arrive after the command that answers it."""
        newest = [command for command, _ in zip(self._newest_commands, range(most), strict=False)]
        return [Told(c.at, command_sentence(c, self._causes.get(c.signal or "")), c.action) for c in newest]

    def _remember(self, cause: Signal) -> None:
        self._causes[cause.id] = cause
        if len(self._causes) > _CAUSES:
            del self._causes[next(iter(self._causes))]  # the oldest: a dict keeps its order

    def _is_repeat(self, id_: str) -> bool:
        if id_ in self._seen:
            self.repeats += 1
            return True
        self._seen.add(id_)
        return False
