"""The worker of the demo: a process of its own, asked for what it says of itself and nothing else."""

import json
import os
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp

from devkit.broker import Child
from streams.wire.times import parse_time

from .failure import PartFailedError
from .scene import PartitionState

ROOT = Path(__file__).resolve().parents[2]
LAST_LINES = 12
_LOG = 200_000
_ANSWERS_WITHIN = 2.0


class WorkerProcess:
    """`python -m agents worker detect`, running; made by `running_worker`.

    Args:
        child: the process.
    """

    def __init__(self, child: Child) -> None:
        self._child = child
        self._url: str | None = None
        self._stopping = False

    @property
    def pid(self) -> int:
        """The process id."""
        return self._child.pid

    def check(self) -> None:
        """See that it runs.

        Raises:
            PartFailedError: it ended by itself; the message carries its last log lines.
        """
        code = self._child.exit_code
        if code is not None and not self._stopping:
            raise PartFailedError(
                f"the worker ended by itself with exit code {code}; it said last:", self.said()
            )

    def said(self) -> str:
        """Its last log lines."""
        return "\n".join(self._child.output(8_000).strip().splitlines()[-LAST_LINES:])

    def stop(self) -> None:
        """Let it finish the cut in hand and end.

        Raises:
            PartFailedError: it did not end in good order.
        """
        self.check()
        self._stopping = True
        code = self._child.stop()
        if code:
            raise PartFailedError(
                f"the worker did not end well (exit code {code}); it said last:", self.said()
            )

    async def ready(self, session: aiohttp.ClientSession) -> bool:
        """Whether it owns its partitions and has recovered them."""
        answer = await self._ask(session, "/readyz")
        return bool(answer and answer.get("ready"))

    async def partitions(self, session: aiohttp.ClientSession) -> list[PartitionState]:
        """How far it is; empty if it does not answer."""
        answer = await self._ask(session, "/partitions")
        return [_state(entry) for entry in answer["partitions"]] if answer else []

    async def _ask(self, session: aiohttp.ClientSession, path: str) -> Mapping[str, Any] | None:
        self._url = self._url or _url_in(self._child.output(_LOG))
        if self._url is None:
            return None
        try:
            async with session.get(self._url + path) as answer:
                found: dict[str, Any] = await answer.json()
        except (aiohttp.ClientError, TimeoutError):
            return None  # it starts or ends; whether it lives at all is asked of the process
        return found


def admin_session() -> aiohttp.ClientSession:
    """Connections to its admin server."""
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_ANSWERS_WITHIN))


@contextmanager
def running_worker(settings: Mapping[str, str]) -> Generator[WorkerProcess]:
    """Run a worker for the length of a `with` block.

    Args:
        settings: by dotted name. Nothing else counts: no file and no environment of the user's.
    """
    with TemporaryDirectory(prefix="holdfast-demo-") as folder:
        config = Path(folder) / "empty.toml"
        config.touch()
        given = {**settings, "data_dir": folder, "logs.format": "json"}
        flags = [part for name, value in given.items() for part in ("--set", f"{name}={value}")]
        command: list[str | Path] = [
            sys.executable,
            "-m",
            "agents",
            "--config",
            config,
            *flags,
            "worker",
            "detect",
        ]
        env = {name: value for name, value in os.environ.items() if not name.startswith("HOLDFAST_")}
        with Child(command, cwd=ROOT, env=env) as child:
            yield WorkerProcess(child)


def _url_in(log: str) -> str | None:
    """Find where the admin server listens: it says so in one line of the log."""
    for line in log.splitlines():
        if '"admin server listens"' not in line:
            continue
        try:
            said = json.loads(line)
        except ValueError:
            continue  # the line is still being written
        return str(said["url"])
    return None


def _state(entry: Mapping[str, Any]) -> PartitionState:
    lag = sum(max(0, of["end"] - of["applied"]) for of in entry["inputs"])
    return PartitionState(entry["partition"], parse_time(entry["at"]), lag)
