"""What a benchmark found: a table for people, JSON for whoever wants to compare."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .machine import ROOT, describe

FOLDER = ROOT / "var" / "bench"

Row = dict[str, Any]


@dataclass
class Result:
    """The rows of one benchmark, all with the same columns, and what must be said with them.

    Attributes:
        name: of the benchmark.
        rows: column → value.
        notes: sentences.
        machine: taken when the benchmark began.
        equal: whether all that had to be equal was.
        samples: values over time, and marks (minutes) in it, where the benchmark has a course.
    """

    name: str
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    machine: dict[str, Any] = field(default_factory=describe)
    begun: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    equal: bool = True
    samples: list[Row] = field(default_factory=list)
    marks: list[float] = field(default_factory=list)

    def tell(self) -> None:
        """Print the table and the notes, and write the file."""
        print(f"\n{self.table()}\n")
        for note in self.notes:
            print(f"- {note}")
        print(f"- machine: {self.machine}")
        print(f"- {'all equal' if self.equal else 'NOT EQUAL'}; in full: {self.write()}")

    def table(self) -> str:
        """The rows as a Markdown table, which reads well on a terminal too."""
        columns = list(dict.fromkeys(column for row in self.rows for column in row))
        lines = [columns, *([_text(row.get(column)) for column in columns] for row in self.rows)]
        widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
        text = [_line(line, widths) for line in lines]
        rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
        return "\n".join([text[0], rule, *text[1:]])

    def write(self, folder: Path = FOLDER) -> Path:
        """Write the JSON file; returns where it is."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.name}.json"
        path.write_text(json.dumps(self.__dict__, indent=2) + "\n")
        return path


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"


def _text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "" if value is None else str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"
