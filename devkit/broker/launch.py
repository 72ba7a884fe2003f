"""Turns into another program that dies with its parent: `python launch.py PARENT_PID PROGRAM ARGUMENT…`.

Runs as a script of its own, on the standard library only, between fork and the program: a `preexec_fn`
would do the same inside a forked copy of a process with threads, where anything may be locked.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Ask for the parent-death signal, unless the parent died before we asked, and become the program."""
    parent, *command = arguments
    if sys.platform == "linux":  # elsewhere only a parent that ends in good order ends its children
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != int(parent):
            sys.exit("the parent is gone")
    os.execvp(command[0], command)  # noqa: S606 - a program named by our own tests and tools


if __name__ == "__main__":
    main(sys.argv[1:])
