"""Log lines: one a thing, readable by machines, nothing about people, and not too many."""

import json
import logging
from collections.abc import Iterator

import pytest

from agents.adapters.logs import PERSONAL, RepeatFilter, configure, get_logger
from agents.settings.model import Logs

MINUTE = 60.0


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    foreign = {
        name: logging.getLogger(name).level for name in ("faust", "mode", "aiokafka", "aiohttp", "asyncio")
    }
    yield
    root.handlers[:], root.level = handlers, level
    for name, before in foreign.items():
        logging.getLogger(name).setLevel(before)


def written(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


class TestJson:
    def test_a_line_has_its_moment_level_name_and_fields(self, capsys: pytest.CaptureFixture[str]) -> None:
        configure(Logs(format="json"))
        get_logger("lane").info("partition recovered", partition=3, rows=12)
        (line,) = written(capsys)
        assert str(line.pop("at")).endswith("Z")
        assert line == {
            "event": "partition recovered",
            "level": "info",
            "logger": "holdfast.lane",
            "partition": 3,
            "rows": 12,
        }

    def test_lines_of_the_libraries_look_the_same(self, capsys: pytest.CaptureFixture[str]) -> None:
        configure(Logs(format="json"))
        logging.getLogger("aiokafka.conn").warning("no answer from %s", "broker 1")
        (line,) = written(capsys)
        assert (line["event"], line["logger"], line["level"]) == (
            "no answer from broker 1",
            "aiokafka.conn",
            "warning",
        )

    def test_chatter_of_the_libraries_is_left_out_unless_debugging(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        configure(Logs(format="json"))
        logging.getLogger("faust").info("chatter")
        assert written(capsys) == []
        configure(Logs(format="json", level="debug"))
        logging.getLogger("faust").info("chatter")
        assert len(written(capsys)) == 1

    @pytest.mark.parametrize("field", sorted(PERSONAL))
    def test_a_field_that_could_say_who_is_hidden(
        self, capsys: pytest.CaptureFixture[str], field: str
    ) -> None:
        configure(Logs(format="json"))
        get_logger("lane").warning("bad record", **{field: "c-42"})
        (line,) = written(capsys)
        assert line[field] == "(hidden)"

    def test_what_came_from_outside_cannot_begin_a_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        configure(Logs(format="json"))
        get_logger("lane").warning('bad\n{"event": "forged"}')
        assert len(written(capsys)) == 1

    def test_a_traceback_shows_no_local_variables(self, capsys: pytest.CaptureFixture[str]) -> None:
        def fail() -> None:
            password = "planted-secret"
            raise ValueError(len(password))

        for form in ("json", "console"):
            configure(Logs.model_validate({"format": form}))
            try:
                fail()
            except ValueError:
                get_logger("lane").exception("failed")
            told = capsys.readouterr().err
            assert "ValueError" in told
            assert "planted-secret" not in told


class TestConsole:
    def test_a_line_is_for_people_and_stays_one_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        configure(Logs(format="console"))
        get_logger("lane").info("partition\nrecovered", partition=3)
        (line,) = capsys.readouterr().err.splitlines()
        assert "partition recovered" in line

    def test_less_than_the_level_is_not_written(self, capsys: pytest.CaptureFixture[str]) -> None:
        configure(Logs(level="error"))
        get_logger("lane").warning("careful")
        assert capsys.readouterr().err == ""


class TestRepeats:
    def lines(self, repeats: RepeatFilter, text: str, times: int) -> list[logging.LogRecord]:
        records = [logging.LogRecord("aiokafka", logging.ERROR, "", 0, text, (), None) for _ in range(times)]
        return [record for record in records if repeats.filter(record)]

    def test_a_message_is_written_five_times_a_minute_and_then_counted(self) -> None:
        now, dropped = [0.0], [0]
        repeats = RepeatFilter(lambda: dropped.__setitem__(0, dropped[0] + 1), clock=lambda: now[0])
        assert len(self.lines(repeats, "broker is away", 100)) == 5
        assert dropped == [95]
        now[0] = MINUTE
        (first,) = self.lines(repeats, "broker is away", 1)
        assert vars(first)["repeated"] == 95

    def test_numbers_make_no_new_message_and_other_words_do(self) -> None:
        repeats = RepeatFilter(clock=lambda: 0.0)
        assert len([n for n in range(50) if self.lines(repeats, f"request {n} failed", 1)]) == 5
        assert len(self.lines(repeats, "something else", 1)) == 1

    def test_how_often_it_came_is_in_the_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        now = [0.0]
        configure(Logs(format="json"))
        (handler,) = logging.getLogger().handlers
        handler.filters = [RepeatFilter(clock=lambda: now[0])]
        for _ in range(7):
            get_logger("lane").warning("slow")
            logging.getLogger("aiokafka").warning("slow")
        now[0] = MINUTE
        get_logger("lane").warning("slow")
        logging.getLogger("aiokafka").warning("slow")
        assert [line.get("repeated") for line in written(capsys)][-2:] == [2, 2]

    def test_an_outage_of_a_minute_writes_less_than_a_hundred_lines(self) -> None:
        repeats = RepeatFilter(clock=lambda: 0.0)
        texts = [
            f"Unable connect to node {node}: {what}" for node in range(3) for what in ("refused", "timed out")
        ]
        assert sum(len(self.lines(repeats, text, 2_000)) for text in texts) < 100
