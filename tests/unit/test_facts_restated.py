"""What is in force outlives a control topic that was made anew: it is said again on the new one."""

import pytest

from streams.facts import FactsInForce
from streams.wire import row
from streams.wire.control import OffersFact, PolicyFact
from tests.support.story import offers_fact, policy, policy_fact

KEPT = 2**63


def recovered(*entries: tuple[int, PolicyFact | OffersFact]) -> FactsInForce:
    """Facts as a new owner has them who read the changelog."""
    before, after = FactsInForce(), FactsInForce()
    for offset, fact in entries:
        before.learn(offset, fact)
    for key, value in before.entries(1, 7, 0).items():
        after.restore(key, value)
    after.restored(KEPT)
    return after


def test_what_was_recovered_is_said_again_and_its_place_forgotten() -> None:
    facts = recovered((900, policy_fact(policy())), (950, offers_fact()))
    said = facts.restate()
    assert said == [policy_fact(policy()), offers_fact()]
    for offset, fact in enumerate(said):
        facts.learn(offset, fact)
    entries = facts.entries(2, 8, 1)
    assert {row.parse_context_key(key): value is None for key, value in entries.items()} == {
        ("policy", 900): True,
        ("offers", 950): True,
        ("policy", 0): False,
        ("offers", 1): False,
    }
    assert facts.entries(3, 8, 2) == {}, "once"


def test_what_the_new_topic_says_already_is_not_said_again() -> None:
    facts = recovered((900, policy_fact(policy())), (950, offers_fact()))
    facts.learn(0, policy_fact(policy()))
    assert facts.restate() == [offers_fact()]


@pytest.mark.parametrize("place", [0, 3])
def test_a_place_that_is_the_same_on_both_is_kept(place: int) -> None:
    facts = recovered((place, policy_fact(policy())))
    (said,) = facts.restate()
    facts.learn(place, said)
    assert None not in facts.entries(2, 8, 1).values()
    assert facts.current(row.context_key("policy", place), 8) is not None
