"""Brokers for tests; without Java a test of the real Kafka is skipped, or fails where Kafka is required."""

import logging
import os
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

from devkit.broker import (
    EmbeddedBroker,
    KafkaUnavailableError,
    RealKafka,
    embedded_broker,
    kafka_available,
    kafka_jars,
    real_kafka,
)
from devkit.broker.secured import SecuredKafka, secured_kafka
from tests.support.side_by_side import TestByTest, turn

# How fast inputs are made, or a test runs, on a machine that is busy says nothing of what is tested.
settings.register_profile("holdfast", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("holdfast")

REQUIRED = (
    "HOLDFAST_REQUIRE_KAFKA"  # `make check` sets it: a check that skipped Kafka would have checked little
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark every test that uses a real Kafka, so that `-m "not kafka"` leaves them out."""
    for item in items:
        if {"kafka", "kafka_jars_or_skip"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.kafka)
    if hasattr(config, "workerinput"):  # one of several processes
        items.sort(key=turn)


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> TestByTest:
    """Have several processes share the tests our way."""
    config.option.loadscopereorder = False
    return TestByTest(config, log)


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Generator[None]:
    """Undo what a test sets up for logs in this process: the next one may want to see a line."""
    names = (None, *(name for name in logging.root.manager.loggerDict))
    before = [
        (log, log.level, log.propagate, log.disabled, list(log.handlers))
        for log in map(logging.getLogger, names)
    ]
    known = set(names)
    yield
    for log, level, propagate, disabled, handlers in before:
        log.setLevel(level)
        log.propagate, log.disabled, log.handlers[:] = propagate, disabled, handlers
    for name in logging.root.manager.loggerDict.keys() - known:
        fresh = logging.getLogger(name)
        fresh.setLevel(logging.NOTSET)
        fresh.propagate, fresh.disabled, fresh.handlers[:] = True, False, []


@pytest.fixture(scope="session")
def kafka_jars_or_skip() -> None:
    """For tests that start a Kafka of their own, to harm it: they are skipped where `kafka` is."""
    reason = kafka_available()
    if reason is None:
        try:
            kafka_jars()
        except KafkaUnavailableError as missing:
            reason = str(missing)
    if reason is None:
        return
    if os.environ.get(REQUIRED) == "1":
        pytest.fail(f"{REQUIRED}=1, and there is no Kafka: {reason}", pytrace=False)
    pytest.skip(f"no real Kafka: {reason}")


@pytest.fixture(scope="session")
def kafka(kafka_jars_or_skip: None) -> Generator[RealKafka]:  # noqa: ARG001 - it decides whether there is one
    """One Apache Kafka for the whole run: name your topics and groups so that no other test meets them.

    A test that stops, kills or freezes a broker starts its own with `real_kafka` and asks for
    `kafka_jars_or_skip`.
    """
    with real_kafka() as running:
        yield running


@pytest.fixture(scope="module")
def secured(kafka_jars_or_skip: None) -> Generator[SecuredKafka]:  # noqa: ARG001 - it decides whether there is one
    """A secured Kafka (TLS, users, access lists) for the tests of one module; nobody has rights at first."""
    with secured_kafka() as running:
        yield running


@pytest.fixture
def embedded() -> Generator[EmbeddedBroker]:
    """An embedded broker for this test alone; it is up in a tenth of a second."""
    with embedded_broker() as running:
        yield running
