"""A source goes quiet for everybody on a real Kafka: the role finds out, nobody falls silent (N5, N13).

The worker is killed while it takes back what opened before anybody knew. At the end what it has told of its
signals is what stands on the signals topic.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from devkit.broker import RealKafka
from streams.topics import Catalogue
from streams.wire.control import SourceFact
from streams.wire.times import DAY, HOUR, MINUTE, format_time, parse_time
from tests.support.kafka_scenarios import ProductWorker, RoleWorker
from tests.support.stage import Sent, Stage, stage
from tests.support.story import policy, policy_fact
from tests.support.topics import make_topics, read_topic
from tests.support.worker import wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(400)]

PARTITIONS = 2
BEGIN = parse_time("2026-03-02T00:00:00.000Z")
TODAY = BEGIN + 21 * DAY
CUT, BACK = TODAY + 11 * HOUR + 2 * MINUTE, TODAY + 14 * HOUR + 1 * MINUTE
LENGTH = 26 * HOUR
"""How long a silence may last on the web."""

POLICY = policy(
    detect={
        "web_stopped": {"rule": "fixed", "after": "26h"},
        "app_stopped": {"rule": "fixed", "after": "26h"},
        "brand_stopped": {"enabled": False},
    }
)
NAMED = {
    "early": CUT + 4 * MINUTE - LENGTH,  # due four minutes into the outage: opens before anybody knows
    "midway": CUT + 100 * MINUTE - LENGTH,
    "late": BACK + HOUR - LENGTH,  # due an hour after the outage, had there been none
}


def events() -> list[Sent]:
    """On the same weekday of four weeks two a minute on the web; and the named."""
    found = [visit(at, "web", who) for who, at in NAMED.items()]
    found.append(visit(CUT + 30 * MINUTE - LENGTH, "app", "other"))
    for week in range(4):
        day = BEGIN + week * 7 * DAY
        hours = range(day + 8 * HOUR, day + 19 * HOUR, 30_000)
        found += [visit(at, "web", f"c{at // 30_000 % 7}") for at in hours if not CUT <= at < BACK]
    return found


def visit(at: int, source: str, who: str) -> Sent:
    type_ = "web.visited" if source == "web" else "app.opened"
    body = {"v": 1, "id": f"{who}-{at}", "source": "shop", "type": type_, "customer_id": who}
    return Sent(at, source, who.encode(), json.dumps(body | {"occurred_at": format_time(at)}).encode())


async def until_it_is_said(ours: Stage, state: str, moments: Iterable[int]) -> tuple[int, SourceFact]:
    """Move on, moment by moment, until the web is said to be in a state; tells when that was."""
    for at in moments:
        await ours.reach(at)
        word = await heard(ours, state)
        if word is not None:
            return at, word
    raise AssertionError(f"nobody said that the web is {state}")


async def heard(ours: Stage, state: str) -> SourceFact | None:
    """The word on the web, given the seconds that it takes to be told, judged and said."""
    until = asyncio.get_running_loop().time() + 4
    while asyncio.get_running_loop().time() < until:
        word = await ours.in_force("source:web")
        if isinstance(word, SourceFact) and word.state == state:
            return word
        await asyncio.sleep(0.3)
    return None


def signals(kafka: RealKafka, topics: Catalogue) -> list[dict[str, Any]]:
    """Every signal once, in order for each customer."""
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for some in read_topic(kafka.bootstrap, topics.signals.name, PARTITIONS).values():
        for one in some:
            body = json.loads(one.value or b"")
            found[body["customer_id"], body["seq"]] = body
    return [found[key] for key in sorted(found)]


def of(who: str, all_signals: list[dict[str, Any]]) -> list[tuple[str, str, int]]:
    return [(s["kind"], s["action"], parse_time(s["at"])) for s in all_signals if s["customer_id"] == who]


def told(kafka: RealKafka, topics: Catalogue) -> dict[int, dict[str, Any]]:
    """The newest counts of each partition."""
    newest: dict[int, dict[str, Any]] = {}
    for one in read_topic(kafka.bootstrap, topics.population.name, 1)[0]:
        body = json.loads(one.value or b"")
        if body["kind"] == "episodes" and body["cut"] >= newest.get(body["partition"], {"cut": -1})["cut"]:
            newest[body["partition"]] = body
    return newest


def added_up(counts: Iterable[dict[str, Any]]) -> Counter[tuple[str, str]]:
    """By kind and outcome, over all days."""
    sums: Counter[tuple[str, str]] = Counter()
    for body in counts:
        for one in [*(c for day in body["days"].values() for c in day), *body["earlier"]]:
            outcomes = {"opened": one["opened"], "retracted": one["retracted"], **one["closed"]}
            sums.update({(one["kind"], what): number for what, number in outcomes.items()})
    return +sums


async def test_the_role_finds_an_outage_and_ends_it_and_all_signals_are_counted_once(
    kafka: RealKafka, tmp_path: Path
) -> None:
    topics = make_topics(kafka, "outage", PARTITIONS)
    external = {"HOLDFAST_CLOCK": "external", "HOLDFAST_KAFKA__INSTANCE_ID": "outage"}
    detect = ProductWorker(kafka.bootstrap, topics.prefix, PARTITIONS, tmp_path, external)
    role = RoleWorker(kafka.bootstrap, topics.prefix, PARTITIONS, tmp_path)
    try:
        await asyncio.to_thread(detect.start().wait_ready)
        await asyncio.to_thread(role.start().wait_ready)
        async with stage(kafka, topics, events(), within=120) as ours:
            await ours.control.publish(policy_fact(POLICY))
            for day in range(22):
                await ours.reach(BEGIN + day * DAY)
            await ours.reach(CUT - HOUR)
            await ours.reach(CUT + 40 * MINUTE)
            at, quiet = await until_it_is_said(
                ours, "quiet", range(CUT + 46 * MINUTE, CUT + HOUR, 5 * MINUTE)
            )
            assert quiet.by == "volume"
            assert CUT - MINUTE <= quiet.since < CUT, "as of the last event"
            assert of("early", signals(kafka, topics))[-1][1:] == ("opened", CUT + 4 * MINUTE)
            ticking = asyncio.create_task(ours.reach(at + MINUTE))
            await asyncio.to_thread(detect.kill)
            await asyncio.to_thread(detect.start)
            await ticking
            await ours.reach(BACK)
            during = signals(kafka, topics)
            _, well = await until_it_is_said(
                ours, "healthy", range(BACK + 5 * MINUTE, BACK + HOUR, 5 * MINUTE)
            )
            for later in (1, 2, 3, 4, 5):
                await ours.reach(BACK + later * HOUR)
            await ours.reach(BACK + 5 * HOUR + 2 * MINUTE)
        missing = well.since - quiet.since
        assert abs(missing - (BACK - CUT)) <= 6 * MINUTE
        assert of("early", during)[-1] == ("web_stopped", "retracted", quiet.since)
        assert of("midway", during) == [], "held"
        assert of("other", during)[-1] == ("app_stopped", "opened", CUT + 30 * MINUTE), "the app is well"
        all_signals = signals(kafka, topics)
        for who, last in NAMED.items():
            assert of(who, all_signals)[-1] == ("web_stopped", "opened", last + LENGTH + missing)
        counted = Counter((s["kind"], s.get("reason") or s["action"]) for s in all_signals)
        await asyncio.to_thread(_wait_told, kafka, topics, counted)
    finally:
        for worker in (detect, role):
            await asyncio.to_thread(worker.close)


def _wait_told(kafka: RealKafka, topics: Catalogue, counted: Counter[tuple[str, str]]) -> None:
    wait_until(lambda: added_up(told(kafka, topics).values()) == counted, f"counts of signals {counted}", 30)
