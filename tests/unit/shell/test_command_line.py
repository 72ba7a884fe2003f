"""A command ends with one message, the right exit code, and nothing that should stay secret."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from aiokafka.errors import KafkaTimeoutError

from agents import cli
from agents.cli import COMMANDS, main
from agents.errors import ConfigurationError, DataLossError, InfrastructureError
from streams.policy.builtin import DEFAULT

ROOT = Path(__file__).parents[3]
PLANTED = "planted-secret-4711"


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], int]:
    """Calls a command that raises."""

    def call(error: BaseException) -> int:
        @click.command()
        def command() -> None:
            raise error

        monkeypatch.setattr(cli.cli, "get_command", lambda _ctx, _name: command)
        return main(["anything"])

    return call


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigurationError("no", "do"), 64),
        (InfrastructureError("no", "do"), 70),
        (DataLossError("no", "do"), 71),
        (click.UsageError("no"), 2),
        (KafkaTimeoutError("no"), 70),
        (ZeroDivisionError("no"), 70),
        (KeyboardInterrupt(), 130),
    ],
)
def test_each_failure_has_its_exit_code_and_no_traceback(
    failing: Callable[[BaseException], int],
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
) -> None:
    assert failing(error) == code
    told = capsys.readouterr()
    assert told.out == ""
    assert "Traceback" not in told.err


def test_an_error_says_what_is_wrong_and_what_to_do(
    failing: Callable[[BaseException], int], capsys: pytest.CaptureFixture[str]
) -> None:
    failing(ConfigurationError("the tea is cold", "brew it anew"))
    assert capsys.readouterr().err == "error: the tea is cold\n  brew it anew\n"


def test_an_unforeseen_error_tells_its_place_but_not_its_text(
    failing: Callable[[BaseException], int], capsys: pytest.CaptureFixture[str]
) -> None:
    failing(ValueError(f"bad record {PLANTED}"))
    told = capsys.readouterr().err
    assert "ValueError" in told
    assert "test_command_line.py" in told
    assert PLANTED not in told


@pytest.mark.parametrize("arguments", [[], ["brew"], ["topics", "brew"], ["--set", "x", "config", "show"]])
def test_wrong_usage_ends_with_2(arguments: list[str]) -> None:
    assert main(arguments) == 2


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_explains_itself_whatever_the_settings(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOLDFAST_CLOK", "a mistake")
    assert main([name, "--help"]) == 0
    assert f"python -m agents {name}" in capsys.readouterr().out


class TestConfigShow:
    def test_shows_values_and_where_they_come_from(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        Path("holdfast.toml").write_text('[cut]\nevery = "100ms"', encoding="utf-8")
        monkeypatch.setenv("HOLDFAST_TOPICS__PREFIX", "brand")
        assert main(["--set", "inbox=9", "config", "show"]) == 0
        lines = {line.split()[0]: line.split()[1:] for line in capsys.readouterr().out.splitlines()}
        assert lines["cut.every"] == ["100ms", "holdfast.toml"]
        assert lines["topics.prefix"] == ["brand", "environment", "HOLDFAST_TOPICS__PREFIX"]
        assert lines["inbox"] == ["9", "flag"]
        assert lines["kafka.session_timeout"] == ["12s", "default"]

    def test_masks_secrets_wherever_they_come_from(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        Path("secret").write_text(PLANTED, encoding="utf-8")
        Path("holdfast.toml").write_text(
            f'[redis]\nurl = "redis://me:{PLANTED}@redis.example/1"', encoding="utf-8"
        )
        monkeypatch.setenv("HOLDFAST_ADMIN__TOKEN_FILE", "secret")
        monkeypatch.setenv("HOLDFAST_KAFKA__SASL_PASSWORD", PLANTED)
        assert main(["config", "show"]) == 0
        told = capsys.readouterr()
        assert PLANTED not in told.out + told.err
        assert "redis://me:********@redis.example/1" in told.out

    @pytest.mark.parametrize("argument", ["topics plan", "worker detect", "policy show --in-force"])
    def test_a_failing_start_prints_no_secret(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, argument: str
    ) -> None:
        for name in ("ADMIN__TOKEN", "KAFKA__SASL_PASSWORD"):
            monkeypatch.setenv(f"HOLDFAST_{name}", PLANTED)
        monkeypatch.setenv("HOLDFAST_REDIS__URL", f"redis://:{PLANTED}@127.0.0.1/0")
        monkeypatch.setenv("HOLDFAST_KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:1")
        if argument == "worker detect":  # a worker ends its process
            call = [sys.executable, "-m", "agents", *argument.split()]
            ended = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
            code, out, err = ended.returncode, ended.stdout, ended.stderr
        else:
            code = main(argument.split())
            out, err = capsys.readouterr()
        assert code == 70
        assert PLANTED not in out + err
        assert "cannot reach Kafka at 127.0.0.1:1" in out + err


class TestPolicyCheck:
    def test_passes_the_default_without_a_word(self, capsys: pytest.CaptureFixture[str]) -> None:
        Path("policy.toml").write_text(DEFAULT, encoding="utf-8")
        assert main(["policy", "check", "policy.toml"]) == 0
        assert capsys.readouterr().out == ""

    def test_warns_of_what_is_probably_not_meant_and_passes(self, capsys: pytest.CaptureFixture[str]) -> None:
        Path("policy.toml").write_text('name = "without plays"\n', encoding="utf-8")
        assert main(["policy", "check", "policy.toml"]) == 0
        assert capsys.readouterr().out.startswith("policy.toml:1:1: warning: ")

    def test_points_at_each_error_and_fails(self, capsys: pytest.CaptureFixture[str]) -> None:
        Path("policy.toml").write_text(
            'name = "mine"\n[detect]\ngrace = "soon"\n\ngrase = "1m"\n', encoding="utf-8"
        )
        assert main(["policy", "check", "policy.toml"]) == 1
        lines = capsys.readouterr().out.splitlines()
        errors = [line.split(": ")[0] for line in lines if ": error: " in line]
        assert errors == ["policy.toml:3:9", "policy.toml:5:1"]

    def test_a_file_that_is_not_there_is_wrong_usage(self) -> None:
        assert main(["policy", "check", "nowhere.toml"]) == 2

    def test_a_file_that_is_no_text_fails_with_a_message(self, capsys: pytest.CaptureFixture[str]) -> None:
        Path("policy.toml").write_bytes(b"\xff\xfe")
        assert main(["policy", "check", "policy.toml"]) == 1
        assert "not UTF-8" in capsys.readouterr().err

    def test_publishing_a_file_with_errors_is_refused_before_anything_is_asked_of_kafka(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HOLDFAST_KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:1")
        Path("policy.toml").write_text("nonsense = 1\n", encoding="utf-8")
        assert main(["policy", "publish", "policy.toml"]) == 1
        assert "policy.toml:1:1: error" in capsys.readouterr().err


class TestTick:
    def test_needs_the_external_clock(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["tick", "2026-11-21T10:00:00Z"]) == 64
        assert "HOLDFAST_CLOCK" in capsys.readouterr().err

    def test_needs_a_moment(self) -> None:
        assert main(["tick", "tomorrow"]) == 2
