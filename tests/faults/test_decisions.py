"""F19, F24: what decides changes while decisions are made: policies, and customers' consent."""

import itertools
import json
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

import pytest

from streams.offline import Offline
from streams.topics import catalogue
from streams.wire.control import PolicyFact
from streams.wire.times import SECOND, parse_time
from tests.support import story
from tests.support.faults import Bed, Dice, Row, Scale
from tests.support.faults.rules import policy_fact
from tests.support.topics import Record, each, read_topic

BOUND = 5 * SECOND


def outputs(bed: Bed) -> Iterator[Record]:
    """Signals and commands."""
    for topic in (bed.topics.signals, *bed.topics.commands.values()):
        yield from each(read_topic(bed.bootstrap, topic.name, bed.partitions))


def first_of_each(records: Iterator[Record]) -> list[Record]:
    """Repeats left out."""
    found: dict[tuple[str, bytes], Record] = {}
    for record in records:
        found.setdefault((record.topic, dict(record.headers)["ce_id"]), record)
    return list(found.values())


@pytest.mark.fault("F19")
@pytest.mark.quick
@pytest.mark.kafka
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_f19_policies_change_in_mid_stream(bed: Bed, dice: Dice, row: Row, scale: Scale) -> None:
    rounds = scale.pick(1, 4)
    row.schedule = (
        f"{rounds} × (a policy, one that is invalid, two within 1 s, partition after partition, SIGKILL)"
    )
    bed.start(2)
    bed.load().start()
    published = [policy_fact().version]
    refused = []
    for number in range(rounds):
        one, two, three = (policy_fact(f"hello_{number}_{letter}") for letter in "abc")
        wrong = PolicyFact(version=f"wrong{number}", document={"version": 1, "detect": {"web_stopped": 7}})
        for fact in (one, wrong, two, three):
            row.inject(f"policy {fact.version}")
            for p in dice.shuffled(range(bed.partitions)):
                bed.publish(fact, [p])
            bed.pass_time(dice.between(0.0, 0.4) if fact is two else dice.between(1, 2))
        published += [one.version, two.version, three.version]
        refused.append(wrong.version)
        victim = dice.choose(bed.running)
        bed.kill(victim)
        bed.again(victim)
        bed.recover()
    bed.pass_time(3)
    verdict = bed.finish()
    said = {json.loads(record.value or b"")["policy"] for record in outputs(bed)}
    assert said <= set(published), "every decision names a policy that was in force"
    assert not said & set(refused)
    assert published[-1] in said
    assert len(said) >= 1 + rounds
    assert not verdict.unstable


@pytest.mark.fault("F24")
@pytest.mark.quick
@pytest.mark.kafka
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_f24_an_opt_out_races_commands_on_kafka(bed: Bed, dice: Dice, row: Row, scale: Scale) -> None:
    customers, seconds = 100, scale.pick(8, 25)
    row.schedule = f"{customers} customers order, and say no and yes to messages, all the time, {seconds} s"
    bed.start(2)
    load, began = bed.load(rate=100, customers=customers).start(), time.time()
    for _ in range(seconds * 10):
        bed.pass_time(0.1)
        who, channel = dice.below(customers), dice.choose(["email", "push"])
        for turn in dice.shuffled(["buy", "out", "buy"]):
            if turn == "buy":
                load.event(who, "order.completed", surface="web", order=ORDER)
            else:
                load.consent(who, channel, "out")
        if dice.chance(0.5):
            load.consent(who, channel, "in")
    bed.finish()
    bound = max(BOUND, 2_000 * bed.latency(began, time.time(), 1.0))  # or of a crowded machine
    sends, wrong = consent_violations(bed, bound)
    row.notes.append(f"{sends} messages, {len(wrong)} later than a no by more than {bound / 1000:.0f} s")
    assert sends > 10 * seconds
    assert not wrong


ORDER = {"id": "o", "total": "9.90", "currency": "EUR"}


def consent_violations(bed: Bed, bound: float) -> tuple[int, list[Record]]:
    """Messages in all, and those that left more than the bound after the customer's last word was a no (I4).

    Moments are those at which records reached Kafka: of what we could not know yet we could take no notice.
    """
    words: dict[tuple[str, str], list[Word]] = {}
    for record in each(read_topic(bed.bootstrap, bed.topics.name("events.account"), bed.partitions)):
        with suppress(ValueError):  # some records are spoilt
            body = json.loads(record.value or b"")
            said = body["consent"]
            word = Word(parse_time(body["occurred_at"]), said["state"] == "out", record.timestamp)
            words.setdefault((body["customer_id"], said["channel"]), []).append(word)
    sends, wrong = 0, []
    for record in first_of_each(outputs(bed)):
        body = json.loads(record.value or b"")
        if body["action"] != "send":
            continue
        sends += 1
        told = words.get((body["customer_id"], body["channel"]), [])
        known = [word for word in told if word.arrived <= record.timestamp]
        last = max(known, default=None)
        if last is not None and last.no and last.arrived < record.timestamp - bound:
            wrong.append(record)
    return sends, wrong


class Word(NamedTuple):
    """Of a customer on a channel: when it was said (ms), whether it was a no, when it reached Kafka (ms)."""

    moment: int
    no: bool
    arrived: int


@pytest.mark.fault("F24", "pure")
@pytest.mark.quick
@pytest.mark.timeout(600)
def test_f24_an_opt_out_races_a_command_in_every_order(row: Row) -> None:
    row.bed = "pure"
    policy = story.policy(
        plays={
            "thanks": {
                "on": "event:order.completed",
                "goal": "reaction",
                "steps": [{"channels": ["email"], "template": "t"}],
            }
        }
    )
    moments = [story.T + n * SECOND for n in range(3)]
    tried = sent = 0
    for order in itertools.permutations(moments):
        for cuts in itertools.product(range(3), repeat=3):
            for topic in ("account", "email"):
                tried += 1
                sent += sends_before_the_no(story.policy_fact(policy), order, cuts, topic)
    row.schedule = f"{tried} orders of two purchases and a no, over three cuts and two topics"
    row.notes.append(f"{sent} messages, none with or after the no")
    assert sent, "where the no comes late enough, messages leave"


def sends_before_the_no(policy: PolicyFact, order: tuple[int, ...], cuts: tuple[int, ...], topic: str) -> int:
    """Play one order; returns how many messages left, and raises if one did with the no or after it."""
    world = Offline(catalogue(partitions=1))
    world.learn(policy)
    yes = story.consent(story.T - 60 * SECOND, "email", "in")
    world.send(yes.topic, yes.key, yes.value)
    world.tick(story.T - 30 * SECOND)
    events = [story.buy(order[0]), story.buy(order[1]), story.consent(order[2], "email", "out", topic=topic)]
    sent = 0
    for cut in range(4):
        for event, when in zip(events, cuts, strict=True):
            if when == cut:
                world.send(event.topic, event.key, event.value)
        effects = [story.said(effect) for effect in world.tick(story.T + (cut + 3) * SECOND)]
        sends = [effect for effect in effects if effect["action"] == "send"]
        assert not sends or cut < cuts[2], f"sent in cut {cut}: {order} {cuts} {topic}"
        sent += len(sends)
    return sent
