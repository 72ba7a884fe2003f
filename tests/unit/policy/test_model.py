"""The policy's names, units and defaults, and what is prepared for the core."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from streams.policy.builtin import DEFAULT, default_policy
from streams.policy.model import Policy
from streams.policy.names import KINDS, SILENCE_KINDS
from streams.policy.parse import changed, document, from_document, load_policy, version
from streams.policy.problems import PolicyError
from streams.wire.times import DAY, HOUR, MINUTE

POLICIES = Path(__file__).parents[3] / "policies"

STEP = '\n[[plays.a.steps]]\ntemplate = "t"\n'


def play(lines: str = "", on: str = "signal:brand_stopped") -> str:
    return f'[plays.a]\non = "{on}"\n{lines}{STEP}'


def test_the_policy_in_the_folder_is_the_built_in_one() -> None:
    assert (POLICIES / "default.toml").read_text(encoding="utf-8") == DEFAULT


def test_the_built_in_policy_changes_no_default_but_its_plays() -> None:
    written = tomllib.loads(DEFAULT)
    assert set(written) == {"name", "plays"}
    assert {**document(default_policy()), "plays": {}} == document(Policy())


def test_every_length_is_in_milliseconds() -> None:
    policy = Policy()
    assert policy.memory == 730.5 * DAY
    assert policy.historical_after == 48 * HOUR
    assert policy.detect.grace == 10 * MINUTE


def test_streams_differ_in_horizon_and_the_brand_in_its_budget() -> None:
    rules = Policy().detect.silences
    assert [rules[kind].horizon // DAY for kind in SILENCE_KINDS] == [180, 60, 60, 120, 60]
    assert [rules[kind].per_year for kind in SILENCE_KINDS] == [1.0, 1.0, 1.0, 1.0, 2.0]


def test_a_kind_takes_grace_and_forgetting_from_detect_unless_it_says_otherwise() -> None:
    policy = from_document(
        {"detect": {"grace": "1h", "forgetting": 1, "web_stopped": {"grace": "0s"}, "brand_stopped": {}}}
    )
    assert [rule.grace for rule in policy.detect.silences.values()] == [HOUR, HOUR, 0, HOUR, HOUR]
    assert {rule.forgetting for rule in policy.detect.silences.values()} == {1.0}


def test_each_kind_has_a_rule_and_can_be_switched_off() -> None:
    policy = from_document(
        {"detect": {"app_stopped": {"enabled": False}, "app_uninstalled": {"enabled": False}}}
    )
    assert set(policy.detect.rules) == set(KINDS)
    assert set(KINDS) - policy.detect.enabled == {"app_stopped", "app_uninstalled"}


def test_the_built_in_channels_are_there_and_an_added_one_comes_after_them() -> None:
    policy = load_policy('[channels.a_messenger]\n[channels.email]\nlists = ["promotions", "news"]\n')
    assert policy.channels_in_order == ("push", "email", "in_app", "ads", "a_messenger")
    assert {
        name: channel.consent for name, channel in policy.channels.items() if name != "in_app"
    } == dict.fromkeys(("push", "email", "ads", "a_messenger"), "required")
    assert policy.channels["in_app"].consent == "not_required"
    assert policy.channels["email"].lists == ("promotions", "news")
    assert policy.channels["email"].order == 2


def test_plays_on_a_trigger_come_by_priority_and_then_by_name() -> None:
    named = {name: {"on": "event:custom", "steps": [{"template": "t"}]} for name in "cba"}
    policy = from_document({"plays": {**named, "z": {**named["a"], "priority": 51}}})
    assert [name for name, _ in policy.plays_on["event:custom"]] == ["z", "a", "b", "c"]


def test_conditions_may_be_written_with_dots_inside_or_outside_the_quotes() -> None:
    quoted, nested = (
        load_policy(play(f"where = {where}\n", on="signal:push_opted_out"))
        for where in ('{ "evidence.timing" = "late" }', '{ evidence.timing = "late" }')
    )
    assert quoted == nested
    assert quoted.plays["a"].conditions == ((("evidence", "timing"), "late"),)


def test_the_default_plays_answer_what_they_should() -> None:
    policy = default_policy()
    assert {trigger: [name for name, _ in plays] for trigger, plays in policy.plays_on.items()} == {
        "signal:brand_stopped": ["win_back"],
        "signal:purchase_stopped": ["promotion"],
        "signal:push_opted_out": ["other_channel_after_push"],
        "signal:email_opted_out": ["other_channel_after_email"],
    }
    (promotion,) = policy.plays["promotion"].steps
    assert (promotion.after, promotion.channels, promotion.offer) == (0, "best_open", ("new", "sale"))


def test_a_document_gives_the_policy_back() -> None:
    policy = default_policy()
    assert from_document(document(policy)) == policy
    assert version(from_document(document(policy))) == version(policy)


@pytest.mark.parametrize(
    "other",
    [
        DEFAULT.replace('"48h"', '"2d"'),
        "# a comment\n" + DEFAULT,
        DEFAULT + "[own]\nmin_gaps = 4\n",
        DEFAULT + '[channels.push]\nconsent = "required"\n',
        "\ufeff" + DEFAULT.replace("\n", "\r\n"),
    ],
    ids=["other spelling", "comment", "a default written out", "a channel written out", "Windows editor"],
)
def test_the_version_follows_the_meaning_and_not_the_spelling(other: str) -> None:
    assert version(load_policy(other)) == version(default_policy())


@pytest.mark.parametrize(
    "changes",
    [
        {"own": {"min_gaps": 5}},
        {"plays": {"promotion": None}},
        {"channels": {"sms": {}}},
        {"plays": {"promotion": {"steps": [{"template": "other"}]}}},
    ],
)
def test_the_version_moves_with_every_change(changes: Mapping[str, Any]) -> None:
    assert version(changed(DEFAULT, changes)) != version(default_policy())


def test_changes_merge_into_tables_and_replace_lists() -> None:
    policy = changed(
        DEFAULT,
        {
            "detect": {"grace": "0s"},
            "plays": {"win_back": None, "promotion": {"steps": [{"template": "only"}]}},
        },
    )
    assert {rule.grace for rule in policy.detect.silences.values()} == {0}
    assert "win_back" not in policy.plays
    assert [step.template for step in policy.plays["promotion"].steps] == ["only"]
    assert policy.plays["promotion"].goal == "order"


def test_a_document_with_errors_is_refused_with_all_of_them() -> None:
    with pytest.raises(PolicyError) as refused:
        from_document(
            {"memroy": "2y", "cap": {"channel": "x"}, "detect": {"app_stopped": {"rule": "steerd"}}}
        )
    assert {problem.path for problem in refused.value.problems if problem.severity == "error"} == {
        "memroy",
        "cap.channel",
        "detect.app_stopped.rule",
    }


def test_a_policy_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        default_policy().detect.purchase_stopped.per_year = 3.0


@pytest.mark.parametrize("path", sorted(POLICIES.glob("*.toml")), ids=lambda path: path.stem)
def test_each_policy_in_the_folder_is_right(path: Path) -> None:
    policy = load_policy(path.read_text(encoding="utf-8"))
    assert policy.name == path.stem
    assert policy.plays
