"""`python -m agents worker detect`: what it says while it starts, which ports it opens, how it ends."""

import json
import signal
import socket
import sys
import time
from collections.abc import Generator
from pathlib import Path

import pytest
from confluent_kafka import Producer

from agents.cli import main
from devkit.broker import EmbeddedBroker
from streams.policy.builtin import default_policy
from streams.policy.parse import version
from streams.topics import catalogue
from tests.support.ports import listening_ports
from tests.support.worker import QUICK, Worker, wait_until

PARTITIONS = 2
OURS = catalogue("holdfast", PARTITIONS)
CUSTOMER = "planted-customer-4711"
FIND_COORDINATOR, NOT_AVAILABLE = 10, 15
TICKS = ("2026-11-21T10:00:00.000Z", "2026-11-21T11:00:00.000Z")


class DetectCommand(Worker):
    """A worker started by our own command line."""

    def __init__(self, bootstrap: str, folder: Path) -> None:
        more = {"HOLDFAST_CLOCK": "external", "HOLDFAST_LOGS__LEVEL": "debug"}
        super().__init__(bootstrap, OURS.prefix, PARTITIONS, folder, settings=more)
        self._command = [sys.executable, "-m", "agents", "worker", "detect"]


@pytest.fixture
def worker(embedded: EmbeddedBroker, tmp_path: Path) -> Generator[DetectCommand]:
    running = DetectCommand(embedded.bootstrap, tmp_path)
    yield running
    running.close()


@pytest.fixture
def _topics(embedded: EmbeddedBroker) -> None:
    for topic in OURS.all:
        embedded.create_topic(topic.name, topic.partitions)


