"""A topic that was made anew is known from what was claimed, however early that happened."""

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from agents import topic_watch
from agents.errors import DataLossError
from agents.topic_watch import TopicWatch
from agents.topics import Cluster, Existing
from streams.topics import catalogue

if TYPE_CHECKING:
    from agents.lane.lane import Lane
    from agents.settings import Settings

TOPICS = catalogue("t", 1)
APP = TOPICS.inputs[0].name


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The ids of the topics that are there."""
    ids = {topic.name: "first" for topic in TOPICS.all}

    async def verify(*_: object, **__: object) -> Cluster:
        return Cluster({name: Existing(1, None, found) for name, found in ids.items()}, True, {})

    async def check_group(*_: object) -> None: ...

    monkeypatch.setattr(topic_watch, "verify", verify)
    monkeypatch.setattr(topic_watch, "check_group", check_group)
    return ids


def watch(claimed: dict[str, str]) -> TopicWatch:
    lane = SimpleNamespace(partitions={0: SimpleNamespace(claim=SimpleNamespace(ids=claimed))})
    return TopicWatch(cast("Settings", None), TOPICS, cast("Lane", lane))


async def test_one_that_was_made_anew_between_the_claim_and_the_first_look(there: dict[str, str]) -> None:
    there[APP] = "second"
    with pytest.raises(DataLossError, match=f"{APP} was deleted and made anew"):
        await watch({APP: "first"}).look()


async def test_one_that_was_made_anew_between_two_looks(there: dict[str, str]) -> None:
    watching = watch({})  # it owns nothing yet
    await watching.look()
    there[TOPICS.signals.name] = "second"
    with pytest.raises(DataLossError, match=TOPICS.signals.name):
        await watching.look()


async def test_topics_that_stay_are_left_alone(there: dict[str, str]) -> None:
    watching = watch(dict(there))
    await watching.look()
    await watching.look()
