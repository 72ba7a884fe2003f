"""The access list gives each principal what it needs, and nothing that could harm."""

from agents.rights import rights
from streams.topics import catalogue

OURS = catalogue("brand", 4)
WORKER = {right.name: set(right.operations) for right in rights(OURS) if right.principal == "worker"}
OPERATOR = {right.name: set(right.operations) for right in rights(OURS) if right.principal == "operator"}


def test_a_worker_reads_inputs_and_writes_none_of_them() -> None:
    for topic in OURS.inputs:
        assert WORKER[topic.name] == {"Read", "DescribeConfigs"}


def test_a_worker_writes_effects_and_rejects_and_reads_none_of_them() -> None:
    for topic in (OURS.signals, OURS.rejects, *OURS.commands.values()):
        assert WORKER[topic.name] == {"Write", "DescribeConfigs"}


def test_a_worker_reads_and_writes_what_it_recovers_from() -> None:
    for topic in (OURS.changelog, OURS.control, OURS.facts):
        assert WORKER[topic.name] >= {"Read", "Write"}


def test_a_worker_is_in_one_group() -> None:
    assert WORKER["brand-detect"] == {"Read"}


def test_nobody_may_delete_or_alter_and_only_operators_create() -> None:
    given = set().union(*WORKER.values(), *OPERATOR.values())
    assert given <= {"Read", "Write", "Create", "Describe", "DescribeConfigs"}
    assert not any("Create" in operations for operations in WORKER.values())


def test_an_operator_writes_control_and_facts_alone() -> None:
    assert {name for name, operations in OPERATOR.items() if "Write" in operations} == {
        OURS.control.name,
        OURS.facts.name,
    }
