"""Every kind of signal and command is one plain sentence, whatever its evidence."""

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.wire.command import ACTIONS as COMMAND_ACTIONS
from streams.wire.command import ConsentAt
from streams.wire.signal import ACTIONS, CLOSINGS, KINDS
from streams.wire.times import DAY, format_time
from streams.wording import command_sentence, signal_sentence
from tests.support.effects import NOW, OWN, command, signal


def surface(**changes: object) -> dict[str, object]:
    return {"surface": {**OWN["surface"], **changes}}


def test_an_own_rhythm_is_told_with_the_occasions_behind_it() -> None:
    assert (
        signal_sentence(signal())
        == "c-42 has not bought for 24.1 d; usually every 6.8 d (own rhythm of 14 purchases)"
    )


def test_a_pooled_rhythm_says_how_little_is_known() -> None:
    told = signal_sentence(signal(evidence=surface(occasions=1, threshold_from="pooled")))
    assert told == "c-42 has not bought for 24.1 d; usually every 6.8 d (only 1 purchase: others' rhythm)"


def test_a_threshold_named_by_the_policy_is_told_as_the_policys() -> None:
    told = signal_sentence(signal(evidence=surface(threshold_from="policy")))
    assert told == "c-42 has not bought for 24.1 d; the policy allows 24.0 d"


@pytest.mark.parametrize(
    ("kind", "begins"),
    [
        ("app_stopped", "c-42 has not opened the app for 24.1 d"),
        ("web_stopped", "c-42 has not visited the site for 24.1 d"),
        ("store_stopped", "c-42 has not been to a store for 24.1 d"),
        ("brand_stopped", "c-42 has not been seen anywhere for 24.1 d"),
    ],
)
def test_each_silence_names_what_was_not_done(kind: str, begins: str) -> None:
    assert signal_sentence(signal(kind=kind)).startswith(begins)


PUSH = {"timing": "late", "reason": "settings", "agreed_since": format_time(NOW - 40 * DAY), "delivered": 6}
EMAIL = {
    "how": "unsubscribe",
    "reason": "settings",
    "subscribed_since": format_time(NOW - 40 * DAY),
    "delivered": 1,
}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"kind": "push_opted_out", "channel": "push", "evidence": PUSH},
            "c-42 turned push off 40.0 d after agreeing and 6 pushes",
        ),
        (
            {
                "kind": "push_opted_out",
                "channel": "push",
                "surface": "web",
                "evidence": {"timing": "early", "reason": "asked", "agreed_since": None},
            },
            "c-42 does not want web push: said no when asked",
        ),
        (
            {"kind": "push_opted_out", "channel": "push", "evidence": {**PUSH, "timing": "early"}},
            "c-42 turned push off 40.0 d after agreeing, before it was of any use",
        ),
        (
            {"kind": "email_opted_out", "channel": "email", "evidence": EMAIL},
            "c-42 left the mailing list 40.0 d after subscribing and 1 email",
        ),
        (
            {"kind": "email_opted_out", "channel": "email", "evidence": {"how": "complaint"}},
            "c-42 marked our email as spam",
        ),
        (
            {"kind": "email_opted_out", "channel": "email", "evidence": {"how": "blocked"}},
            "c-42 blocked our email",
        ),
        ({"kind": "email_declined", "channel": "email"}, "c-42 said no to email when asked"),
        (
            {"kind": "message_disengaged", "channel": "push", "evidence": {}},
            "c-42 has not reacted to push since 2026-10-28",
        ),
        ({"kind": "present_but_deaf"}, "c-42 still comes by, but reacts to no message"),
        ({"kind": "deaf_everywhere"}, "c-42 no longer reacts on any channel"),
        ({"kind": "premium_cancelled"}, "c-42 cancelled the paid plan"),
        (
            {
                "kind": "app_uninstalled",
                "evidence": {
                    "interval": {
                        "earliest_at": format_time(NOW - 2 * DAY),
                        "latest_at": format_time(NOW),
                    },
                    "grade": "soft",
                },
            },
            "c-42 has probably removed the app between 2026-11-19 and 2026-11-21",
        ),
        (
            {"kind": "app_uninstalled", "evidence": {"grade": "hard"}},
            "c-42 has removed the app",
        ),
    ],
)
def test_what_a_customer_did_is_told_as_it_was(changes: dict[str, Any], sentence: str) -> None:
    assert signal_sentence(signal(**changes)) == sentence


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"reason": "returned"}, "c-42 bought again after 24.0 d"),
        ({"reason": "returned", "kind": "brand_stopped"}, "c-42 is back after 24.0 d"),
        (
            {"reason": "reconsented", "kind": "push_opted_out", "channel": "push"},
            "c-42 agreed to push again",
        ),
        (
            {"reason": "disabled", "kind": "web_stopped"},
            "c-42 is no longer watched for web stopped: the policy says so",
        ),
    ],
)
def test_a_closing_tells_its_reason(changes: dict[str, Any], sentence: str) -> None:
    assert signal_sentence(signal(action="closed", evidence={}, **changes)) == sentence


