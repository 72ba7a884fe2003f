"""Which policy a partition decides under when one on control cannot be used."""

from streams.facts import FactsInForce
from streams.policy.builtin import DEFAULT, default_policy
from streams.policy.parse import changed, document, version
from streams.wire.control import PolicyFact


def fact(**changes: object) -> PolicyFact:
    policy = changed(DEFAULT, changes)
    return PolicyFact(version=version(policy), document=document(policy))


def test_a_partition_without_a_published_policy_uses_the_built_in_one() -> None:
    facts = FactsInForce()
    assert facts.policy == default_policy()
    assert not facts.published


def test_a_published_policy_that_cannot_be_used_leaves_the_one_before_in_force() -> None:
    facts = FactsInForce()
    good, bad = fact(own={"min_gaps": 7}), fact()
    bad.document["detect"]["brand_stopped"]["rule"] = "steerd"
    facts.learn(10, good)
    facts.learn(11, bad)
    assert facts.policy.own.min_gaps == 7
    assert facts.version == good.version
    assert facts.refused == 1
