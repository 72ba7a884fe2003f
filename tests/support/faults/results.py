"""What a run came to, row by row, and the page that it is written to.

The page keeps one table for each seed, the newest run on top. A run of some tests only replaces their rows in
the table of its seed, if that is of the same commit; else the table begins anew.
"""

import fcntl
import os
import platform
import re
import subprocess
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from tests.support.judging import Verdict

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "faults.md"
BEGIN, END = "<!-- generated: begin -->", "<!-- generated: end -->"
HEAD = (
    "fault",
    "bed",
    "schedule",
    "events",
    "effects",
    "lost",
    "differing",
    "phantoms",
    "repeated",
    "wrong rows",
    "recovery, s",
    "verdict",
)
_NUMBERS = re.compile(r"^F(\d+)")


@dataclass
class Row:
    """One test of the suite.

    Attributes:
        fault: Its id, ``F5``, and what is special about this test of it.
        bed: Where it ran.
        schedule: What was done to it, in short.
        log: What was injected, with the second at which it was.
        recovery: Seconds until all that stood on the inputs when a fault ended was committed, for each.
        verdicts: Of the oracle; a test may ask it several times, and then the numbers add up.
        rows_judged: Whether the oracle had the rows of the cuts that it carried out.
    """

    fault: str
    bed: str = "Kafka"
    schedule: str = ""
    log: list[str] = field(default_factory=list)
    recovery: list[float] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    rows_judged: bool = True
    passed: bool | None = None
    seconds: float = 0.0
    began: float = field(default_factory=time.monotonic)

    def inject(self, what: str) -> None:
        """Note what is done, and when."""
        self.log.append(f"{time.monotonic() - self.began:7.1f} s  {what}")

    def cells(self) -> list[str]:
        """The row of the table."""
        known = self.verdicts
        numbers = (
            [
                sum(v.events for v in known),
                sum(v.effects + v.rejects for v in known),
                sum(len(v.missing) for v in known),
                sum(len(v.differing) for v in known),
                sum(len(v.extra) for v in known),
                sum(v.repeated for v in known),
                sum(len(v.wrong_rows) for v in known) if self.rows_judged else "–",
            ]
            if known
            else ["–"] * 7
        )
        said = "; ".join([self.schedule, *self.notes])
        slowest = f"{max(self.recovery):.1f}" if self.recovery else "–"
        return [self.fault, self.bed, said, *map(_number, numbers), slowest, self._verdict()]

    def _verdict(self) -> str:
        return {True: "green", False: "**red**", None: "not finished"}[self.passed]


def _number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def table(rows: Iterable[Sequence[str]]) -> str:
    """Rows as Markdown, in the order of the faults."""
    ordered = sorted(rows, key=lambda cells: (_place(cells[0]), cells[0]))
    lines = [HEAD, ["---"] * len(HEAD), *ordered]
    return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |\n" for line in lines)


def _place(fault: str) -> int:
    found = _NUMBERS.match(fault)
    return int(found[1]) if found else 0


def heading(seed: int, scale: str, seconds: float) -> str:
    """When, of which commit, with what and on what a run was made."""
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M")
    return (
        f"### Seed {seed}\n\n"
        f"{now} UTC, `{_commit()}`, `HOLDFAST_FAULTS={scale}`, {seconds / 60:.0f} min. "
        f"Apache Kafka {_kafka()}, faust-streaming {version('faust-streaming')}, "
        f"aiokafka {version('aiokafka')}, "
        f"Python {platform.python_version()}; {_machine()}.\n\n"
    )


def write(rows: Iterable[Sequence[str]], seed: int, scale: str, seconds: float, page: Path = PAGE) -> None:
    """Put the rows of a run (`Row.cells`) on the page; two runs may end at the same moment."""
    with page.open("r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        before, _, rest = held.read().partition(BEGIN)
        generated, _, after = rest.partition(END)
        sections = {int(part.split("\n", 1)[0]): part for part in generated.split("### Seed ")[1:]}
        before_us = sections.pop(seed, "")
        same = f"`{_commit()}`" in before_us  # what another commit did says nothing of this one
        old = {cells[0]: cells for cells in _rows(before_us)} if same else {}
        new = old | {cells[0]: cells for cells in rows}
        mine = heading(seed, scale, seconds) + table(new.values())
        others = "".join(f"### Seed {part.rstrip()}\n\n" for part in sections.values())
        held.seek(0)
        held.truncate()
        held.write(f"{before}{BEGIN}\n\n{mine}\n{others}{END}{after}")


def _rows(section: str) -> list[list[str]]:
    lines = [line for line in section.splitlines() if line.startswith("| F")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def _commit() -> str:
    """The commit, and whether anything but the page is changed."""
    commit = _git("rev-parse", "--short=7", "HEAD") or "no history"
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", f":!{PAGE.relative_to(ROOT)}")
    return f"{commit}-dirty" if changed else commit


def _git(*words: str) -> str:
    asked = ["git", *words]
    return subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


def _kafka() -> str:
    jars = (ROOT / "devkit" / "broker" / "pom.xml").read_text()
    found = re.search(r"<artifactId>kafka_2\.13</artifactId>\s*<version>([\d.]+)<", jars)
    return found[1] if found else "?"


def _machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}"
