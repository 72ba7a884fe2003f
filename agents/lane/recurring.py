"""What looks at a worker now and then, beside its work: the auditor, the watch of the topics."""

import asyncio
from abc import ABC, abstractmethod
from typing import Self


class Recurring(ABC):
    """Something that runs from the start of the worker to its end."""

    _task: asyncio.Task[None] | None = None

    async def start(self) -> Self:
        """Begin."""
        self._task = asyncio.create_task(self._run())
        return self

    async def stop(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @abstractmethod
    async def _run(self) -> None:
        """Look, again and again."""
