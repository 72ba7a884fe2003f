"""The catalogue of topics."""

import pytest

from streams.topics import catalogue

TOPICS = catalogue("shop", 3, ("push", "sms"))


def test_every_topic_begins_with_the_prefix() -> None:
    assert [topic.name for topic in TOPICS.all] == [
        "shop.events.app.v1",
        "shop.events.web.v1",
        "shop.events.store.v1",
        "shop.events.email.v1",
        "shop.events.push.v1",
        "shop.events.account.v1",
        "shop.control.v1",
        "shop.facts.v1",
        "shop.signals.v1",
        "shop.commands.push.v1",
        "shop.commands.sms.v1",
        "shop.rejects.v1",
        "shop.population.v1",
        "shop-detect-customers-changelog",
    ]


def test_what_is_read_by_customer_has_the_same_partitions() -> None:
    single = {TOPICS.facts.name, TOPICS.population.name}
    assert {topic.partitions for topic in TOPICS.all if topic.name in single} == {1}
    assert {topic.partitions for topic in TOPICS.all if topic.name not in single} == {3}


def test_a_short_name_finds_its_topic() -> None:
    assert {topic.short: TOPICS.name(topic.short) for topic in TOPICS.all} == {
        topic.short: topic.name for topic in TOPICS.all
    }
    assert TOPICS.name("commands.sms") == "shop.commands.sms.v1"
    with pytest.raises(KeyError):
        TOPICS.name("commands.fax")


def test_control_is_kept_at_least_as_long_as_the_inputs() -> None:
    kept = int(TOPICS.control.config["retention.ms"])
    assert all(int(topic.config["retention.ms"]) <= kept for topic in TOPICS.inputs)


def test_the_changelog_is_compacted_late_enough_for_a_zombie_to_be_seen() -> None:
    config = TOPICS.changelog.config
    assert config["cleanup.policy"] == "compact"
    assert int(config["min.compaction.lag.ms"]) >= 3_600_000
    assert int(config["min.compaction.lag.ms"]) < int(config["max.compaction.lag.ms"])


def test_facts_are_compacted_and_all_else_goes_after_its_days() -> None:
    days = {
        topic.short: int(topic.config["retention.ms"]) // 86_400_000
        for topic in TOPICS.all
        if topic.config["cleanup.policy"] == "delete"
    }
    assert days == {
        **dict.fromkeys((topic.short for topic in TOPICS.inputs), 28),
        "control": 28,
        "signals": 28,
        "commands.push": 7,
        "commands.sms": 7,
        "rejects": 14,
        "population": 7,
    }
    assert TOPICS.facts.config["cleanup.policy"] == "compact"
