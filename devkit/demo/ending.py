"""The last words: what was said and sent, how it compares with the truth, and what to do next."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from rich.console import Console
from rich.table import Table

from streams.policy.builtin import default_policy
from streams.wire.times import format_time

from .scene import Scene
from .story import HistoryStory, ShopStory, bad_rows
from .truth import STREAM_OF, Verdict, judge

_WHAT: Final = {"purchase_stopped": "stopped buying", "brand_stopped": "left altogether"}


def say_interrupted(scene: Scene, console: Console) -> None:
    """Say how far it came."""
    console.print(
        f"Stopped on {format_time(scene.at)[:10]}, day {scene.day} of {scene.days}: {_flow(scene)}."
    )


def say_end(scene: Scene, story: ShopStory | HistoryStory, console: Console) -> None:
    """Sum up a story that was played to its end."""
    console.print(f"[bold]{scene.days} days in {scene.seconds:.0f} s[/bold]: {_flow(scene)}.")
    if scene.first_signal_after is not None:
        console.print(f"The first signal came {scene.first_signal_after:.1f} s after the first event.")
    console.print()
    console.print(_signals(scene))
    if scene.commands:
        console.print()
        console.print(_commands(scene))
    if scene.missed:
        console.print(
            f"{scene.missed:,} signals and commands more were dropped by the embedded broker before the demo "
            "had read them: `make demo KAFKA=real` keeps them."
        )
    if isinstance(story, ShopStory):
        _say_truth(judge(story.shop, scene.episodes.values()), console)
    else:
        for line in (*_about_history(scene, story), *bad_rows(story)):
            console.print(line, highlight=False, markup=False)
    console.print()
    for line in _next(story):
        console.print(line, highlight=False, markup=False)


def _flow(scene: Scene) -> str:
    repeats = f", {scene.repeats:,} repeats dropped" if scene.repeats else ""
    return (
        f"{scene.events:,} events and {scene.ticks:,} ticks in; {scene.signals.total():,} signals and "
        f"{scene.commands.total():,} commands out{repeats}"
    )


def _table(*names: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for number, name in enumerate(names):
        table.add_column(name, justify="right" if number else "left", no_wrap=True)
    return table


def _signals(scene: Scene) -> Table:
    table = _table("signals", "opened", "closed", "retracted", "open now")
    still = dict(scene.open_by_kind())
    opened = Counter({kind: n for (kind, action), n in scene.signals.items() if action == "opened"})
    for kind, count in opened.most_common():
        closed, retracted = scene.signals[kind, "closed"], scene.signals[kind, "retracted"]
        table.add_row(kind, f"{count:,}", f"{closed:,}", f"{retracted:,}", f"{still.get(kind, 0):,}")
    return table


def _commands(scene: Scene) -> Table:
    actions = sorted({action for _, action in scene.commands}, key=lambda a: (a != "send", a))
    table = _table("commands", *actions)
    for channel in sorted({channel for channel, _ in scene.commands}):
        table.add_row(channel, *(f"{scene.commands[channel, action]:,}" for action in actions))
    return table


def _say_truth(verdicts: Sequence[Verdict], console: Console) -> None:
    console.print()
    console.print("[bold]Held against what the shop knows[/bold]")
    console.print(found(verdicts))
    console.print()
    console.print(alarms(verdicts))
    console.print(
        "fading: the habit was thinning out already. A holiday is no lapse, so it counts as false. "
        "allowed: false alarms a customer and year under the built-in policy.",
        style="dim",
    )


def found(verdicts: Sequence[Verdict]) -> Table:
    """Which of the ends that really came were found, and how long after."""
    table = _table("what really happened", "customers", "found", "half within", "missed", "of them < 30 d")
    for verdict in verdicts:
        if verdict.kind not in STREAM_OF:
            continue
        delay = "" if verdict.delay is None else f"{verdict.delay:.0f} d"
        missed = verdict.ends - verdict.found
        counts = (f"{verdict.ends}", f"{verdict.found}", delay, f"{missed}", f"{verdict.too_short}")
        table.add_row(_WHAT[verdict.kind], *counts)
    return table


def alarms(verdicts: Sequence[Verdict]) -> Table:
    """What customers were really doing when an alarm was raised for them."""
    table = _table("alarms", "all", "gone", "fading", "holiday", "false", "false/year", "allowed")
    rules = default_policy().detect.silences  # none is published here, so partitions use the built-in one
    for verdict in verdicts:
        if verdict.alarms:
            counts = (verdict.alarms, verdict.right, verdict.fading, verdict.holiday, verdict.false)
            rates = (f"{verdict.false_a_year:.2f}", f"{rules[verdict.kind].per_year:g}")
            table.add_row(verdict.kind, *map(str, counts), *rates)
    return table


def _about_history(scene: Scene, story: HistoryStory) -> Iterable[str]:
    yield ""
    yield f"{story.count:,} events of {len(story.customers):,} customers, from {story.title}."
    if not any(action == "send" for _, action in scene.commands):
        yield (
            "Nothing was sent: unknown consent is no. With consents in the file (types email.subscribed, "
            "push.subscribed, ...) commands follow."
        )


def _next(story: ShopStory | HistoryStory) -> Iterable[str]:
    yield "Next:"
    if isinstance(story, ShopStory):
        yield "  make demo DATA=your.csv  your own (customer_id,occurred_at,type,amount)"
    yield "  policies/default.toml    what was answered here and how, to be changed"
    yield "  README.md                how to feed it, consume it, and run it for real"
