"""`signal verify`: a line for each signal, and an exit code for a script."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from agents.commands.signal import signal
from streams.wire.times import DAY
from tests.support.story import T, every, tell, weekly_buyer


@pytest.fixture(scope="module")
def signals() -> list[bytes]:
    """What a buyer's silence and return brought."""
    story = tell([*weekly_buyer(), *every(DAY, 60, T + 40 * DAY, "app.opened")], T + 45 * DAY)
    found = [effect.value for effect in story.effects if effect.topic.endswith(".signals.v1")]
    assert len(found) > 1
    return found


def run(text: bytes, *arguments: str) -> tuple[int, str, str]:
    """The exit code, what is printed, and what is said beside it."""
    done = CliRunner().invoke(signal, ["verify", *(arguments or ("-",))], input=text, standalone_mode=False)
    assert done.exception is None, done.exception
    return int(done.return_value), done.stdout, done.stderr


def test_signals_as_they_were_published_are_ok(signals: list[bytes]) -> None:
    code, out, err = run(b"\n".join(signals))
    assert code == 0
    assert [line.split()[:2] for line in out.splitlines()] == [
        [f"{number}:", "ok"] for number in range(1, len(signals) + 1)
    ]
    assert err == f"{len(signals)} ok, 0 differ\n"


def test_one_alone_may_stand_on_several_lines(signals: list[bytes], tmp_path: Path) -> None:
    file = tmp_path / "signal.json"
    file.write_bytes(signals[0].replace(b",", b",\n"))
    assert run(b"", str(file))[0] == 0


def test_what_was_changed_is_named_with_its_field_and_fails(signals: list[bytes]) -> None:
    forged = signals[0].replace(b'"per_year":1.0', b'"per_year":2.0')
    assert forged != signals[0]
    code, out, err = run(b"\n".join([forged, signals[1]]))
    assert code == 1
    assert "1: differs" in out
    assert "evidence.surface.threshold: it says" in out
    assert "2: ok" in out
    assert err == "1 ok, 1 differ\n"


@pytest.mark.parametrize("text", [b"not json", b"{}", b'{"v": 1}', b"[1]", b"\xff"])
def test_what_is_no_signal_is_told_with_its_line(text: bytes) -> None:
    code, out, _ = run(text)
    assert code == 1
    assert out.startswith("1: differs")


def test_an_empty_file_proves_nothing() -> None:
    assert run(b"\n")[0] == 1
