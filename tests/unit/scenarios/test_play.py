"""How a play goes: what services answer, and what a failing scenario says."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from agents.cli import main
from agents.commands.policy_test import test_command as policy_test
from agents.scenarios import core
from agents.scenarios.form import read_file
from agents.scenarios.service import Services
from streams.wire.times import DAY, HOUR, MINUTE, format_time

SILENT = """\
scenario: Anna stops visiting
start: 2026-01-05T10:00:00Z
policy:
  detect: {brand_stopped: {rule: fixed, after: 10d}, web_stopped: {enabled: false}}
consent: {anna: {email: in}}
events:
  - {at: 0d, customer: anna, type: web.visited}
until: 12d
then:
  - {at: 10d, signal: brand_stopped, action: opened, customer: anna}
  - {at: 10d, command: send, channel: email}
only: true
"""


@pytest.fixture
def story(tmp_path: Path) -> Path:
    file = tmp_path / "story.yaml"
    file.write_text(SILENT)
    return file


def change(story: Path, old: str, new: str) -> str:
    assert old in SILENT
    story.write_text(SILENT.replace(old, new, 1))
    return core.run(read_file(story)[0]).report()


def test_a_record_at_another_moment_is_the_nearest_miss(story: Path) -> None:
    report = change(story, "at: 10d, signal", "at: 9d, signal")
    assert "line 10: expected one signal brand_stopped opened anna at 9d (2026-01-14T10:00:00.000Z)" in report
    assert "at is 10d (2026-01-15T10:00:00.000Z), later than 9d" in report


def test_a_value_that_differs_is_named_with_its_path(story: Path) -> None:
    report = change(
        story, "customer: anna}\n  - {at: 10d, com", "evidence: {surface: {occasions: 7}}}\n  - {at: 10d, com"
    )
    assert "evidence.surface.occasions is 1, not 7" in report


def test_what_nobody_expected_fails_a_scenario_that_says_only(story: Path) -> None:
    report = change(story, "  - {at: 10d, command: send, channel: email}\n", "")
    assert "nothing more was expected (only: true), but there came:" in report
    assert "command send anna channel email play win_back step 1" in report


def test_what_must_never_come_is_shown_when_it_comes(story: Path) -> None:
    report = change(story, "only: true", "never:\n  - {customer: anna, within: [0d, 20d]}")
    assert "expected never a record anna" in report
    assert "came 2" in report


def test_a_moment_inside_a_record_may_be_told_as_an_offset(story: Path) -> None:
    assert "line" not in change(story, "action: opened", "action: opened, started_at: 0d")
    assert "started_at is 2026-01-05T10:00:00.000Z, not 1d" in change(
        story, "action: opened", "action: opened, started_at: 1d"
    )


def send(**fields: str) -> dict[str, Any]:
    return {
        "id": "c1",
        "action": "send",
        "channel": "email",
        "customer_id": "anna",
        "message": {"list": "promotions"},
        "not_before": format_time(5 * DAY),
        "expires_at": format_time(7 * DAY),
        **fields,
    }


def test_a_service_acts_from_the_later_of_publication_and_not_before() -> None:
    services = Services({"email": {"sent": MINUTE, "opened": 3 * HOUR}})
    services.hear(send(), published=4 * DAY)
    services.hear(send(id="c2"), published=6 * DAY)
    moments = [answer.at for answer in services.answers(before=30 * DAY)]
    assert moments == [5 * DAY + MINUTE, 5 * DAY + 3 * HOUR, 6 * DAY + MINUTE, 6 * DAY + 3 * HOUR]


def test_a_service_acts_once_for_an_id_and_not_after_the_expiry() -> None:
    services = Services({"email": {"sent": MINUTE, "opened": 3 * DAY}})
    services.hear(send(), published=5 * DAY)
    services.hear(send(), published=5 * DAY + HOUR)
    assert [answer.at for answer in services.answers(before=30 * DAY)] == [5 * DAY + MINUTE]


def test_a_service_says_nothing_after_a_cancel() -> None:
    services = Services({"email": {"sent": MINUTE, "opened": 3 * HOUR}})
    services.hear(send(), published=5 * DAY)
    services.hear({"action": "cancel", "id": "x", "cancels": "c1"}, published=5 * DAY + HOUR)
    assert [answer.at for answer in services.answers(before=30 * DAY)] == [5 * DAY + MINUTE]


def test_the_command_tells_what_holds_and_fails_with_one_that_does_not(story: Path) -> None:
    result = CliRunner().invoke(policy_test, [str(story.parent)], standalone_mode=False)
    assert (result.return_value, "holds  Anna stops visiting" in result.output) == (0, True)
    story.write_text(SILENT.replace("at: 10d, signal", "at: 9d, signal"))
    result = CliRunner().invoke(policy_test, [str(story)], standalone_mode=False)
    assert (result.return_value, "FAILS  story.yaml:1: Anna stops visiting" in result.output) == (1, True)


def test_the_command_plays_against_a_policy_of_ones_own(story: Path, tmp_path: Path) -> None:
    silent = tmp_path / "silent.toml"
    silent.write_text('name = "silent"\n')  # without plays nothing is sent
    result = CliRunner().invoke(policy_test, ["--policy", str(silent), str(story)], standalone_mode=False)
    assert result.return_value == 1
    assert "line 11: expected one command send channel email" in result.output


def test_a_scenario_that_cannot_be_played_ends_the_command_with_its_line(
    story: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    story.write_text(SILENT.replace("web.visited", "web.visit"))
    assert main(["policy", "test", str(story)]) == 1
    assert f"{story}:7:" in capsys.readouterr().err


def test_for_a_signal_that_is_missing_it_says_why(story: Path) -> None:
    report = change(story, "at: 10d, signal: brand_stopped", "at: 9d, signal: brand_stopped")
    assert "anna is steady, as of 2026-01-14" in report
    assert "silent for 9.0 d" in report


def asked(story: Path, line: str) -> str:
    return change(story, "only: true\n", f"why:\n  - {line}\n")


def test_an_answer_that_differs_is_named_with_its_path(story: Path) -> None:
    assert "line" not in asked(story, "{at: 9d, customer: anna, row: D6, verdict: watching, due_at: 10d}")
    report = asked(story, "{at: 9d, customer: anna, row: D6, verdict: open, reasons: [grace]}")
    assert "line 13: why anna at 9d (2026-01-14T10:00:00.000Z), D6:" in report
    assert "verdict is watching, not open" in report
    assert "reasons are [], without grace" in report
    assert "there is no entry for R29" in asked(story, "{at: 9d, customer: anna, row: R29}")
    assert "why.stage is steady, not lost" in asked(story, "{at: 9d, customer: anna, stage: lost}")
