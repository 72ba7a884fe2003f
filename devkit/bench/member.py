"""A worker process that is measured: started by the documented command, watched from outside."""

import json
import os
import re
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

from devkit.broker import Child, ChildError

from .machine import ROOT, cpu_seconds, resident_mib

READY_SECONDS = 90.0
DETECT = (sys.executable, "-m", "agents", "worker", "detect")
_URL = re.compile(r"http://127\.0\.0\.1:\d+")
_ENOUGH = 20_000  # of its output: the address is told in the first lines, and failures in the last


def wait_until(condition: Callable[[], object], what: str, seconds: float = READY_SECONDS) -> None:
    """Wait for a condition.

    Raises:
        TimeoutError: it does not come; says what was waited for.
    """
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.05)


def environment(bootstrap: str, prefix: str, partitions: int, more: Mapping[str, str]) -> dict[str, str]:
    """Everything of ours but its HOLDFAST_ settings, which are those given here."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("HOLDFAST_")}
    return {
        **inherited,
        "HOLDFAST_KAFKA__BOOTSTRAP_SERVERS": bootstrap,
        "HOLDFAST_TOPICS__PREFIX": prefix,
        "HOLDFAST_TOPICS__PARTITIONS": str(partitions),
        **more,
    }


class Measured(NamedTuple):
    """What a process has used: CPU seconds so far, resident MiB now."""

    cpu: float
    mib: float


class Member:
    """One worker, which may be killed and started again.

    Args:
        env: its environment, of `environment`.
        name: stable in its group, so that a restart needs no rebalance; None for a dynamic member.
        command: starts it.
    """

    def __init__(
        self, env: Mapping[str, str], name: str | None = None, command: Sequence[str | Path] = DETECT
    ) -> None:
        self._env = {**env, **({"HOLDFAST_KAFKA__INSTANCE_ID": name} if name else {})}
        self._command = command
        self._child: Child | None = None
        self._cpu_before = 0.0
        self.kills = 0

    def start(self) -> Self:
        """Start it, or start it again."""
        self.close()
        self._child = Child(self._command, cwd=ROOT, env=self._env)
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._running().pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._running().exit_code is None

    @property
    def cpu(self) -> float:
        """CPU seconds of all its lives."""
        return self._cpu_before + cpu_seconds(self._running().pid)

    def output(self) -> str:
        """The end of what it said."""
        return self._running().output(_ENOUGH)

    def freeze(self) -> None:
        """Stop it in its tracks (SIGSTOP)."""
        self._running().freeze()

    def thaw(self) -> None:
        """Let it go on (SIGCONT)."""
        self._running().thaw()

    def kill(self) -> None:
        """End it at once (SIGKILL)."""
        self._cpu_before = self.cpu
        self.kills += 1
        self._running().kill()

    def stop(self) -> int:
        """End it politely; returns its exit code."""
        return self._running().stop()

    def close(self) -> None:
        """End whatever runs."""
        if self._child is not None:
            self._child.close()
            self._child = None

    def measured(self) -> Measured:
        """What it has used."""
        return Measured(cpu_seconds(self.pid), resident_mib(self.pid))

    def end_well(self) -> None:
        """End it politely.

        Raises:
            ChildError: it did not exit with 0; the message carries what it said.
        """
        code = self.stop()
        if code:
            raise ChildError(f"a worker ended with {code}:\n{self.output()}")

    def wait_ready(self, partitions: int | None = None, seconds: float = READY_SECONDS) -> Self:
        """Wait until it says that it is ready, with this many partitions if a number is given.

        Raises:
            ChildError: it ended, or was not ready in time; the message carries what it said.
        """
        try:
            wait_until(lambda: self._ready(partitions), "a worker that is ready", seconds)
        except TimeoutError as late:
            raise ChildError(f"{late}\n{self.output()}") from late
        return self

    def partitions(self) -> list[dict[str, Any]]:
        """Its entries of `/partitions`; empty if it does not answer."""
        answer = self._get("/partitions")
        return answer["partitions"] if answer else []

    def accepted(self) -> int:
        """Events that it has taken in since it started."""
        return sum(entry["accepted"] for owned in self.partitions() for entry in owned["inputs"])

    def applied(self) -> int:
        """The next offsets to be applied, summed over its inputs."""
        return sum(entry["applied"] for owned in self.partitions() for entry in owned["inputs"])

    def metrics(self) -> dict[str, float]:
        """What it counts, by name with its labels, as its /metrics has it; empty if it does not answer."""
        text = self._fetch("/metrics") or b""
        lines = [line.rpartition(" ") for line in text.decode().splitlines() if not line.startswith("#")]
        return {name: float(value) for name, _, value in lines if name}

    @property
    def address(self) -> str | None:
        """Its admin server, once it has told where it listens."""
        found = _URL.search(self._running().output(10 * _ENOUGH))
        return found[0] if found else None

    def _ready(self, partitions: int | None) -> bool:
        code = self._running().exit_code
        if code is not None:
            raise ChildError(f"a worker ended with {code}:\n{self.output()}")
        ready = bool((self._get("/readyz") or {}).get("ready"))
        return ready and (partitions is None or len(self.partitions()) == partitions)

    def _get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        text = self._fetch(path)
        return None if text is None else json.loads(text)

    def _fetch(self, path: str) -> bytes | None:
        address = self.address
        if address is None:
            return None
        try:
            with urllib.request.urlopen(address + path, timeout=5) as answer:  # noqa: S310 - its own http address
                return bytes(answer.read())
        except urllib.error.HTTPError as refusal:
            return refusal.read()
        except OSError:
            return None

    def _running(self) -> Child:
        if self._child is None:
            raise ChildError("this worker was not started")
        return self._child
