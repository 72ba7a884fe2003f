"""What a backtest is asked to do: told to each process that does a share of it."""

from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from pathlib import Path

from streams.lapse.kinds import SILENCE
from streams.policy.model import Policy

from ..replay.mapping import Mapping

STREAM_OF: Dict[str, str] = {kind: stream for stream, kind in SILENCE.items()}
"""By kind of silence, the stream that fell silent."""


@dataclass(frozen=True)
class Task:
    """One backtest.

    Attributes:
        files: the history.
        mapping: how to read CSV.
        only: the types that are read, as the files have them; empty for all.
        skip_bad: leave rows out that are no events.
        policies: one or two.
        horizons: by stream, the silence (ms) from which on a customer counts as gone.
        since: trials before this moment (ms) are not judged; None judges all.
        kind: the kind of signal whose alarms are written.
        folder: of temporary files.
        signals: whether the signals of the first policy are kept.
        prefix: of topics, as the worker's.
        partitions: into which the customers are divided; 0 for one in each process.
    """

    files: tuple[Path, ...]
    mapping: Mapping
    policies: tuple[Policy, ...]
    horizons: Dict[str, int]
    folder: Path
    only: frozenset[str] = frozenset()
    skip_bad: bool = False
    since: int | None = None
    kind: str = "purchase_stopped"
    signals: bool = False
    prefix: str = "holdfast"
    partitions: int = 0


@dataclass
class Found:
    """What reading a share found.

    Attributes:
        events: how many.
        customers: how many.
        first: when the first of them happened (ms).
        last: when the last of them happened (ms).
        bad: rows left out: file, line, reason.
        error: the first row that ends the whole, and what is wrong with it.
    """

    events: int = 0
    customers: int = 0
    first: int = 0
    last: int = 0
    bad: list[tuple[str, int, str]] = field(default_factory=list)
    error: tuple[int, int, str] | None = None
