"""`topics plan` and `apply`, on Kafka and on the embedded broker: what is missing comes, nothing goes."""

import asyncio
import time
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic

from agents.cli import main
from agents.settings import load
from agents.topics import Existing, look
from devkit.broker import EmbeddedBroker, RealKafka
from streams.topics import Catalogue, catalogue


@pytest.fixture
def ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Catalogue:
    """An installation of its own, so that tests on one broker do not meet."""
    prefix = f"t{uuid4().hex[:8]}"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOLDFAST_TOPICS__PREFIX", prefix)
    monkeypatch.setenv("HOLDFAST_TOPICS__PARTITIONS", "4")
    return catalogue(prefix, 4)


def on(monkeypatch: pytest.MonkeyPatch, bootstrap: str) -> None:
    monkeypatch.setenv("HOLDFAST_KAFKA__BOOTSTRAP_SERVERS", bootstrap)


def existing(ours: Catalogue) -> dict[str, Existing]:
    return dict(asyncio.run(look(load(), ours.all)).topics)


class TestOnKafka:
    @pytest.fixture
    def admin(self, kafka: RealKafka, monkeypatch: pytest.MonkeyPatch) -> AdminClient:
        on(monkeypatch, kafka.bootstrap)
        return AdminClient({"bootstrap.servers": kafka.bootstrap, "log_level": 0})

    @staticmethod
    def create(admin: AdminClient, topic: NewTopic) -> None:
        """Make a topic, and wait until the broker tells of it: the controller is ahead of it."""
        for future in admin.create_topics([topic]).values():
            future.result()
        end = time.monotonic() + 30
        while topic.topic not in admin.list_topics(timeout=10).topics:
            assert time.monotonic() < end, "the topic does not appear"
            time.sleep(0.02)

    @pytest.mark.usefixtures("admin")
    def test_plan_changes_nothing(self, ours: Catalogue, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["topics", "plan"]) == 0
        told = capsys.readouterr().out
        assert all(topic.name in told for topic in ours.all)
        assert told.count("to create") == len(ours.all)
        assert existing(ours) == {}

    def test_apply_creates_all_as_the_catalogue_has_them(self, ours: Catalogue, admin: AdminClient) -> None:
        assert main(["topics", "apply"]) == 0
        found = existing(ours)
        assert {name: topic.partitions for name, topic in found.items()} == {
            t.name: t.partitions for t in ours.all
        }
        for topic in ours.all:
            config = found[topic.name].config
            assert config is not None
            assert {key: config[key] for key in topic.config} == dict(topic.config)
        assert admin.list_topics(timeout=10).topics[ours.facts.name].partitions.keys() == {0}

    @pytest.mark.usefixtures("admin")
    def test_apply_again_changes_nothing_and_succeeds(
        self, ours: Catalogue, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["topics", "apply"]) == 0
        before = existing(ours)
        capsys.readouterr()
        assert main(["topics", "apply"]) == 0
        assert "created" not in capsys.readouterr().out
        assert existing(ours) == before

    def test_apply_completes_what_is_there_in_part(self, ours: Catalogue, admin: AdminClient) -> None:
        self.create(admin, NewTopic(ours.control.name, 4, 1))
        assert main(["topics", "apply"]) == 0
        assert existing(ours).keys() == {topic.name for topic in ours.all}

    @pytest.mark.parametrize(
        ("partitions", "config", "reason"),
        [
            (3, {}, "has 3 partitions, 4 are wanted"),
            (4, {"cleanup.policy": "compact"}, "has cleanup.policy=compact, delete is wanted"),
        ],
    )
    def test_a_topic_of_another_form_is_refused_and_nothing_is_changed(
        self,
        ours: Catalogue,
        admin: AdminClient,
        capsys: pytest.CaptureFixture[str],
        partitions: int,
        config: dict[str, str],
        reason: str,
    ) -> None:
        self.create(admin, NewTopic(ours.signals.name, partitions, 1, config=config))
        before = existing(ours)
        for command in ("plan", "apply"):
            assert main(["topics", command]) == 64
            assert f"{ours.signals.name} {reason}" in capsys.readouterr().err
        assert existing(ours) == before
        assert before.keys() == {ours.signals.name}

    def test_times_that_an_operator_chose_are_left_alone(
        self, ours: Catalogue, admin: AdminClient, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.create(admin, NewTopic(ours.signals.name, 4, 1, config={"retention.ms": "3600000"}))
        assert main(["topics", "apply"]) == 0
        assert "left as it is: retention.ms=3600000" in capsys.readouterr().out
        resource = ConfigResource(ConfigResource.Type.TOPIC, ours.signals.name)
        (config,) = [future.result() for future in admin.describe_configs([resource]).values()]
        assert config["retention.ms"].value == "3600000"

    @pytest.mark.usefixtures("admin")
    def test_a_channel_of_a_policy_gets_its_command_topic(self, ours: Catalogue) -> None:
        Path("policy.toml").write_text("[channels.sms]\n", encoding="utf-8")
        assert main(["topics", "apply", "--policy", "policy.toml"]) == 0
        sms = catalogue(ours.prefix, 4, ["sms"]).commands["sms"]
        assert asyncio.run(look(load(), [sms])).topics[sms.name].partitions == 4

    @pytest.mark.usefixtures("admin")
    def test_more_copies_than_brokers_are_refused_by_kafka_and_told(
        self, ours: Catalogue, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["--set", "topics.replication_factor=3", "topics", "apply"]) == 70
        assert "was not created" in capsys.readouterr().err
        assert existing(ours) == {}


class TestOnTheEmbeddedBroker:
    @pytest.fixture(autouse=True)
    def _there(self, embedded: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch) -> None:
        on(monkeypatch, embedded.bootstrap)

    def test_missing_topics_are_named_and_nobody_pretends_to_create_them(
        self, ours: Catalogue, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["topics", "apply"]) == 64
        told = capsys.readouterr().err
        assert "creates no topics" in told
        assert ours.control.name in told
        assert existing(ours) == {}

    def test_what_the_workshop_made_is_verified_and_it_says_what_could_not_be(
        self, ours: Catalogue, embedded: EmbeddedBroker, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for topic in ours.all:
            embedded.create_topic(topic.name, topic.partitions)
        assert main(["topics", "apply"]) == 0
        assert "only counts were checked" in capsys.readouterr().err

    def test_another_count_is_refused(
        self, ours: Catalogue, embedded: EmbeddedBroker, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for topic in ours.all:
            embedded.create_topic(topic.name, 2)
        assert main(["topics", "apply"]) == 64
        assert f"{ours.control.name} has 2 partitions, 4 are wanted" in capsys.readouterr().err


def test_a_broker_that_is_not_there_is_told(
    ours: Catalogue, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    on(monkeypatch, "127.0.0.1:1")
    assert main(["topics", "apply"]) == 70
    told = capsys.readouterr().err
    assert "cannot reach Kafka at 127.0.0.1:1" in told
    assert ours.prefix not in told
