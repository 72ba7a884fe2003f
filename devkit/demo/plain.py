"""What the demo prints where no terminal is: now and then how far it is, and the newest of each."""

from types import TracebackType
from typing import Final, Self

from rich.console import Console

from streams.wire.times import format_time

from .scene import Scene, Told

EVERY_SECONDS: Final = 2.0


class PlainView:
    """Prints lines for the length of a `with` block.

    Args:
        scene: what to tell of.
        console: where to.
    """

    every = EVERY_SECONDS

    def __init__(self, scene: Scene, console: Console) -> None:
        self._scene, self._console = scene, console
        self._told: set[int] = set()

    def refresh(self) -> None:
        """Say how far it is, and the newest signal and command that were not told yet."""
        scene = self._scene
        self._say(
            f"{format_time(scene.at)[:10]} day {scene.day} of {scene.days}: {scene.events:,} events "
            f"({scene.rate():,.0f} a second), {scene.signals.total():,} signals, "
            f"{scene.commands.total():,} commands, {sum(n for _, n in scene.open_by_kind()):,} episodes open"
        )
        for newest in (list(scene.newest_signals)[:1], scene.newest_commands(1)):
            self._news(newest)

    def _news(self, newest: list[Told]) -> None:
        for told in newest:
            mark = hash(told)
            if mark not in self._told:
                self._told.add(mark)
                self._say(f"  {format_time(told.at)[:10]} {told.sentence}")

    def _say(self, line: str) -> None:
        # No folding, no markup: somebody's log takes the line as it is.
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass
