"""The course of a soak: load, kills, samples; and what they come to."""

import re
import time
from dataclasses import dataclass, field
from typing import NamedTuple

from devkit.bench import steady
from devkit.bench.ground import Ground
from devkit.bench.latency import load
from devkit.bench.load import known, now, send
from devkit.bench.machine import cpu_seconds, descriptors, resident_mib
from devkit.bench.member import Member, wait_until
from devkit.bench.report import Row
from devkit.broker import Child
from devkit.broker.records import committed, ends, open_reader
from streams.tables import app_id
from streams.wire.times import HOUR

SHOWN = ("MiB", "descriptors", "lag", "cores")
_SENT = re.compile(r"sent (\d+)")
_SETTLE_SECONDS = 300.0


class Plan(NamedTuple):
    """How long (seconds), how much, and how often what happens."""

    seconds: float
    rate: int
    customers: int
    kill_every: float
    sample_every: float

    def said(self) -> str:
        """In words."""
        kills = f"a SIGKILL every {self.kill_every:.0f} s" if self.kill_every else "no kills"
        return (
            f"{self.seconds / 60:g} minutes at {self.rate:,} events/s over {self.customers:,} customers, "
            f"{kills}; orders answered by commands, opt-outs, lapses of shop visitors"
        )


@dataclass
class Course:
    """What happened.

    Attributes:
        settling: age (s) from which on a process counts for the slope of the memory.
        samples: each with the minute, the life and its age, and what `SHOWN` names; no lag while it recovers.
        kills: minutes.
        ready: seconds from the start of each life to its being ready.
        sent: events.
        settled: seconds from the end of the load until all was committed.
    """

    settling: float
    samples: list[Row] = field(default_factory=list)
    kills: list[float] = field(default_factory=list)
    ready: list[float] = field(default_factory=list)
    sent: int = 0
    settled: float = 0.0

    def lives(self) -> list[Row]:
        """A row for each life of the worker."""
        rows = []
        for life, ready in enumerate(self.ready):
            mine = [sample for sample in self.samples if sample["life"] == life]
            lags = [sample["lag"] for sample in mine if "lag" in sample]
            if mine:
                rows.append(
                    {
                        "life": life + 1,
                        "ready after s": round(ready, 1),
                        "MiB at its end": mine[-1]["MiB"],
                        "descriptors": mine[-1]["descriptors"],
                        "largest lag": max(lags, default=None),
                        "lag at its end": lags[-1] if lags else None,
                        "cores": round(sum(sample["cores"] for sample in mine) / len(mine), 2),
                    }
                )
        return rows

    def slope(self) -> float:
        """MiB in ten minutes, by least squares over processes that have settled; 0 with too few samples."""
        points = [(s["minute"] / 10, s["MiB"]) for s in self.samples if s["age"] >= self.settling]
        if len(points) < 3:
            return 0.0
        x, y = (sum(values) / len(points) for values in zip(*points, strict=True))
        return float(sum((a - x) * (b - y) for a, b in points) / sum((a - x) ** 2 for a, _ in points))


class Run:
    """A soak on its way.

    Args:
        ground: topics of its own.
        plan: what happens.
    """

    def __init__(self, ground: Ground, plan: Plan) -> None:
        self._ground, self._plan = ground, plan
        self._worker: Member = ground.member(name="soak")
        self._course = Course(settling=min(60.0, (plan.kill_every or plan.seconds) / 2))
        self._begun = self._started = self._sampled = 0.0
        self._cpu = 0.0

    def run(self) -> Course:
        """From knowing every customer to the last commit; the worker has ended well."""
        self._ground.publish(steady.POLICY)
        course = self._course
        known_ = send(self._ground.bootstrap, self._ground.topics, known(self._plan.customers, now() - HOUR))
        with self._worker:
            self._start()
            wait_until(self._settled, "the first events of everybody are committed", _SETTLE_SECONDS)
            self._begun = time.monotonic()
            with load(self._ground, self._plan.rate, self._plan.customers) as sender:
                self._go_on(sender)
                sender.stop()
                course.sent = known_ + int(_SENT.findall(sender.output())[-1])
            ended = time.monotonic()
            wait_until(self._settled, "all is committed", _SETTLE_SECONDS)
            course.settled = time.monotonic() - ended
            self._worker.end_well()
        return course

    def _go_on(self, sender: Child) -> None:
        """Kill and look, each at its time; a kill too near the end is left out."""
        plan, course = self._plan, self._course
        last_kill = plan.seconds - max(plan.kill_every / 2, 5)
        next_kill = plan.kill_every or plan.seconds * 2
        while (passed := time.monotonic() - self._begun) < plan.seconds:
            assert sender.exit_code is None, sender.output()
            if next_kill <= passed < last_kill:
                course.kills.append(round(passed / 60, 3))
                next_kill += plan.kill_every
                self._worker.kill()
                self._start()
            if time.monotonic() - self._sampled >= plan.sample_every:
                self._sample()
            time.sleep(0.1)

    def _start(self) -> None:
        """Start a life, and wait until it is ready: the load goes on meanwhile."""
        self._started = time.monotonic()
        self._worker.start().wait_ready(self._ground.partitions, _SETTLE_SECONDS)
        self._course.ready.append(time.monotonic() - self._started)
        self._sampled, self._cpu = time.monotonic(), cpu_seconds(self._worker.pid)

    def _sample(self) -> None:
        moment, pid, cpu = time.monotonic(), self._worker.pid, cpu_seconds(self._worker.pid)
        lags = [v for name, v in self._worker.metrics().items() if name.startswith("holdfast_lag_records{")]
        sample: Row = {
            "minute": round((moment - self._begun) / 60, 3),
            "life": len(self._course.ready) - 1,
            "age": round(moment - self._started, 1),
            "MiB": round(resident_mib(pid), 1),
            "descriptors": descriptors(pid),
            "cores": round((cpu - self._cpu) / (moment - self._sampled), 3),
        }
        self._course.samples.append(sample | ({"lag": sum(lags)} if lags else {}))
        self._sampled, self._cpu = moment, cpu

    def _settled(self) -> bool:
        """Whether the inputs are committed up to their ends."""
        reader = open_reader(self._ground.bootstrap, app_id(self._ground.topics.prefix))
        try:
            for topic in self._ground.topics.inputs:
                end = ends(reader, topic.name, topic.partitions)
                done = committed(reader, topic.name, topic.partitions)
                if any(offset > done.get(place, 0) for place, offset in end.items()):
                    return False
        finally:
            reader.close()
        return True
