"""``backtest`` as a person types it."""

import csv
import json
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner, Result

from agents.cli import cli
from agents.errors import HoldfastError
from agents.replay.history import read_history
from agents.replay.mapping import Mapping
from agents.replay.schedule import Pace, TickAt, with_ticks
from devkit.bases import Base, write
from streams.offline import Offline
from streams.policy.builtin import DEFAULT
from streams.policy.parse import document, load_policy, version
from streams.topics import catalogue
from streams.wire.control import PolicyFact
from streams.wire.times import DAY, format_time, parse_time

CUSTOMERS = 12


def backtest(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["backtest", *map(str, arguments)])


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """Customers who buy and visit at their own pace, and some of whom stop; some agreed to email."""
    dice, start = Random(5), parse_time("2025-01-01T00:00:00.000Z")
    rows = []
    for number in range(CUSTOMERS):
        at, gap = start + dice.randrange(DAY), (number % 5 + 1) * 3 * DAY
        if number % 2:
            rows.append((at, f"c{number}", "email.subscribed", ""))
        while at < start + (120 if number % 3 else 300) * DAY:
            rows.append((at, f"c{number}", dice.choice(["purchase", "visit"]), "5"))
            at += round(gap * dice.lognormvariate(0, 0.4))
    rows.sort()
    file = tmp_path / "history.csv"
    with file.open("w", newline="") as out:
        lines = csv.writer(out)
        lines.writerow(("occurred_at", "customer_id", "type", "amount"))
        lines.writerows((format_time(at), *rest) for at, *rest in rows)
    return file


def test_one_process_and_several_give_the_same_bytes(history: Path, tmp_path: Path) -> None:
    told = []
    for processes in (1, 2):
        folder = tmp_path / str(processes)
        folder.mkdir()
        outs = [folder / name for name in ("signals.jsonl", "alarms.csv")]
        result = backtest(
            "--history", history, "--processes", str(processes), "--json",
            "--signals", outs[0], "--alarms", outs[1], "--kind", "brand_stopped",
        )  # fmt: skip
        assert result.exit_code == 0, result.output
        told.append((result.output, *(out.read_bytes() for out in outs)))

    assert told[0] == told[1]
    assert told[0][1].count(b"\n") > CUSTOMERS


def test_the_signals_are_those_of_a_replay_through_the_core(tmp_path: Path) -> None:
    history = tmp_path / "many.csv"  # enough for the population to be known, and to move thresholds
    write(Base((1.6, 1.5, 4.0, 1.8), (1.0, 9.0), 60, starts=(0, 30), days=75, customers=60), history)
    core, policy = Offline(catalogue(partitions=3), population=True), load_policy(DEFAULT)
    core.learn(PolicyFact(version=version(policy), document=document(policy)))
    expected = []
    for step in with_ticks(read_history([history], Mapping(), sort=True), Pace(3)):
        if isinstance(step, TickAt):
            expected += [e.value for e in core.tick(step.at) if e.topic == "holdfast.signals.v1"]
        else:
            core.send(step.event.topic, step.event.key, step.event.value)

    result = backtest("--history", history, "--processes", "1", "--signals", tmp_path / "out.jsonl")

    assert result.exit_code == 0, result.output
    assert sorted((tmp_path / "out.jsonl").read_bytes().splitlines()) == sorted(expected)
    assert any(b'"threshold_from":"pooled"' in value for value in expected)


def test_a_history_in_any_order_is_the_same_history(history: Path, tmp_path: Path) -> None:
    head, *rows = history.read_text().splitlines()
    Random(1).shuffle(rows)
    shuffled = tmp_path / "shuffled.csv"
    shuffled.write_text("\n".join([head, *rows]) + "\n")
    alarms = []
    for file in (history, shuffled):
        out = tmp_path / "alarms.csv"
        assert backtest("--history", file, "--processes", "1", "--alarms", out).exit_code == 0
        alarms.append(out.read_text())

    assert alarms[0] == alarms[1]
    assert alarms[0].startswith("customer_id,alarm_at,cleared_at\nc")


