"""The demo as a stranger starts it: to its end, interrupted, on a file, and when a part of it fails."""

import csv
import os
import re
import signal
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from devkit.broker import Child
from tests.support.worker import wait_until

ROOT = Path(__file__).parents[2]
SHORT = ("--customers", "60", "--days", "60", "--seconds", "8", "--partitions", "2")
FLOWING = re.compile(r"day \d+ of \d+: [1-9]\d* events")
SENTENCE = re.compile(r"^  \d{4}-\d\d-\d\d .*c-\d+", re.MULTILINE)


class Demo:
    """A running demo, without a terminal."""

    def __init__(self, *arguments: str, path: str | None = None) -> None:
        # What it prints goes to a file; Python shall not keep it back until the end.
        env = {
            **os.environ,
            "PYTHONUNBUFFERED": "1",
            "HOLDFAST_CLOCK": "wall",
            "HOLDFAST_TOPICS__PREFIX": "no",
        }
        env |= {} if path is None else {"PATH": path}
        self.child = Child([sys.executable, "-m", "devkit.demo", *arguments], cwd=ROOT, env=env)

    def said(self) -> str:
        return self.child.output(200_000)

    def wait_flowing(self) -> None:
        def flows() -> bool:
            assert self.child.exit_code is None, self.said()
            return FLOWING.search(self.said()) is not None

        wait_until(flows, "events flow", 60)


@pytest.fixture
def demos() -> Generator[list[Demo]]:
    started: list[Demo] = []
    yield started
    for demo in started:
        demo.child.close()


def children(pid: int) -> dict[int, str]:
    """The processes that a process has started, and theirs, by what they are."""
    found: dict[int, str] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rpartition(")")[2].split()[1])
            command = (status.parent / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue  # it has ended meanwhile
        if parent == pid:
            child = int(status.parent.name)
            found |= {child: command, **children(child)}
    return found


def worker_of(demo: Demo) -> int:
    return next(pid for pid, command in children(demo.child.pid).items() if "worker detect" in command)


def gone(pids: dict[int, str]) -> bool:
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_a_short_demo_runs_to_its_end_and_sums_up(demos: list[Demo]) -> None:
    demo = Demo(*SHORT)
    demos.append(demo)
    demo.wait_flowing()
    started = children(demo.child.pid)
    assert demo.child.wait(90) == 0, demo.said()
    said = demo.said()
    assert re.search(
        r"60 days in \d+ s: [\d,]+ events and \d+ ticks in; [1-9]\d* signals and \d+ commands", said
    )
    assert "push_opted_out" in said
    assert "c-0000" in said, "signals are told"
    assert "Held against what the shop knows" in said
    assert "make demo DATA=your.csv" in said
    assert "\x1b" not in said, "no escape sequences where no terminal is"
    assert len(started) >= 2
    assert gone(started)


def test_the_first_signal_is_told_while_the_story_goes_on_and_not_at_its_end(demos: list[Demo]) -> None:
    demo = Demo(*SHORT)
    demos.append(demo)
    assert demo.child.wait(90) == 0, demo.said()
    said = demo.said()
    flowing, told = FLOWING.search(said), SENTENCE.search(said)
    assert flowing is not None, said
    assert told is not None, said
    later = [int(day) for day in re.findall(r"day (\d+) of 60:", said[told.end() :])]
    assert said.index("Starting a worker") < flowing.start() < told.start() < said.index("60 days in")
    assert later, "the story goes on after the first signal"
    assert later == sorted(later)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_demo_ends_cleanly_and_leaves_no_process(
    demos: list[Demo], number: signal.Signals
) -> None:
    demo = Demo(*SHORT[:-4], "--seconds", "600")
    demos.append(demo)
    demo.wait_flowing()
    started = children(demo.child.pid)
    assert any("worker detect" in command for command in started.values())
    assert any("devkit.broker.mock" in command for command in started.values())
    demo.child.signal(number)
    assert demo.child.wait(40) == 0, demo.said()
    assert "Stopped on 2026-" in demo.said()
    assert "Traceback" not in demo.said()
    assert gone(started)


def test_a_demo_whose_worker_dies_says_so_with_its_last_words_and_fails(demos: list[Demo]) -> None:
    demo = Demo(*SHORT[:-4], "--seconds", "600")
    demos.append(demo)
    demo.wait_flowing()
    started = children(demo.child.pid)
    os.kill(worker_of(demo), signal.SIGKILL)
    assert demo.child.wait(40) == 1, demo.said()
    said = demo.said()
    assert "error: the worker ended by itself with exit code -9; it said last:" in said
    assert "partitions recovered" in said, "its last lines are shown"
    assert "Traceback" not in said
    assert gone(started)


def test_a_users_own_history_is_played_and_summed_up(demos: list[Demo], tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    with file.open("w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["CustomerNo", "occurred_at", "amount"])
        for number in range(20):
            # weekly, and then nothing more of the first ten; not in order of time
            rows.writerows(
                [f"u{number}", f"2026-{m:02d}-{d:02d}", "9.90"] for m in (1, 2, 3) for d in (2, 9, 16, 23)
            )
            if number >= 10:
                rows.writerows(
                    [f"u{number}", f"2026-{m:02d}-{d:02d}", "9.90"] for m in (4, 5) for d in (2, 9, 16, 23)
                )
        rows.writerow(["u1", "the other day", "9.90"])
    demo = Demo("--data", str(file), "--map", "customer_id=CustomerNo", "--seconds", "8", "--partitions", "2")
    demos.append(demo)
    assert demo.child.wait(90) == 0, demo.said()
    said = " ".join(demo.said().split())
    assert "320 events of 20 customers, from orders.csv." in said
    assert re.search(r"purchase_stopped 10 0 0 10", said)
    assert "has not bought for" in said
    assert "1 rows were left out" in said
    assert "Nothing was sent: unknown consent is no" in said


def test_without_java_the_real_kafka_is_refused_with_what_is_missing(
    demos: list[Demo], tmp_path: Path
) -> None:
    demo = Demo("--kafka", "real", path=str(tmp_path))
    demos.append(demo)
    assert demo.child.wait(40) == 69
    assert "error: no java on the PATH: a real Kafka needs Java 17 or newer" in demo.said()


def test_a_file_that_cannot_be_played_is_refused_before_anything_starts(demos: list[Demo]) -> None:
    demo = Demo("--data", "README.md")
    demos.append(demo)
    assert demo.child.wait(40) == 1
    said = " ".join(demo.said().split())
    assert "no column 'customer_id'" in said
    assert "Starting" not in said
