"""What a benchmark found is shown as a table and kept as JSON, and its processes are measured."""

import json
import os
import time
from pathlib import Path

from devkit.bench.machine import cpu_seconds, resident_mib
from devkit.bench.report import Result


def test_a_table_has_every_column_of_any_row() -> None:
    result = Result("example", rows=[{"name": "one", "rate": 1234}, {"name": "two", "share": 0.5}])

    lines = result.table().splitlines()

    assert [cell.strip() for cell in lines[0].split("|")[1:-1]] == ["name", "rate", "share"]
    assert [cell.strip() for cell in lines[2].split("|")[1:-1]] == ["one", "1,234", ""]
    assert [cell.strip() for cell in lines[3].split("|")[1:-1]] == ["two", "", "0.50"]
    assert len({len(line) for line in lines}) == 1


def test_the_file_keeps_the_rows_and_says_where_they_were_measured(tmp_path: Path) -> None:
    path = Result("example", rows=[{"rate": 1234}]).write(tmp_path)

    kept = json.loads(path.read_text())

    assert kept["rows"] == [{"rate": 1234}]
    assert kept["machine"]["cores"] == os.cpu_count()


def test_the_cpu_time_of_a_process_is_what_the_process_itself_sees() -> None:
    until = time.process_time() + 0.1
    while time.process_time() < until:
        pass

    assert abs(cpu_seconds(os.getpid()) - time.process_time()) < 0.1
    assert resident_mib(os.getpid()) > 1
