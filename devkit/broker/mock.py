"""The embedded broker's own process: librdkafka's mock cluster, led by JSON lines on stdin.

A process of its own, because the cluster lives in a thread of librdkafka: beside a test it would share the
interpreter, and the test's CPU could not be told from the broker's. It ends when stdin does.

Protocol: the first line out is `{"bootstrap": "127.0.0.1:…,…"}`; each line in is `[command, argument, …]`
and is answered by `{"error": 0}` or by the text of what went wrong.
"""

import ctypes
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import confluent_kafka

_POINTER, _INT32, _TEXT, _INT = ctypes.c_void_p, ctypes.c_int32, ctypes.c_char_p, ctypes.c_int
_PRODUCER = 0  # RD_KAFKA_PRODUCER

# command: (function of librdkafka, types of its arguments after the cluster)
_COMMANDS: dict[str, tuple[str, tuple[type, ...]]] = {
    "topic": ("rd_kafka_mock_topic_create", (_TEXT, _INT, _INT)),
    "down": ("rd_kafka_mock_broker_set_down", (_INT32,)),
    "up": ("rd_kafka_mock_broker_set_up", (_INT32,)),
    "rtt": ("rd_kafka_mock_broker_set_rtt", (_INT32, _INT)),
    "leader": ("rd_kafka_mock_partition_set_leader", (_TEXT, _INT32, _INT32)),
    "rebalance_delay": ("rd_kafka_mock_group_initial_rebalance_delay_ms", (_INT32,)),
}
_WITHOUT_RESULT = {"rebalance_delay"}


def library() -> ctypes.CDLL:
    """The librdkafka that the confluent-kafka wheel carries; its file name holds a hash.

    Raises:
        FileNotFoundError: This confluent-kafka was built against a librdkafka elsewhere.
    """
    package = Path(confluent_kafka.__file__).parent
    beside = [package.parent / "confluent_kafka.libs", package / ".dylibs"]
    found = [path for folder in beside for path in sorted(folder.glob("librdkafka*"))]
    if not found:
        raise FileNotFoundError("no librdkafka in the confluent-kafka package: install its wheel")
    return ctypes.CDLL(str(found[0]))


class Cluster:
    """The mock cluster, by ctypes."""

    def __init__(self, brokers: int) -> None:
        self._library = library()
        configuration = self._bind("rd_kafka_conf_new", _POINTER)()
        error = ctypes.create_string_buffer(512)
        new = self._bind("rd_kafka_new", _POINTER, _INT, _POINTER, _TEXT, ctypes.c_size_t)
        client = new(_PRODUCER, configuration, error, len(error))
        if not client:
            raise RuntimeError(error.value.decode())
        self._cluster = self._bind("rd_kafka_mock_cluster_new", _POINTER, _POINTER, _INT)(client, brokers)
        if not self._cluster:
            raise RuntimeError("librdkafka made no mock cluster")
        bootstraps = self._bind("rd_kafka_mock_cluster_bootstraps", _TEXT, _POINTER)
        self.bootstrap: str = bootstraps(self._cluster).decode()
        self._error_text = self._bind("rd_kafka_err2str", _TEXT, _INT)

    def do(self, command: str, *arguments: str | int) -> str:
        """Carry out one command; returns the error's text, empty when there was none."""
        if command == "push_errors":
            self._push_errors(*(int(argument) for argument in arguments))
            return ""
        name, types = _COMMANDS[command]
        result = None if command in _WITHOUT_RESULT else _INT
        values = [value.encode() if isinstance(value, str) else value for value in arguments]
        code = self._bind(name, result, _POINTER, *types)(self._cluster, *values)
        return self._error_text(code).decode() if code else ""

    def _push_errors(self, api: int, *codes: int) -> None:
        # variadic: no argtypes, so each argument says its own type
        self._library.rd_kafka_mock_push_request_errors(
            _POINTER(self._cluster), ctypes.c_int16(api), ctypes.c_size_t(len(codes)), *map(_INT, codes)
        )

    def _bind(self, name: str, result: type | None, *arguments: type) -> Callable[..., Any]:
        function = getattr(self._library, name)
        function.restype, function.argtypes = result, arguments
        bound: Callable[..., Any] = function
        return bound


def main(brokers: int) -> None:
    """Serve one cluster until stdin ends."""
    cluster = Cluster(brokers)
    print(json.dumps({"bootstrap": cluster.bootstrap}), flush=True)
    for line in sys.stdin:
        command, *arguments = json.loads(line)
        try:
            error = cluster.do(command, *arguments)
        except Exception as wrong:  # noqa: BLE001 - whatever it is, the other end raises it
            error = repr(wrong)
        print(json.dumps({"error": error}), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
