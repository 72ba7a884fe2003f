"""What commands share: the settings of the call, quiet logs, and running a coroutine."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import click

from ..adapters.logs import configure
from ..cli import Shell
from ..errors import ConfigurationError

T = TypeVar("T")

with_shell = click.make_pass_decorator(Shell)
"""Hands the ``Shell`` to a command as its first argument."""


def run(shell: Shell, work: Coroutine[Any, Any, T]) -> T:
    """Run a command's work to its end.

    A command answers with one message; the lines that libraries log about the same failure would only hide
    it. ``--set logs.level=debug`` shows them.
    """
    try:
        logs = shell.settings.logs
    except ConfigurationError:
        work.close()
        raise
    configure(logs if logs.level == "debug" else logs.model_copy(update={"level": "critical"}))
    return asyncio.run(work)
