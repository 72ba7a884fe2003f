"""Laws of the policy, for whatever a brand may write."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streams.policy.builtin import DEFAULT
from streams.policy.catalogue import ANY, all_names
from streams.policy.check import check
from streams.policy.durations import parse, text_of
from streams.policy.names import EVENT_TYPES, GOALS, SILENCE_KINDS
from streams.policy.parse import document, from_document, version
from streams.policy.problems import PolicyError

WORDS = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
DURATIONS = st.builds("{}{}".format, st.integers(1, 500), st.sampled_from("smhd"))

RULES = st.fixed_dictionaries(
    {},
    optional={
        "enabled": st.booleans(),
        "rule": st.sampled_from(["yearly", "precision", "quantile", "fixed"]),
        "per_year": st.floats(0.01, 100),
        "precision": st.floats(0.01, 0.99),
        "after": DURATIONS,
        "horizon": DURATIONS,
        "grace": DURATIONS,
        "forgetting": st.floats(0.01, 1),
    },
)
DETECT: dict[str, st.SearchStrategy[Any]] = {
    "grace": DURATIONS,
    "forgetting": st.floats(0.01, 1),
    **{kind: RULES for kind in SILENCE_KINDS},  # noqa: C420 - fromkeys would narrow the type of the key
}
STEPS = st.lists(
    st.fixed_dictionaries(
        {"template": WORDS},
        optional={
            "channels": st.one_of(
                st.sampled_from(["all_open", "best_open", "next_best"]),
                st.lists(st.sampled_from(["email", "push", "in_app", "ads"]), min_size=1, unique=True),
            ),
            "unless": st.sampled_from(["goal", "reaction", "return"]),
            "variables": st.just(["last_category"]),
            "offer": st.lists(st.sampled_from(["new", "sale"]), unique=True),
            "expires_after": DURATIONS,
        },
    ),
    min_size=1,
    max_size=3,
)
PLAYS = st.fixed_dictionaries(
    {
        "on": st.one_of(
            st.sampled_from([f"signal:{kind}" for kind in SILENCE_KINDS]),
            st.sampled_from([f"event:{type_}" for type_ in EVENT_TYPES]),
        ),
        "steps": STEPS,
    },
    optional={
        "goal": st.sampled_from([*GOALS, *EVENT_TYPES]),
        "goal_within": DURATIONS,
        "priority": st.integers(0, 1000),
        "where": st.dictionaries(st.just("stage"), st.sampled_from(["cooling", "lapsing"])),
    },
)
POLICIES = st.fixed_dictionaries(
    {},
    optional={
        "name": WORDS,
        "memory": DURATIONS,
        "detect": st.fixed_dictionaries(
            {},
            optional=DETECT,
        ),
        "holdout": st.fixed_dictionaries(
            {}, optional={"share": st.floats(0, 1), "salt": st.text(max_size=20)}
        ),
        "cap": st.fixed_dictionaries({}, optional={"channel": st.integers(0, 99), "channel_per": DURATIONS}),
        "channels": st.dictionaries(
            WORDS.filter(lambda name: name != "audience"),
            st.fixed_dictionaries({}, optional={"order": st.integers(1, 9)}),
            max_size=3,
        ),
        "plays": st.dictionaries(WORDS, PLAYS, max_size=3),
    },
)

PATHS = [name.path for name in all_names() if ANY not in name.path]
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=4), st.integers(), max_size=2),
)


@given(POLICIES)
def test_a_policy_comes_back_from_its_document_with_the_same_version(written: dict[str, Any]) -> None:
    policy = from_document(written)
    sent = json.loads(json.dumps(document(policy)))
    assert from_document(sent) == policy
    assert version(from_document(sent)) == version(policy)
    assert document(from_document(sent)) == document(policy)


@given(POLICIES)
def test_what_is_prepared_agrees_with_what_was_written(written: dict[str, Any]) -> None:
    policy = from_document(written)
    assert sorted(policy.channels_in_order) == sorted(policy.channels)
    answered = {name: play for plays in policy.plays_on.values() for name, play in plays}
    assert answered == policy.plays
    for kind, rule in policy.detect.silences.items():
        own = written.get("detect", {}).get(kind, {})
        common = written.get("detect", {}).get("grace", "10m")
        assert rule.grace == parse(own.get("grace", common))


@given(st.integers(0, 36_500), st.sampled_from("smhd"))
def test_a_duration_comes_back_from_its_text(number: int, unit: str) -> None:
    length = parse(f"{number}{unit}")
    assert parse(text_of(length)) == length
    assert text_of(parse(text_of(length))) == text_of(length)


@given(st.sampled_from(PATHS), JUNK)
def test_whatever_stands_under_a_name_is_taken_or_refused_with_words(
    path: tuple[str, ...], junk: object
) -> None:
    written: Any = junk
    for name in reversed(path):
        written = {name: written}
    try:
        policy = from_document(written)
    except PolicyError as refused:
        problems = refused.problems
    else:
        problems = ()
        assert from_document(document(policy)) == policy
    assert all(problem.message for problem in problems)


@given(st.integers(0, len(DEFAULT)), st.integers(0, 20), st.text(alphabet="[]{}=\"'\n#.,a1 ", max_size=4))
def test_a_file_with_any_slip_is_judged_and_its_problems_lie_inside_it(at: int, cut: int, put: str) -> None:
    text = DEFAULT[:at] + put + DEFAULT[at + cut :]
    lines = len(text.split("\n"))
    for problem in check(text):
        assert 1 <= problem.line <= lines
        assert problem.message


@given(st.text())
def test_any_text_at_all_is_judged(text: str) -> None:
    assert all(1 <= problem.line <= len(text.split("\n")) for problem in check(text))