def test_alarms_stand_until_they_are_cleared(history: Path, tmp_path: Path) -> None:
    out, signals = tmp_path / "alarms.csv", tmp_path / "signals.jsonl"
    backtest("--history", history, "--processes", "1", "--alarms", out, "--signals", signals)
    rows = list(csv.DictReader(out.open()))
    said = [json.loads(line) for line in signals.read_text().splitlines()]
    mine = [one for one in said if one["kind"] == "purchase_stopped"]

    opened = {(one["customer_id"], one["at"]) for one in mine if one["action"] == "opened"}
    closed = [one["at"] for one in mine if one["action"] == "closed"]

    assert {(row["customer_id"], row["alarm_at"]) for row in rows} == opened
    assert sorted(row["cleared_at"] for row in rows if row["cleared_at"]) == sorted(closed)
    assert [row["alarm_at"] for row in rows] == sorted(row["alarm_at"] for row in rows)
    assert any(not row["cleared_at"] for row in rows)


def test_only_the_types_that_are_named_are_read(history: Path) -> None:
    both = json.loads(backtest("--history", history, "--processes", "1", "--json").output)
    one = json.loads(
        backtest("--history", history, "--processes", "1", "--json", "--types", "purchase").output
    )

    assert set(both["policies"][0]["silence"]) == {"purchase_stopped", "web_stopped", "brand_stopped"}
    bought = sum(",purchase," in line for line in history.read_text().splitlines())
    assert one["history"]["events"] == bought < both["history"]["events"]


def test_two_policies_are_compared_customer_by_customer(history: Path, tmp_path: Path) -> None:
    calm = tmp_path / "calm.toml"
    calm.write_text('name = "calm"\n[detect.purchase_stopped]\nper_year = 0.2\n')
    asked = ("--history", history, "--against", calm, "--processes", "1", "--json")

    few = json.loads(backtest(*asked).output)
    everybody = json.loads(backtest(*asked, "--all-differences").output)

    first, second = few["difference"]["opened"]["purchase_stopped"]
    assert first > second
    assert few["difference"]["customers"] == len(everybody["difference"]["list"]) > 0
    assert {name for _, name in [("", p["name"]) for p in few["policies"]]} == {"default", "calm"}
    assert few["difference"]["opened"].get("brand_stopped") == [
        p["signals"]["brand_stopped"]["opened"] for p in few["policies"]
    ]


def test_a_policy_against_itself_makes_no_difference(history: Path) -> None:
    policy = Path(__file__).parents[3] / "policies" / "default.toml"
    result = backtest("--history", history, "--policy", policy, "--against", policy, "--processes", "1")

    assert "Difference: 0 customers get other signals" in result.output


def test_the_report_says_what_was_promised_and_what_came(history: Path) -> None:
    result = backtest("--history", history, "--processes", "1", "--horizon", "60d")

    assert "purchase_stopped: rule yearly, promised: 1 false alarms a customer-year" in result.output
    assert "silences ended within 60 d (" in result.output
    assert "fixed, as noisy" in result.output
    assert "fast third" in result.output
    assert "messages: " in result.output


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_bad_row_is_named_with_its_file_and_line(history: Path, processes: str) -> None:
    lines = history.read_text().splitlines()
    lines[6] = "yesterday,c1,purchase,5"
    history.write_text("\n".join(lines) + "\n")
    asked = ("--history", history, "--processes", processes)

    result = backtest(*asked)
    left_out = backtest(*asked, "--skip-bad")

    assert isinstance(result.exception, HoldfastError)
    assert str(result.exception).startswith(f"{history}:7: no time: 'yesterday'")
    assert left_out.exit_code == 0
    assert f"left out: {history}:7: no time" in left_out.output


def test_slips_are_told_before_anything_is_read(history: Path, tmp_path: Path) -> None:
    assert "no history" in backtest().output
    assert "is no NAME or NAME=TYPE" in backtest("--history", history, "--types", "a,=b").output
    assert "no time" in backtest("--history", history, "--from", "soon").output
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("nme = 1\n")
    assert "has errors" in str(backtest("--history", history, "--policy", wrong).exception)
    empty = backtest("--history", history, "--types", "visit", "--processes", "1", "--from", "2030-01-01")
    assert empty.exit_code == 0
    assert "no events of the types nothing" in str(
        backtest("--history", history, "--types", "nothing", "--processes", "1").exception
    )
