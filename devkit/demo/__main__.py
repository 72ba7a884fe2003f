"""`python -m devkit.demo`, which is `make demo`: broker, topics, worker, a year of a shop, and what one sees.

Ends with 0 at the end of the story and on Ctrl-C; with 2 for a wrong command line, 69 where Apache Kafka is
wanted and cannot be had, the exit code of our own errors, and else with 1. All that it started ends with it.
"""

import asyncio
import signal
import sys
from collections.abc import Sequence

from rich.console import Console

from agents.adapters.logs import configure
from agents.errors import HoldfastError
from agents.replay.source import HistoryError
from agents.settings import Settings
from agents.settings.model import Kafka, Logs, Topics
from agents.topics import apply
from devkit.broker import ChildError, KafkaUnavailableError
from devkit.shop import Shop
from streams.topics import Catalogue, catalogue

from .broker import LACKS, TITLES, running_broker
from .ending import say_end, say_interrupted
from .failure import PartFailedError
from .options import Options, parse
from .plain import PlainView
from .scene import Frame, Scene
from .stage import Stage
from .story import HistoryStory, ShopStory
from .view import LiveView
from .worker import running_worker

FAILED, UNAVAILABLE = 1, 69  # 69 is EX_UNAVAILABLE of sysexits.h, as devkit.broker has it
START = "2026-01-01T00:00:00.000Z"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; returns the exit code."""
    options = parse(arguments)
    console, errors = Console(), Console(stderr=True)
    # A supervisor's way to say Ctrl-C, and a closed terminal's: all three end everything in good order.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: signal.raise_signal(signal.SIGINT))
    scene: Scene | None = None
    try:
        story = _story(options, console)
        scene = Scene(Frame(story.title, TITLES[options.kafka], story.since, story.until))
        _run(options, console, story, scene)
    except KeyboardInterrupt:
        if scene is not None and scene.at:
            say_interrupted(scene, console)
        return 0
    except KafkaUnavailableError as missing:
        return _fail(errors, str(missing), UNAVAILABLE)
    except HoldfastError as failed:
        return _fail(errors, str(failed), failed.exit_code)
    except (PartFailedError, HistoryError, ChildError, OSError) as failed:
        return _fail(errors, str(failed), FAILED)
    say_end(scene, story, console)
    return 0


def _story(options: Options, console: Console) -> ShopStory | HistoryStory:
    if options.data is None:
        return ShopStory(Shop(options.seed, options.customers, START, options.days))
    console.print(f"Reading {options.data} …", highlight=False)
    return HistoryStory(options.data, options.mapping())


def _run(options: Options, console: Console, story: ShopStory | HistoryStory, scene: Scene) -> None:
    topics = catalogue(partitions=options.partitions)
    console.print(LACKS[options.kafka], highlight=False)
    with running_broker(options.kafka, topics) as bootstrap:
        settings = _settings(bootstrap, options.partitions)
        asyncio.run(apply(settings, topics.all))
        console.print(f"It listens on {bootstrap}. Starting a worker …", highlight=False)
        _play(options, console, (settings, topics), (story, scene))


def _play(
    options: Options,
    console: Console,
    where: tuple[Settings, Catalogue],
    what: tuple[ShopStory | HistoryStory, Scene],
) -> None:
    (settings, topics), (story, scene) = where, what
    with running_worker(_worker_settings(settings)) as worker:
        plain = options.plain or not console.is_terminal
        stage = Stage(settings, topics, worker, story, scene)
        view = PlainView if plain else LiveView
        asyncio.run(stage.perform(options.seconds, lambda shown: view(shown, console)))


def _settings(bootstrap: str, partitions: int) -> Settings:
    settings = Settings(
        kafka=Kafka(bootstrap_servers=tuple(bootstrap.split(","))),
        topics=Topics(partitions=partitions),
        clock="external",
        logs=Logs(level="error"),
    )
    configure(settings.logs)
    return settings


def _worker_settings(settings: Settings) -> dict[str, str]:
    """What the worker is told; its side of the same."""
    return {
        "kafka.bootstrap_servers": settings.kafka.bootstrap,
        "topics.prefix": settings.topics.prefix,
        "topics.partitions": str(settings.topics.partitions),
        "clock": settings.clock,
    }


def _fail(errors: Console, message: str, code: int) -> int:
    errors.print(f"error: {message}", highlight=False, markup=False, soft_wrap=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
