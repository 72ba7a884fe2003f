"""``replay`` as a person types it: what it answers without a broker."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agents.cli import cli
from agents.replay.source import HistoryError

FEEDING = Path(__file__).parents[3] / "docs" / "feeding.md"


def replay(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["replay", *map(str, arguments)])


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    file = tmp_path / "orders.csv"
    file.write_text("customer_id,occurred_at,type,amount\nc1,2026-01-01,purchase,5\nc2,2026-01-02,what,5\n")
    return file


def test_a_dry_run_says_what_could_be_sent_and_what_could_not(orders: Path) -> None:
    result = replay("--dry-run", "--skip-bad", orders)
    assert result.exit_code == 0
    assert "1 event can be sent; nothing was" in result.output
    assert f"1 row left out:\n  {orders}:3: unknown type 'what'" in result.output


def test_a_bad_row_ends_it_unless_bad_rows_may_be_left_out(orders: Path) -> None:
    result = replay("--dry-run", orders)
    assert isinstance(result.exception, HistoryError)
    assert result.exception.exit_code == 1
    assert "--skip-bad" in str(result.exception)


def test_only_the_first_bad_rows_are_spelt_out(orders: Path) -> None:
    orders.write_text("customer_id,occurred_at,type\n" + "c1,2026-01-01,what\n" * 50)
    result = replay("--dry-run", "--skip-bad", orders)
    assert "50 rows left out" in result.output
    assert "and 30 more" in result.output
    assert result.output.count("unknown type") == 20


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--map", "customer_id"], "is no NAME=VALUE"),
        (["--map", "client=id"], "unknown column 'client'"),
        (["--type", "X=what"], "unknown type 'what'"),
        (["--tick", "soon"], "not a duration"),
        (["--tick", "0s"], "time must pass between two ticks"),
        (["--surface", "moon"], "'moon' is not one of"),
    ],
)
def test_a_slip_on_the_command_line_is_wrong_usage(orders: Path, arguments: list[str], message: str) -> None:
    result = replay("--dry-run", *arguments, orders)
    assert result.exit_code == 2
    assert message in result.output


def test_the_page_on_feeding_shows_a_file_and_flags_that_work(tmp_path: Path) -> None:
    code = [line[4:] for line in FEEDING.read_text().splitlines() if line.startswith("    ")]
    start = code.index("customer_id,occurred_at,type,amount")
    shown = tmp_path / "shown.csv"
    shown.write_text("\n".join(code[start : start + 4]))
    assert "3 events" in replay("--dry-run", shown).output

    export = tmp_path / "export.csv"
    export.write_text("CustomerNo,Date,Total,Kind\n1,2026-01-01,5,KAUF\n1,2026-01-02,,KLICK\n")
    begin = next(n for n, line in enumerate(code) if "export.csv.gz" in line)
    flags = " ".join(code[begin : begin + 3]).replace("\\", "").split("export.csv.gz ")[1].split()
    assert "2 events" in replay("--dry-run", export, *flags).output
