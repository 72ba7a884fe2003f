"""A worker process under test: started by Faust's own command line, waited for by what it says of itself."""

import json
import os
import re
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from devkit.broker import Child

ROOT = Path(__file__).parents[2]
FAUST = Path(sys.executable).with_name("faust")
TOY = "tests.support.toy_worker"
AUDITS = "holdfast_audits_total"
PATIENCE = 150.0
"""Seconds to wait for what must come: on a crowded machine a start alone may take a minute."""
QUICK: Mapping[str, str] = {
    "HOLDFAST_KAFKA__SESSION_TIMEOUT": "6s",
    "HOLDFAST_KAFKA__HEARTBEAT_INTERVAL": "500ms",
    "HOLDFAST_KAFKA__REBALANCE_TIMEOUT": "8s",
    "HOLDFAST_KAFKA__REQUEST_TIMEOUT": "15s",
    "HOLDFAST_KAFKA__COMMIT_INTERVAL": "500ms",
    "HOLDFAST_CLOCK_HOLD": "0s",
    "HOLDFAST_LOGS__FORMAT": "json",
}


def wait_until(condition: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Wait for a condition, and say what it was if it does not come."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.05)


class Worker:
    """One worker of a group.

    Args:
        bootstrap: The broker.
        prefix: Of the topics.
        partitions: Of each topic.
        folder: Where it may keep files.
        module: Where Faust finds its app.
        settings: More environment.

    Attributes:
        env: The environment of the next start.
    """

    def __init__(
        self,
        bootstrap: str,
        prefix: str,
        partitions: int,
        folder: Path,
        module: str = TOY,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("HOLDFAST_")},
            **QUICK,
            "HOLDFAST_KAFKA__BOOTSTRAP_SERVERS": bootstrap,
            "HOLDFAST_TOPICS__PREFIX": prefix,
            "HOLDFAST_TOPICS__PARTITIONS": str(partitions),
            "HOLDFAST_DATA_DIR": str(folder),
            **(settings or {}),
        }
        self._command: list[str | Path] = [FAUST, "-A", module, "worker", "--without-web", "-l", "info"]
        self._child: Child | None = None
        self.exits: list[int] = []
        self.said = ""

    @property
    def child(self) -> Child:
        """The running process."""
        assert self._child is not None
        return self._child

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.exit_code is None

    def start(self) -> "Worker":
        self._end()
        self._child = Child(self._command, cwd=ROOT, env=self.env)
        return self

    def output(self) -> str:
        """All that it said, in this run and the ones before."""
        return self.said + (self._child.output(2_000_000) if self._child else "")

    def url(self) -> str | None:
        """The admin server of the running process."""
        found = re.findall(r"http://127\.0\.0\.1:\d+", self.child.output(2_000_000))
        return found[0] if found else None

    def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """Ask the admin server; `None` if it does not answer."""
        url = self.url()
        if url is None:
            return None
        try:
            with urllib.request.urlopen(url + path, timeout=2) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refusal:
            return json.load(refusal)
        except OSError:
            return None

    def metric(self, name: str) -> float:
        """The sum of a metric over its labels."""
        with urllib.request.urlopen(f"{self.url()}/metrics", timeout=5) as answer:
            lines: list[str] = answer.read().decode().splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if re.match(rf"{name}[{{ ]", line))

    def audited(self) -> Callable[[], bool]:
        """A condition: the auditor has looked at the accounts once more."""
        before = self.metric(AUDITS)
        return lambda: self.metric(AUDITS) > before

    def is_ready(self) -> bool:
        if not self.running:
            raise AssertionError(f"the worker ended with {self.child.exit_code}:\n{self.child.output()}")
        return bool((self.get("/readyz") or {}).get("ready"))

    def wait_ready(self, seconds: float = PATIENCE) -> "Worker":
        try:
            wait_until(self.is_ready, "worker ready", seconds)
        except AssertionError as late:
            raise AssertionError(f"{late}\n{self.child.output(6000)}") from late
        return self

    def partitions(self) -> list[dict[str, Any]]:
        answer = self.get("/partitions")
        return answer["partitions"] if answer else []

    def arm(self) -> None:
        """Have the fault of its ``TOY_FAULT`` happen."""
        self.child.signal(signal.SIGHUP)

    @property
    def stopped(self) -> bool:
        """Whether it was stopped in its tracks, by whomever."""
        return Path(f"/proc/{self.child.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"

    def kill(self) -> None:
        self.exits.append(self.child.kill())
        self._keep()

    def stop(self) -> int:
        code = self.child.stop()
        self.exits.append(code)
        self._keep()
        return code

    def wait_end(self, seconds: float = PATIENCE) -> int:
        code = self.child.wait(seconds)
        self.exits.append(code)
        self._keep()
        return code

    def close(self) -> None:
        self._end()

    def _keep(self) -> None:
        self.said += self.child.output(2_000_000)
        self.child.close()
        self._child = None

    def _end(self) -> None:
        if self._child is not None:
            self._child.close()
            self._child = None


def listening(pid: int) -> set[tuple[str, int]]:
    """The TCP sockets on which a process listens: address in hex as the kernel shows it, and port."""
    sockets = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(entry.readlink())
        except FileNotFoundError:  # closed while we looked
            continue
        if target.startswith("socket:["):
            sockets.add(target[len("socket:[") : -1])
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            address, port = fields[1].split(":")
            if fields[3] == "0A" and fields[9] in sockets:  # 0A: listen
                found.add((address, int(port, 16)))
    return found
