"""What is done about a topic: created, left alone or refused; never changed, never deleted."""

import pytest

from agents.errors import ConfigurationError
from agents.topics import NOT_TOLD, Existing, plan, refuse_mismatches
from streams.topics import catalogue

OURS = catalogue("brand", 4)


def test_on_an_empty_cluster_everything_is_to_be_created() -> None:
    steps = plan(OURS.all, {})
    assert [step.topic for step in steps] == list(OURS.all)
    assert {step.verdict for step in steps} == {"create"}


def test_what_fits_is_left_alone() -> None:
    existing = {topic.name: Existing(topic.partitions, dict(topic.config)) for topic in OURS.all}
    assert {(step.verdict, step.reason) for step in plan(OURS.all, existing)} == {("ok", "")}


def test_another_count_is_refused_with_the_way_out() -> None:
    (step,) = plan([OURS.control], {OURS.control.name: Existing(8, None)})
    assert (step.verdict, step.reason) == ("refuse", "has 8 partitions, 4 are wanted")
    assert "topics.partitions to 8" in step.way_out


def test_another_cleanup_policy_is_refused_with_the_way_out() -> None:
    (step,) = plan([OURS.changelog], {OURS.changelog.name: Existing(4, {"cleanup.policy": "delete"})})
    assert (step.verdict, step.reason) == ("refuse", "has cleanup.policy=delete, compact is wanted")
    assert f"--entity-name {OURS.changelog.name} --add-config cleanup.policy=compact" in step.way_out


def test_an_input_that_is_compacted_too_is_refused() -> None:
    (step,) = plan([OURS.control], {OURS.control.name: Existing(4, {"cleanup.policy": "compact,delete"})})
    assert step.verdict == "refuse"


def test_other_times_are_told_and_left_to_the_operator() -> None:
    config = {**OURS.signals.config, "retention.ms": "1000"}
    (step,) = plan([OURS.signals], {OURS.signals.name: Existing(4, config)})
    assert step.verdict == "ok"
    assert step.reason == f"left as it is: retention.ms=1000 (ours: {OURS.signals.config['retention.ms']})"


@pytest.mark.parametrize(("has", "said"), [("1048588", 1), ("33554432", 0)])
def test_a_changelog_that_takes_less_than_a_large_row_is_borne_with_a_word_on_what_follows(
    has: str, said: int
) -> None:
    config = {**OURS.changelog.config, "max.message.bytes": has}
    (step,) = plan([OURS.changelog], {OURS.changelog.name: Existing(4, config)})
    assert step.verdict == "ok"
    assert f"max.message.bytes={has} (ours: 16777216" in step.reason
    assert step.reason.count("a worker that needs more ends with 64") == said


def test_where_the_broker_tells_no_policy_the_count_is_checked_alone() -> None:
    (step,) = plan([OURS.changelog], {OURS.changelog.name: Existing(4, None)})
    assert (step.verdict, step.reason) == ("ok", NOT_TOLD)


def test_one_message_names_every_refused_topic() -> None:
    existing = {OURS.control.name: Existing(8, None), OURS.signals.name: Existing(9, None)}
    with pytest.raises(ConfigurationError) as refused:
        refuse_mismatches(plan(OURS.all, existing))
    assert OURS.control.name in str(refused.value)
    assert f"{OURS.signals.name} has 9 partitions, 4 are wanted" in str(refused.value)
