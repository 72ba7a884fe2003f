"""One performance: waits for the worker, plays the story, listens, shows; ends when the story does."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import aiohttp

from agents.control_client import ControlClient
from agents.replay.kafka import open_line
from agents.settings import Settings
from streams.topics import Catalogue

from .failure import PartFailedError
from .listen import Listener, listening
from .pace import Pace
from .play import Player
from .scene import Scene
from .story import Story
from .worker import WorkerProcess, admin_session

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

READY_WITHIN = 90.0
TICK_WITHIN = 60.0
_LOOK = 0.2


class View(Protocol):
    """Whatever shows a scene."""

    @property
    def every(self) -> float:
        """Seconds between two refreshes."""

    def refresh(self) -> None:
        """Show it as it is now."""


Views = Callable[[Scene], "AbstractContextManager[View]"]


class Stage:
    """All that takes part.

    Args:
        settings: of this side's clients; the worker has the same.
        topics: made already.
        worker: started already.
        story: not begun.
        scene: told of everything.
    """

    def __init__(
        self, settings: Settings, topics: Catalogue, worker: WorkerProcess, story: Story, scene: Scene
    ) -> None:
        self.settings, self.topics, self.worker = settings, topics, worker
        self.story, self.scene = story, scene

    async def perform(self, seconds: float, views: Views) -> None:
        """Play the story.

        Args:
            seconds: how long it shall take.
            views: makes the view when all is ready.

        Raises:
            PartFailedError: a part failed, or something was said that cannot be read.
            HoldfastError: Kafka cannot be reached, or a tick is not answered.
        """
        async with admin_session() as session:
            await self._wait_ready(session)
            await self._publish_offers()
            async with (
                open_line(self.settings, self.topics, TICK_WITHIN) as line,
                listening(self.settings, self.topics, self.scene, self.story.respond) as listener,
            ):
                player = Player(
                    line, self.scene, Pace(self.story.until, seconds), self.topics.control.partitions
                )
                with views(self.scene) as view:
                    await self._together(player, listener, session, view)
                    view.refresh()

    async def _together(
        self, player: Player, listener: Listener, session: aiohttp.ClientSession, view: View
    ) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                watching = [group.create_task(self._watch(session)), group.create_task(_show(view))]
                listens = group.create_task(listener.listen())
                self.scene.begins()
                await player.play(self.story.events(), self.story.until)
                self.scene.phase = "the worker finishes"
                # Its end is what says that nothing more will be written.
                await asyncio.to_thread(self.worker.stop)
                listens.cancel()
                await asyncio.wait([listens])
                await listener.drain()
                self.scene.phase = "done"
                for task in watching:
                    task.cancel()
        except* Exception as failed:  # noqa: BLE001 - passed on, whatever it is
            # A dead worker is the cause; what else failed along with it is not worth telling.
            self.worker.check()
            raise failed.exceptions[0] from None

    async def _wait_ready(self, session: aiohttp.ClientSession) -> None:
        end = asyncio.get_running_loop().time() + READY_WITHIN
        while not await self.worker.ready(session):
            self.worker.check()
            if asyncio.get_running_loop().time() > end:
                raise PartFailedError(
                    f"the worker was not ready within {READY_WITHIN:.0f} s; it said last:", self.worker.said()
                )
            await asyncio.sleep(_LOOK)

    async def _publish_offers(self) -> None:
        offers = self.story.offers()
        if offers is not None:
            async with ControlClient.connect(self.settings, self.topics) as control:
                await control.publish(offers)

    async def _watch(self, session: aiohttp.ClientSession) -> None:
        while True:
            self.worker.check()
            self.scene.partitions = await self.worker.partitions(session) or self.scene.partitions
            await asyncio.sleep(_LOOK)


async def _show(view: View) -> None:
    while True:
        view.refresh()
        await asyncio.sleep(view.every)
