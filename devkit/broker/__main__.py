"""Runs one broker in the foreground: `python -m devkit.broker kafka|embedded [--port N] [--topic NAME:N]`.

Prints the address on a line of its own when it is ready, and ends on Ctrl-C or SIGTERM.
"""

import argparse
import signal
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager

from .embedded import embedded_broker
from .jars import KafkaUnavailableError
from .kafka import NO_CONFIG, real_kafka
from .process import ChildError

FAILED, USAGE, UNAVAILABLE = 1, 2, 69  # 69 is EX_UNAVAILABLE of sysexits.h


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the broker that the arguments name; returns the exit code."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    if asked.kind == "embedded" and asked.port:
        parser.error("the embedded broker chooses its port itself")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends in good order, as Ctrl-C does
    try:
        with _broker(asked) as bootstrap:
            print(bootstrap, flush=True)
            signal.pause()
    except KeyboardInterrupt:
        return 0
    except KafkaUnavailableError as missing:
        print(missing, file=sys.stderr)
        return UNAVAILABLE
    except (ChildError, OSError) as wrong:
        print(wrong, file=sys.stderr)
        return FAILED
    return 0


@contextmanager
def _broker(asked: argparse.Namespace) -> Generator[str]:
    if asked.kind == "embedded":
        with embedded_broker(asked.topic) as embedded:
            yield embedded.bootstrap
        return
    with real_kafka(port=asked.port) as kafka:
        kafka.create_topics([(name, count, NO_CONFIG) for name, count in asked.topic])
        yield kafka.bootstrap


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m devkit.broker", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("kind", choices=["kafka", "embedded"])
    parser.add_argument("--port", type=int, default=0, help="where Kafka listens; by default a free port")
    parser.add_argument(
        "--topic",
        type=_topic,
        action="append",
        default=[],
        metavar="NAME:PARTITIONS",
        help="a topic to make; repeatable",
    )
    return parser


def _topic(text: str) -> tuple[str, int]:
    name, _, partitions = text.partition(":")
    return name, int(partitions or 1)


if __name__ == "__main__":
    sys.exit(main())
