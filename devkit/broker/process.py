"""A child process that cannot outlive whoever started it, and that answers to its own pid only.

Brokers and workers under test are killed, frozen and thawed; what starts them may itself be killed. A
leftover broker would hold a port and half a gigabyte, and make the next run lie. So each child asks the
kernel to be killed when its parent goes (`launch.py`), and every signal is sent through the handle that
started it, never by name.
"""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import IO, Self

LAUNCHER = Path(__file__).with_name("launch.py")

# The kernel's parent-death signal follows the *thread* that forked, not the process. One thread that lives
# as long as the process does starts all children, so that a start from a short-lived thread is no death
# sentence.
_starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="child-starter")


class ChildError(RuntimeError):
    """A child process ended, or did not do what it should; the message carries the end of its output."""


class Child:
    """One running process: started on construction, ended by `stop` (or on leaving the `with` block).

    Args:
        command: The program and its arguments.
        cwd: Its working folder; ours by default.
        env: Its whole environment; ours by default.
        pipes: Whether stdin and stdout are pipes of ours (`stdin`, `stdout`); else stdin is empty and all
        output goes
            to the file behind `output()`.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        pipes: bool = False,
    ) -> None:
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the child, closed in stop()
        arguments = [sys.executable, "-S", "-E", str(LAUNCHER), str(os.getpid()), *map(str, command)]
        self._frozen = False
        self._popen = _starter.submit(
            subprocess.Popen,
            arguments,
            cwd=cwd,
            env=env,
            stdin=subprocess.PIPE if pipes else subprocess.DEVNULL,
            stdout=subprocess.PIPE if pipes else self._output,
            stderr=self._output,
            process_group=0,  # Ctrl-C in a terminal is for us, who then end our children in order
        ).result()

    @property
    def pid(self) -> int:
        """The process id: of the program itself, as the launcher turns into it."""
        return self._popen.pid

    @property
    def stdin(self) -> IO[bytes]:
        """The pipe into the child; only with `pipes`."""
        if self._popen.stdin is None:
            raise ValueError("started without pipes")
        return self._popen.stdin

    @property
    def stdout(self) -> IO[bytes]:
        """The pipe out of the child; only with `pipes`."""
        if self._popen.stdout is None:
            raise ValueError("started without pipes")
        return self._popen.stdout

    @property
    def exit_code(self) -> int | None:
        """The exit code (minus the signal's number if one ended it), or None while it runs."""
        return self._popen.poll()

    def output(self, last: int = 4000) -> str:
        """The last characters that the child wrote (to stderr only, when it has pipes)."""
        if self._output.closed:
            return ""
        size = os.fstat(self._output.fileno()).st_size
        start = max(0, size - last)
        return os.pread(self._output.fileno(), size - start, start).decode(errors="replace")

    def wait(self, seconds: float) -> int:
        """Wait for the child to end by itself.

        Returns:
            Its exit code.

        Raises:
            ChildError: It still runs after that time.
        """
        try:
            return self._popen.wait(seconds)
        except subprocess.TimeoutExpired as still_running:
            raise ChildError(
                f"{self._name()} still runs after {seconds} s:\n{self.output()}"
            ) from still_running

    def signal(self, number: signal.Signals) -> None:
        """Send a signal; nothing happens if the child has ended."""
        self._popen.send_signal(number)  # polls first, so a pid that was given to somebody else is never hit

    def freeze(self) -> None:
        """Stop it in its tracks (SIGSTOP): connections stay open, nothing answers."""
        self.signal(signal.SIGSTOP)
        self._frozen = True

    def thaw(self) -> None:
        """Let a frozen child go on."""
        self.signal(signal.SIGCONT)
        self._frozen = False

    def kill(self) -> int:
        """End it at once (SIGKILL) and wait until it is gone; returns the exit code."""
        self.signal(signal.SIGKILL)
        return self._popen.wait()

    def stop(self, seconds: float = 20) -> int:
        """End it politely: SIGTERM, and SIGKILL if that did not do within the time. May be called again.

        Returns:
            The exit code.
        """
        if self._frozen:
            self.thaw()
        self.signal(signal.SIGTERM)
        try:
            code = self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            code = self.kill()
        for pipe in (self._popen.stdin, self._popen.stdout):
            if pipe is not None:
                pipe.close()
        return code

    def close(self) -> None:
        """Stop it and forget what it wrote."""
        self.stop()
        self._output.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _name(self) -> str:
        return f"process {self.pid}"