@pytest.fixture
def _same_settings(embedded: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """For commands called in this process."""
    monkeypatch.chdir(tmp_path)
    for name, value in QUICK.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOLDFAST_KAFKA__BOOTSTRAP_SERVERS", embedded.bootstrap)
    monkeypatch.setenv("HOLDFAST_TOPICS__PARTITIONS", str(PARTITIONS))
    monkeypatch.setenv("HOLDFAST_CLOCK", "external")


@pytest.mark.usefixtures("_topics", "_same_settings")
def test_a_worker_gets_ready_opens_one_port_follows_ticks_and_ends_cleanly(worker: DetectCommand) -> None:
    worker.start().wait_ready()
    url = worker.url()
    assert url is not None
    assert listening_ports(worker.child.pid) == {("127.0.0.1", int(url.rpartition(":")[2]))}
    for tick in TICKS:
        assert main(["tick", tick, "--within", "30"]) == 0
    assert {entry["partition"]: (entry["at"], entry["cut"]) for entry in worker.partitions()} == {
        number: (TICKS[-1], len(TICKS)) for number in range(PARTITIONS)
    }
    assert [entry["policy"] for entry in worker.partitions()] == [
        {"version": version(default_policy()), "published": False, "refused": 0}
    ] * PARTITIONS
    assert worker.stop() == 0
    assert worker.said.count("no policy published: the built-in default is in force") == PARTITIONS
    assert "Traceback" not in worker.said


@pytest.mark.usefixtures("_topics", "_same_settings")
def test_no_log_line_names_a_customer_whatever_they_sent(
    worker: DetectCommand, embedded: EmbeddedBroker
) -> None:
    """Good and bad records, with every line written that there is."""
    event = {
        "v": 1,
        "id": "o-1",
        "source": "shop",
        "type": "order.completed",
        "customer_id": CUSTOMER,
        "occurred_at": "2026-11-21T09:30:00.000Z",
        "surface": "web",
        "order": {"id": "1", "total": "9.90", "currency": "EUR"},
    }
    bad = [b"{" + CUSTOMER.encode(), b"", json.dumps(event | {"type": CUSTOMER}).encode()]
    worker.start().wait_ready()
    send(embedded.bootstrap, OURS.name("events.web"), [json.dumps(event).encode(), *bad])
    assert main(["tick", TICKS[0], "--within", "30"]) == 0
    entries = [entry for partition in worker.partitions() for entry in partition["inputs"]]
    assert (sum(e["accepted"] for e in entries), sum(e["rejected"] for e in entries)) == (1, len(bad))
    assert worker.stop() == 0
    assert CUSTOMER not in worker.said


@pytest.mark.usefixtures("_topics", "_same_settings")
def test_why_asks_the_owner_and_the_log_does_not_tell_of_whom(
    worker: DetectCommand, embedded: EmbeddedBroker, capsys: pytest.CaptureFixture[str]
) -> None:
    event = {
        "v": 1,
        "id": "v-1",
        "source": "shop",
        "type": "web.visited",
        "customer_id": CUSTOMER,
        "occurred_at": "2026-11-21T09:30:00.000Z",
    }
    worker.start().wait_ready()
    send(embedded.bootstrap, OURS.name("events.web"), [json.dumps(event).encode()])
    assert main(["tick", TICKS[0], "--within", "30"]) == 0
    wait_until(lambda: "steady" in answer(capsys, CUSTOMER), "the visit is known")
    assert json.loads(answer(capsys, CUSTOMER, "--json"))["surfaces"]["web"]["occasions"] == 1
    assert answer(capsys, "nobody-at-all").startswith("nobody-at-all: never seen")
    assert worker.stop() == 0
    assert CUSTOMER not in worker.said
    assert main(["why", CUSTOMER]) == 70
    refusal = capsys.readouterr().err
    assert "does not answer" in refusal
    assert CUSTOMER not in refusal


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What `why` prints."""
    capsys.readouterr()
    assert main(["why", *words]) == 0
    return capsys.readouterr().out


@pytest.mark.usefixtures("_topics", "_same_settings")
def test_why_says_when_no_worker_was_ever_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["why", CUSTOMER]) == 1
    assert "python -m agents worker detect" in capsys.readouterr().err


def send(bootstrap: str, topic: str, values: list[bytes]) -> None:
    """Send records of the customer, where murmur2 puts them."""
    options = {"bootstrap.servers": bootstrap, "partitioner": "murmur2_random", "log_level": 0}
    producer = Producer(options)
    for value in values:
        producer.produce(topic, value, key=CUSTOMER.encode())
    assert producer.flush(30) == 0


@pytest.mark.usefixtures("_topics")
def test_the_admin_server_answers_before_the_worker_has_joined_its_group(
    worker: DetectCommand, embedded: EmbeddedBroker
) -> None:
    embedded.push_request_errors(FIND_COORDINATOR, [NOT_AVAILABLE] * 1_000)
    worker.start()
    wait_until(lambda: worker.get("/livez"), "an answer of the admin server")
    assert worker.get("/livez") == {"alive": True}
    answer = worker.get("/readyz")
    assert answer["ready"] is False
    assert "joining" in answer["reason"]
    assert worker.partitions() == []


def test_a_worker_without_its_topics_refuses_to_start_and_says_what_to_do(worker: DetectCommand) -> None:
    worker.start()
    assert worker.wait_end() == 64
    assert OURS.control.name in worker.said
    assert "python -m agents topics apply" in worker.said
    assert "Traceback" not in worker.said


def test_a_worker_that_cannot_reach_kafka_asks_to_be_restarted(tmp_path: Path) -> None:
    worker = DetectCommand("127.0.0.1:1", tmp_path).start()
    try:
        assert worker.wait_end() == 70
        assert "cannot reach Kafka at 127.0.0.1:1" in worker.said
    finally:
        worker.close()


def test_sigterm_while_it_looks_at_kafka_ends_it_with_0(tmp_path: Path) -> None:
    """A port that takes connections and never answers: it would wait there for its whole timeout."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        mute.settimeout(60)
        worker = DetectCommand(f"127.0.0.1:{mute.getsockname()[1]}", tmp_path).start()
        try:
            connection, _ = mute.accept()
            with connection:
                began = time.monotonic()
                worker.child.signal(signal.SIGTERM)
                assert worker.wait_end() == 0, worker.said
                assert time.monotonic() - began < 15
        finally:
            worker.close()
