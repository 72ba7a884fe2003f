"""The live view: one screen, from a scene. Drawing it changes nothing."""

from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.layout import Layout
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from streams.wire.times import format_time

from .scene import PartitionState, Scene, Told

REFRESH_SECONDS: Final = 0.25

_TONES: Final = {
    "opened": "yellow",
    "closed": "green",
    "retracted": "dim",
    "send": "cyan",
    "cancel": "magenta",
}
_DATE: Final = len("01-31 ")
_MOST_KINDS: Final = 8
_FEW_KINDS: Final = 5
_TALL: Final = 32
_FRAME_OF_PANEL: Final = 2


class News:
    """The newest lines, newest on top, as many as there is room for; long ones are folded.

    Args:
        lines: newest first.
        nothing: what to say while there are none.
    """

    def __init__(self, lines: Sequence[Told], nothing: str) -> None:
        self._lines, self._nothing = lines, nothing

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        room = options.height or options.max_height
        if not self._lines:
            yield Text(self._nothing, style="dim")
            return
        for told in self._lines:
            folded = Text(told.sentence, style=_TONES.get(told.tone, "")).wrap(
                console, max(10, options.max_width - _DATE)
            )
            if len(folded) > room:
                return
            room -= len(folded)
            for number, line in enumerate(folded):
                line.rstrip()
                margin = f"{format_time(told.at)[5:10]} " if number == 0 else " " * _DATE
                yield Text(margin, style="dim").append_text(line)


def screen(scene: Scene, height: int) -> Layout:
    """Lay everything out, for any width; a low screen shows fewer kinds, so that the news have room."""
    most = _MOST_KINDS if height >= _TALL else _FEW_KINDS
    kinds, parts = scene.open_by_kind()[:most], scene.partitions[:most]
    inner = max(len(kinds), len(parts), 1) + 1
    middle = Layout(name="middle", size=inner + _FRAME_OF_PANEL)
    middle.split_row(
        Layout(_panel(_kinds(scene, kinds), "open episodes"), ratio=1),
        Layout(_panel(_partitions(parts), f"partitions, {scene.frame.broker}"), ratio=1),
    )
    whole = Layout()
    whole.split_column(
        Layout(_headline(scene), size=2),
        middle,
        Layout(
            _panel(
                News(scene.newest_signals, "nobody has lapsed yet"), "newest signals", scene.signals.total()
            ),
            ratio=3,
        ),
        Layout(
            _panel(
                News(scene.newest_commands(), "nothing to send yet"),
                "newest commands, and why",
                scene.commands.total(),
            ),
            ratio=2,
        ),
    )
    return whole


def _panel(content: "Table | News", title: str, count: int | None = None) -> Panel:
    shown = title if count is None else f"{title} [dim]({count:,} so far)[/dim]"
    return Panel(
        content, title=f"[bold]{shown}[/bold]", title_align="left", border_style="dim", padding=(0, 1)
    )


def _headline(scene: Scene) -> Group:
    return Group(
        _ends(
            Text.assemble(("Holdfast ", "bold"), scene.frame.title),
            Text(f"{scene.events:,} events, {scene.rate():,.0f} a second", "bold"),
        ),
        _ends(
            Text.assemble(
                (format_time(scene.at)[:10], "bold"),
                f", day {scene.day} of {scene.days}: {scene.phase}",
                (" (Ctrl-C ends it)", "dim"),
            ),
            ProgressBar(total=1.0, completed=scene.share, width=20),
        ),
    )


def _ends(left: Text, right: "Text | ProgressBar") -> Table:
    """One line with something at each end; the left one gives way."""
    grid = Table.grid(expand=True, padding=(0, 1))
    grid.add_column(no_wrap=True, ratio=1)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_row(left, right)
    return grid


def _kinds(scene: Scene, kinds: Sequence[tuple[str, int]]) -> Table:
    table = Table.grid(expand=True, padding=(0, 1))
    table.add_column(style="yellow", no_wrap=True)
    table.add_column(justify="right", style="bold")
    table.add_column(justify="right", style="dim", no_wrap=True)
    table.add_row(Text("kind", "dim"), Text("open", "dim"), "so far")
    for kind, count in kinds:
        table.add_row(kind, f"{count:,}", f"{scene.signals[kind, 'opened']:,}")
    if not kinds:
        table.add_row(Text("none yet", "dim"), "", "")
    return table


def _partitions(parts: Sequence[PartitionState]) -> Table:
    table = Table.grid(expand=True, padding=(0, 1))
    table.add_column(justify="right", style="bold", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", style="dim", no_wrap=True)
    table.add_row("", Text("its time", "dim"), "waiting")
    for part in parts:
        table.add_row(str(part.number), format_time(part.at)[:16].replace("T", " "), f"{part.lag:,}")
    if not parts:
        table.add_row("", Text("not told yet", "dim"), "")
    return table


class LiveView:
    """Draws the screen in a terminal for the length of a `with` block.

    Args:
        scene: what to draw.
        console: a terminal.
    """

    every = REFRESH_SECONDS

    def __init__(self, scene: Scene, console: Console) -> None:
        self._scene, self._console = scene, console
        # Drawn from our own task only: a thread of its own would read the scene while it changes.
        self._live = Live(self._screen(), console=console, screen=True, auto_refresh=False)

    def refresh(self) -> None:
        """Draw it anew."""
        self._live.update(self._screen(), refresh=True)

    def _screen(self) -> Layout:
        return screen(self._scene, self._console.height)

    def __enter__(self) -> Self:
        self._live.start(refresh=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()