def test_a_retraction_names_what_was_learnt_late() -> None:
    evidence = {"event": {"occurred_at": format_time(NOW - DAY)}}
    told = signal_sentence(signal(action="retracted", evidence=evidence))
    assert told == "c-42 had bought on 2026-11-20, which was learnt late: purchase stopped is taken back"


def test_what_is_long_past_is_said_to_be() -> None:
    assert signal_sentence(signal(historical=True)).endswith("(long past when it was found)")


def test_a_send_says_what_to_whom_why_and_by_whose_leave() -> None:
    assert command_sentence(command(), signal(kind="brand_stopped")) == (
        'email "win_back_hello" to c-42, because they have not been seen anywhere for 24.1 d; '
        "usually every 6.8 d (win_back, step 1; agreed on 2026-08-13)"
    )


def test_a_send_whose_signal_is_not_at_hand_is_told_without_a_reason() -> None:
    told = command_sentence(command(channel="in_app", consent=ConsentAt("not_required", None)))
    assert told == 'in-app message "win_back_hello" to c-42 (win_back, step 1; needs no consent)'


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"action": "cancel"}, "no email to c-42 after all: no longer due (win_back, step 1)"),
        ({"action": "hold"}, "no more email to c-42 until further notice"),
        ({"action": "hold", "until": NOW}, "no more email to c-42 until 2026-11-21"),
        ({"action": "release"}, "email to c-42 is free again"),
        (
            {"action": "audience_add", "channel": "ads", "audience": "lost"},
            "c-42 joins the audience lost",
        ),
        (
            {"action": "audience_remove", "channel": "ads", "audience": "lost"},
            "c-42 leaves the audience lost",
        ),
    ],
)
def test_each_other_command_is_one_sentence(changes: dict[str, Any], sentence: str) -> None:
    assert command_sentence(command(message=None, **changes)) == sentence


def test_every_kind_and_every_closing_has_words_of_its_own() -> None:
    openings = {signal_sentence(signal(kind=kind, channel="email", evidence={})) for kind in KINDS}
    closings = {
        signal_sentence(signal(action="closed", kind="push_opted_out", channel="push", reason=reason))
        for reason in CLOSINGS
        if reason != "returned"  # a word of the silences, tested above
    }
    assert len(openings) == len(KINDS)
    assert len(closings) == len(CLOSINGS) - 1
    assert not any("shows" in told for told in openings)
    assert not any("no longer shows" in told for told in closings)


scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["24.1d", "own"])
names = st.sampled_from([*OWN["surface"], *PUSH, *EMAIL, "surface", "event", "interval", "grade"])
evidences = st.dictionaries(names, scalars | st.dictionaries(names, scalars, max_size=4), max_size=4)


@given(
    kind=st.sampled_from([*KINDS, "not_invented_yet"]),
    action=st.sampled_from(ACTIONS),
    reason=st.none() | st.sampled_from(CLOSINGS) | st.text(alphabet=string.printable, max_size=8),
    evidence=evidences,
)
def test_no_evidence_makes_a_sentence_fail_or_fold(
    kind: str, action: str, reason: str | None, evidence: dict[str, Any]
) -> None:
    told = signal(kind=kind, action=action, reason=reason, evidence=evidence)
    assert signal_sentence(told).startswith("c-42 ")
    for what in COMMAND_ACTIONS:
        assert "c-42" in command_sentence(command(action=what), told)
