"""Logs: one line per thing that happened, as JSON for machines or coloured for people, on standard error.

Three rules. Nothing about a person is in a line: names of fields that could carry a customer are refused
here, so that a careless call cannot leak. The libraries below (Faust, mode, aiokafka) write through the
same door. A broker outage of a minute made one worker write 12,747 lines; so a message that repeats is
written a few times a minute, then counted.
"""

import logging
import logging.config
import re
import time
from collections.abc import Callable, MutableMapping
from typing import Final

import structlog

from agents.settings.model import Logs

PERSONAL: Final = frozenset(
    {"customer", "customer_id", "subject", "key", "value", "headers", "email", "profile"}
)
"""Fields that could say who: a line about a record names its topic, partition and offset."""

_FOREIGN: Final = ("agents", "faust", "mode", "aiokafka", "kafka", "aiohttp", "asyncio")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_NUMBERS: Final = re.compile(r"\d+")

_Fields = MutableMapping[str, object]


def configure(logs: Logs, on_dropped: Callable[[], None] | None = None) -> None:
    """Send this process's lines to standard error.

    Args:
        logs: format and level.
        on_dropped: called for each line that was not written because it came too often.
    """
    logging.config.dictConfig(dict_config(logs, on_dropped))


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger ``holdfast.<name>``: ``log.info("partition recovered", partition=3, rows=1200)``."""
    # No global structlog configuration: importing us changes nothing for others, and vice versa.
    logger: structlog.stdlib.BoundLogger = structlog.wrap_logger(
        logging.getLogger(f"holdfast.{name}"),
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    return logger


def dict_config(logs: Logs, on_dropped: Callable[[], None] | None = None) -> dict[str, object]:
    """The same as a ``dictConfig``: Faust applies its own at start, unless its app is given this one."""
    level = logs.level.upper()
    # Libraries' errors are made in any case: `adapters.kafka` listens for why a connection failed.
    foreign = {"level": {"debug": "INFO", "error": "ERROR"}.get(logs.level, "WARNING")}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"repeats": {"()": RepeatFilter, "on_dropped": on_dropped}},
        "formatters": {
            "lines": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": _shared(),
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_ending(logs)],
            }
        },
        "handlers": {
            "lines": {
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stderr",
                "level": level,
                "formatter": "lines",
                "filters": ["repeats"],
            }
        },
        "loggers": dict.fromkeys(_FOREIGN, foreign),
        "root": {"level": level, "handlers": ["lines"]},
    }


def _shared() -> list[structlog.typing.Processor]:
    return [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ExtraAdder(allow=["repeated"]),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        _hide_people,
    ]


def _ending(logs: Logs) -> list[structlog.typing.Processor]:
    if logs.format == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    # Plain tracebacks: the pretty ones print local variables, and with them secrets and customers.
    plain = structlog.dev.plain_traceback
    return [_one_line, structlog.dev.ConsoleRenderer(exception_formatter=plain, timestamp_key="at")]


def _hide_people(_logger: object, _method: str, fields: _Fields) -> _Fields:
    for name in PERSONAL & fields.keys():
        fields[name] = "(hidden)"
    return fields


def _one_line(_logger: object, _method: str, fields: _Fields) -> _Fields:
    """Keep a message on its line: what came from outside must not look like a line of its own."""
    fields["event"] = _CONTROL.sub(" ", str(fields.get("event", "")))
    return fields


class RepeatFilter(logging.Filter):
    """Lets a message through a few times in each window, and says later how often it was dropped.

    Messages are the same if logger and template are, numbers aside. At most a thousand are remembered.
    """

    def __init__(
        self,
        on_dropped: Callable[[], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        allowed: int = 5,
        window: float = 60.0,
    ) -> None:
        super().__init__()
        self._on_dropped = on_dropped
        self._clock = clock
        self._allowed = allowed
        self._window = window
        self._most = 1_000
        self._seen: dict[
            tuple[str, str], tuple[float, int]
        ] = {}  # (logger, template) → window's start, lines in it

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written."""
        now = self._clock()
        key = (record.name, _NUMBERS.sub("#", self._template(record)))
        start, count = self._seen.get(key, (now, 0))
        if now - start >= self._window:
            dropped = count - self._allowed
            if dropped > 0:
                record.repeated = dropped
                if isinstance(record.msg, dict):
                    record.msg["repeated"] = dropped
            start, count = now, 0
        if key not in self._seen and len(self._seen) >= self._most:
            self._seen.clear()
        self._seen[key] = (start, count + 1)
        if count < self._allowed:
            return True
        if self._on_dropped is not None:
            self._on_dropped()
        return False

    @staticmethod
    def _template(record: logging.LogRecord) -> str:
        return str(record.msg.get("event", "")) if isinstance(record.msg, dict) else str(record.msg)
