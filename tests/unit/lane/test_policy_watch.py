"""Which policy is in force is said once, and again when it changes or is refused."""

import json
import logging

import pytest

from agents.adapters.metrics import Metrics
from agents.lane.metering import Meter
from agents.lane.policy_watch import PolicyWatch
from streams.facts import FactsInForce
from streams.policy.builtin import DEFAULT
from streams.policy.parse import changed, document, version
from streams.topics import catalogue
from streams.wire.control import PolicyFact


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def watch(metrics: Metrics) -> PolicyWatch:
    return PolicyWatch(Meter(metrics, catalogue("holdfast", 2)))


def fact(**changes: object) -> PolicyFact:
    policy = changed(DEFAULT, changes)
    return PolicyFact(version=version(policy), document=document(policy))


def lines(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str, object]]:
    """Level, message and policy of each line, which is then forgotten."""
    found = []
    for record in caplog.records:
        said = record.msg if isinstance(record.msg, dict) else json.loads(record.getMessage())
        found.append((record.levelname, said["event"], said["policy"]))
    caplog.clear()
    return found


def test_the_built_in_policy_is_warned_of_once(watch: PolicyWatch, caplog: pytest.LogCaptureFixture) -> None:
    facts = FactsInForce()
    with caplog.at_level(logging.INFO, "holdfast.lane"):
        watch.look(0, facts)
        watch.look(0, facts)
        said = ("WARNING", "no policy published: the built-in default is in force", facts.version)
        assert lines(caplog) == [said]
        watch.forget(0)
        watch.look(0, facts)
        assert lines(caplog) == [said], "who takes the partition over says it again"


def test_a_published_policy_is_told_with_its_version_even_if_it_says_what_the_built_in_one_says(
    watch: PolicyWatch, caplog: pytest.LogCaptureFixture
) -> None:
    facts = FactsInForce()
    with caplog.at_level(logging.INFO, "holdfast.lane"):
        watch.look(0, facts)
        caplog.clear()
        same, other = fact(), fact(own={"min_gaps": 7})
        assert same.version == facts.version
        for offset, learnt in enumerate((same, other)):
            facts.learn(offset, learnt)
            watch.look(0, facts)
            assert lines(caplog) == [("INFO", "policy in force", learnt.version)]


def test_a_refused_policy_is_warned_of_with_the_reason_and_counted(
    watch: PolicyWatch, metrics: Metrics, caplog: pytest.LogCaptureFixture
) -> None:
    facts, bad = FactsInForce(), fact()
    bad.document["detect"]["brand_stopped"]["rule"] = "steerd"
    with caplog.at_level(logging.INFO, "holdfast.lane"):
        watch.look(0, facts)
        caplog.clear()
        facts.learn(1, bad)
        watch.look(0, facts)
        watch.look(0, facts)
    (record,) = caplog.records
    assert "detect.brand_stopped.rule" in str(record.msg)
    ((level, said, policy),) = lines(caplog)
    assert (level, policy) == ("WARNING", facts.version)
    assert "refused" in said
    assert b"holdfast_policies_refused_total 1.0" in metrics.render()
