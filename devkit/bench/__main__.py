"""The benchmarks from the command line: `python -m devkit.bench NAME`; `--help` lists them."""

import argparse
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import NamedTuple

from devkit.broker import ChildError, KafkaUnavailableError

from . import contenders, core, history, idle, lapse, latency, mass, memory, recovery, scale, stall
from .report import Result

DIFFERENT, UNAVAILABLE, INTERRUPTED = 1, 69, 130  # 69 is EX_UNAVAILABLE of sysexits.h


class Benchmark(NamedTuple):
    """A benchmark, as the command line knows it."""

    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], Result]


def _of(module: ModuleType) -> Benchmark:
    first = (module.__doc__ or "").splitlines()[0].partition(": ")[2]
    return Benchmark(first, module.add_arguments, module.run)


_MODULES = (contenders, core, history, idle, lapse, latency, mass, memory, recovery, scale, stall)
BENCHMARKS: Mapping[str, Benchmark] = {module.__name__.rpartition(".")[2]: _of(module) for module in _MODULES}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one benchmark; returns the exit code: 1 where results that must be equal were not."""
    parser = argparse.ArgumentParser(
        prog="python -m devkit.bench", description="Measures on this machine; results also in var/bench."
    )
    commands = parser.add_subparsers(dest="name", metavar="NAME")
    for name, benchmark in BENCHMARKS.items():
        benchmark.add_arguments(commands.add_parser(name, help=benchmark.help, description=benchmark.help))
    asked = parser.parse_args(arguments)
    if asked.name is None:  # `make bench` alone: say what there is to choose from
        parser.print_help()
        return 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends in good order, as Ctrl-C does
    try:
        result = BENCHMARKS[asked.name].run(asked)
    except (KafkaUnavailableError, FileNotFoundError) as missing:
        print(missing, file=sys.stderr)
        return UNAVAILABLE
    except KeyboardInterrupt:
        return INTERRUPTED
    except (ChildError, TimeoutError) as wrong:
        print(wrong, file=sys.stderr)
        return DIFFERENT
    result.tell()
    return 0 if result.equal else DIFFERENT


if __name__ == "__main__":
    sys.exit(main())
