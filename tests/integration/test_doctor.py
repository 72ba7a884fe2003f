"""`doctor`: what a worker would refuse to start for is said beforehand, with the code of its end."""

import json
import re
import time
from pathlib import Path
from uuid import uuid4

import pytest

from agents.cli import main
from agents.rights import worker_rights
from devkit.broker import EmbeddedBroker
from devkit.broker.secured import SecuredKafka
from streams.topics import Catalogue, catalogue
from tests.support.topics import make_topics, producer
from tests.support.worker import QUICK, wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600)]

PARTITIONS = 2
PLANTED = "planted-secret-4711"


@pytest.fixture
def ours(secured: SecuredKafka, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Catalogue:
    """Topics, rights and settings of an installation that is well."""
    prefix = f"doc{uuid4().hex[:6]}"
    topics = make_topics(secured.kafka, prefix, PARTITIONS)
    for right in worker_rights(topics):
        secured.allow("worker", right.resource, right.name, *right.operations)
    monkeypatch.chdir(tmp_path)
    use(monkeypatch, {**QUICK, **secured.login("SCRAM-SHA-512")}, prefix)
    return topics


def use(monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], prefix: str) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOLDFAST_TOPICS__PREFIX", prefix)
    monkeypatch.setenv("HOLDFAST_TOPICS__PARTITIONS", str(PARTITIONS))
    monkeypatch.setenv("HOLDFAST_REDIS__URL", f"redis://user:{PLANTED}@127.0.0.1:1/0")


def asked(capsys: pytest.CaptureFixture[str], code: int) -> dict[str, dict[str, str]]:
    """The findings by their check."""
    assert main(["doctor", "--json"]) == code
    told = capsys.readouterr()
    assert PLANTED not in told.out + told.err
    found = {finding["check"]: finding for finding in json.loads(told.out)}
    assert max((finding["code"] for finding in found.values()), default=0) == code
    return found


@pytest.mark.usefixtures("ours")
def test_an_installation_that_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    found = asked(capsys, 0)
    verdicts = {check: finding["verdict"] for check, finding in found.items()}
    assert verdicts == {
        "settings": "ok",
        "port": "ok",
        "redis": "warn",  # there is none, and none is needed
        "kafka": "ok",
        "rights": "ok",
        "group": "ok",
        "topics": "ok",
        "copies": "warn",  # a broker alone
        "retention": "ok",
        "clock": "ok",
        "offsets": "ok",
        "changelog": "ok",
        "policy": "warn",
    }
    assert main(["doctor"]) == 0
    told = capsys.readouterr().out
    assert "ok    kafka" in told
    assert "warn  policy     none is published" in told


def test_rights_that_are_missing(
    ours: Catalogue, secured: SecuredKafka, capsys: pytest.CaptureFixture[str]
) -> None:
    secured.forbid("worker", "topic", ours.signals.name, "Write")
    found = asked(capsys, 64)
    assert f"on topic {ours.signals.name}" in found["rights"]["text"]
    assert "topics acl" in found["rights"]["way_out"]
    secured.allow("worker", "topic", ours.signals.name, "Write")
    secured.forbid("worker", "group", f"{ours.prefix}-detect", "Read")
    found = asked(capsys, 64)
    assert f"Read on group {ours.prefix}-detect" in found["group"]["text"]


@pytest.mark.usefixtures("ours")
def test_what_keeps_a_worker_out(
    secured: SecuredKafka, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOLDFAST_KAFKA__SASL_PASSWORD", PLANTED)
    assert "it refuses the user worker" in asked(capsys, 64)["kafka"]["text"]
    monkeypatch.setenv("HOLDFAST_KAFKA__BOOTSTRAP_SERVERS", "localhost:1")
    assert "nothing listens there" in asked(capsys, 70)["kafka"]["text"]
    monkeypatch.setenv("HOLDFAST_KAFKA__SASL_USERNAME", "")
    assert "kafka.sasl_username" in asked(capsys, 64)["settings"]["text"]
    assert secured.sasl not in capsys.readouterr().out


def test_topics_that_are_not_there(
    ours: Catalogue,
    secured: SecuredKafka,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    more = catalogue(ours.prefix, PARTITIONS)
    admin = secured.kafka.admin()
    for answer in admin.delete_topics([more.rejects.name]).values():
        answer.result()
    wait_until(lambda: more.rejects.name not in admin.list_topics(timeout=10).topics, "it is gone")
    found = asked(capsys, 64)
    assert "topics are missing" in found["topics"]["text"]
    assert "topics apply" in found["topics"]["way_out"]
    monkeypatch.setenv("HOLDFAST_TOPICS__PARTITIONS", "4")
    assert "has 2 partitions, 4 are wanted" in asked(capsys, 64)["topics"]["text"]


def test_rows_that_cannot_be_read_or_have_no_commits(
    ours: Catalogue, secured: SecuredKafka, capsys: pytest.CaptureFixture[str]
) -> None:
    writer = producer(secured.bootstrap)
    writer.produce(ours.changelog.name, b"\xff what is this", b"k1", 1)
    assert writer.flush(30) == 0
    found = asked(capsys, 71)
    assert "this version cannot read partition 1 at 0" in found["changelog"]["text"]


@pytest.mark.usefixtures("ours")
@pytest.mark.parametrize(("shift", "said"), [(90, "ahead of the brokers'"), (-90, "behind the brokers'")])
def test_a_clock_that_is_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], shift: int, said: str
) -> None:
    """By how much, is told to a second: the record takes a moment to be appended."""
    now = time.time_ns
    monkeypatch.setattr("agents.doctor.clock.time.time_ns", lambda: now() + shift * 1_000_000_000)
    clock = asked(capsys, 0)["clock"]
    assert clock["verdict"] == "warn"
    assert said in clock["text"]
    (seconds,) = re.findall(r"([0-9.]+) s", clock["text"])
    assert abs(float(seconds) - abs(shift)) < 1


def test_the_embedded_broker_tells_less(
    embedded: EmbeddedBroker,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    use(monkeypatch, {**QUICK, "HOLDFAST_KAFKA__BOOTSTRAP_SERVERS": embedded.bootstrap}, "holdfast")
    for topic in catalogue("holdfast", PARTITIONS).all:
        embedded.create_topic(topic.name, topic.partitions)
    found = asked(capsys, 0)
    assert found["rights"]["verdict"] == "warn"
    assert found["clock"]["verdict"] == "warn"
    assert found["offsets"]["verdict"] == "ok"
