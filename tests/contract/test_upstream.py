"""What the lane rests on in Faust and aiokafka (engine.md 6): red, naming the member, when it changes.

The first half holds every member that is overridden, called or read: name, parameters, whether it is awaited.
The second half turns red when upstream *repairs* a hole that we guard against, so that the guard can go.
"""

import inspect
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import aiokafka
import pytest
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.consumer.subscription_state import TopicPartitionState
from aiokafka.producer.message_accumulator import BatchBuilder, MessageAccumulator
from aiokafka.structs import RecordMetadata
from faust.app.base import App
from faust.cli.agents import agents as agents_command
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.topics import Topic
from faust.transport.consumer import Consumer, ThreadDelegateConsumer
from faust.transport.drivers import aiokafka as driver
from mode.services import Service
from mode.threads import QueueServiceThread

from agents.lane.app import JointTopic, LaneApp
from agents.lane.consumer import LaneConsumer, LaneConsumerThread
from agents.lane.recovery import LaneRecovery, LaneTables
from agents.lane.transport import LaneProducer, LaneTransport

if TYPE_CHECKING:
    from collections.abc import Callable

SELF = "self"


@pytest.mark.parametrize(
    ("package", "pinned"),
    [("faust-streaming", "0.15.3"), ("mode-streaming", "0.7.1"), ("aiokafka", "0.14.0")],
)
def test_the_versions_are_those_that_were_read_and_measured(package: str, pinned: str) -> None:
    assert version(package) == pinned


MEMBERS = [
    # overridden
    (Consumer, "_drain_messages", ["fetcher"], True),
    (Consumer, "_filter_tps_with_pending_acks", ["topics"], False),
    (Consumer, "_filter_committable_offsets", ["tps"], False),
    (Consumer, "_commit_offsets", ["offsets", "start_new_transaction"], True),
    (Consumer, "wait_empty", [], True),
    (Consumer, "perform_seek", [], True),
    (Consumer, "on_partitions_revoked", ["revoked"], True),
    (Consumer, "on_partitions_assigned", ["assigned", "generation_id"], True),
    (ThreadDelegateConsumer, "_getmany", ["active_partitions", "timeout"], True),
    (driver.Consumer, "_new_consumer_thread", [], False),
    (driver.Consumer, "verify_event_path", ["now", "tp"], False),
    (driver.AIOKafkaConsumerThread, "_create_worker_consumer", ["transport"], False),
    (driver.AIOKafkaConsumerThread, "on_start", [], True),
    (driver.AIOKafkaConsumerThread, "_commit", ["offsets"], True),
    (driver.Producer, "_settings_extra", [], False),
    (driver.Producer, "_new_producer", ["transactional_id"], False),
    (Recovery, "_build_highwaters", ["consumer", "tps", "destination", "title"], True),
    (Recovery, "on_recovery_completed", ["generation_id"], True),
    (App, "_new_transport", [], False),
    (App, "_new_producer_transport", [], False),
    (App, "_create_directories", [], False),
    (App, "on_first_start", [], True),
    (Service, "start", [], True),
    (Service, "stop", [], True),
    (Service, "on_shutdown", [], True),
    (Service, "_crash", ["reason"], False),
    (Topic, "get_topic_name", [], False),
    # called or replaced on an instance
    (Consumer, "_wait_next_records", ["timeout"], True),
    (Consumer, "commit_and_end_transactions", [], True),
    (Consumer, "resume_flow", [], False),
    (Consumer, "resume_partitions", ["tps"], False),
    (driver.AIOKafkaConsumerThread, "_ensure_consumer", [], False),
    (driver.AIOKafkaConsumerThread, "commit", ["offsets"], True),
    (QueueServiceThread, "call_thread", ["fun", "args", "kwargs"], True),
    (Recovery, "_set_recovery_ended", [], False),
    (Recovery, "_wait", ["coro", "timeout"], True),
    (Recovery, "_is_changelog_tp", ["tp"], False),
    (TableManager, "on_actives_ready", [], False),
    (TableManager, "on_standbys_ready", [], False),
    (App, "on_rebalance_end", [], False),
    (Fetcher, "_proc_fetch_request", ["assignment", "node_id", "request"], True),
    (GroupCoordinator, "_do_heartbeat", [], True),
    (aiokafka.AIOKafkaProducer, "create_batch", [], False),
    (aiokafka.AIOKafkaProducer, "send_batch", ["batch", "topic", "partition"], True),
    (BatchBuilder, "append", ["timestamp", "key", "value", "headers"], False),
    (BatchBuilder, "close", [], False),
    (aiokafka.AIOKafkaConsumer, "commit", ["offsets"], True),
    (GroupCoordinator, "fetch_committed_offsets", ["partitions"], True),
    (aiokafka.AIOKafkaConsumer, "seek", ["partition", "offset"], False),
    (aiokafka.AIOKafkaConsumer, "beginning_offsets", ["partitions"], True),
    (aiokafka.AIOKafkaConsumer, "end_offsets", ["partitions"], True),
    (aiokafka.AIOKafkaConsumer, "assignment", [], False),
]


@pytest.mark.parametrize(
    ("owner", "name", "parameters", "is_async"),
    MEMBERS,
    ids=[f"{owner.__name__}.{name}" for owner, name, *_ in MEMBERS],
)
def test_a_member_has_the_form_that_the_lane_counts_on(
    owner: type,
    name: str,
    parameters: list[str],
    is_async: bool,  # noqa: FBT001 - pytest hands it over
) -> None:
    member: Callable[..., Any] = inspect.unwrap(getattr(owner, name))
    assert [
        parameter for parameter in inspect.signature(member).parameters if parameter != SELF
    ] == parameters
    assert inspect.iscoroutinefunction(member) == is_async


OURS = [
    (LaneConsumer, driver.Consumer),
    (LaneConsumerThread, driver.AIOKafkaConsumerThread),
    (LaneProducer, driver.Producer),
    (LaneTransport, driver.Transport),
    (LaneRecovery, Recovery),
    (LaneTables, TableManager),
    (LaneApp, App),
    (JointTopic, Topic),
]
# members of ours that Faust must not come to have: ours would override something unknown
OWN: dict[type[object], list[str]] = {
    LaneConsumer: [
        "_turn", "_look", "_take", "_reach", "_follows", "_state", "last_answer", "committed_of", "ends",
        "survey", "_survey", "_seek_all", "finished", "lane", "done",
    ],
    LaneRecovery: ["lane", "end_if_read", "_finish", "_guarded"],
    LaneApp: ["lane", "before_live", "on_ready"],
}  # fmt: skip


@pytest.mark.parametrize(("ours", "theirs"), OURS, ids=[ours.__name__ for ours, _ in OURS])
def test_what_we_override_is_listed_above_and_what_we_add_is_not_theirs(ours: type, theirs: type) -> None:
    listed = {name for owner, name, *_ in MEMBERS if issubclass(theirs, owner)}
    properties = {"recovery", "Consumer", "Producer", "RebalanceListener", "logger"}
    for name, member in vars(ours).items():
        if name.startswith("__") or not (callable(member) or isinstance(member, property)):
            continue
        if hasattr(theirs, name):
            assert name in listed | properties, (
                f"{ours.__name__}.{name} overrides a member that no test holds"
            )
    for name in OWN.get(ours, ()):
        assert not hasattr(theirs, name), f"{theirs.__name__} has got a member {name}, which is ours"


async def test_the_attributes_that_the_lane_reads_are_there() -> None:
    assert {"offset"} <= set(RecordMetadata._fields)
    state = TopicPartitionState(None)
    assert [state.highwater, state.timestamp] == [None, None]
    assert hasattr(TopicPartitionState, "position")
    assert hasattr(TopicPartitionState, "has_valid_position")
    source = inspect.getsource(Consumer.__init__)
    for name in ("_read_offset", "_committed_offset"):
        assert f"self.{name} = defaultdict" in source, name
    for name in (
        "in_recovery",
        "completed",
        "active_offsets",
        "actives_for_table",
        "standbys_for_table",
        "active_tps",
    ):
        assert name in Recovery.__annotations__, name
    for owner, name in [
        (Recovery, "signal_recovery_end"),
        (TableManager, "changelog_topics"),
        (Service, "should_stop"),
    ]:
        assert isinstance(inspect.getattr_static(owner, name), property), name
    listener = inspect.getsource(driver.ConsumerRebalanceListener.on_partitions_assigned)
    assert "app.consumer_generation_id = generation" in listener
    assert driver.Producer._producer is None
    constructor = inspect.getsource(aiokafka.AIOKafkaConsumer.__init__)
    for name in ("_fetch_max_wait_ms", "_isolation_level"):
        assert f"self.{name} =" in constructor, name
    producer = inspect.getsource(aiokafka.AIOKafkaProducer)
    assert "self._message_accumulator = MessageAccumulator(" in producer
    assert "batch, tp, self._request_timeout_ms / 1000" in producer, "the wait for a free slot of send_batch"
    assert "MessageBatch(tp, builder, self._batch_ttl" in inspect.getsource(MessageAccumulator)


# -- holes that we guard against: red when upstream repairs them, so that the guard can go


def test_faust_still_hands_its_live_set_of_partitions_to_the_fetching_thread() -> None:
    consumer = inspect.getsource(Consumer._wait_next_records)
    assert "active_partitions = self._get_active_partitions()" in consumer
    assert "active_partitions=active_partitions" in consumer, (
        "a copy is handed over: our _getmany need not make one"
    )


def test_aiokafka_still_takes_an_empty_set_for_all_partitions() -> None:
    assert "if partitions and tp not in partitions" in inspect.getsource(Fetcher.fetched_records)


def test_faust_still_resumes_inputs_before_it_seeks() -> None:
    stock = inspect.getsource(Recovery.on_recovery_completed)
    assert stock.index("resume_partitions") < stock.index("perform_seek"), "our order may be theirs now"


def test_faust_still_takes_a_hole_of_acknowledgements_for_none() -> None:
    assert "batch = next(consecutive_numbers(acked))" in inspect.getsource(Consumer._new_offset)


def test_faust_still_fixes_how_long_a_fetch_waits() -> None:
    source = inspect.getsource(driver.AIOKafkaConsumerThread._create_worker_consumer)
    assert "fetch_max_wait_ms=1500" in source, "it is a setting now: use it"


def test_faust_still_makes_its_producer_idempotent_with_exactly_once_only() -> None:
    assert "enable_idempotence" not in inspect.getsource(driver.Producer._settings_default)


def test_faust_still_notes_a_failed_commit_as_committed() -> None:
    source = inspect.getsource(Consumer._commit_offsets)
    noted = source.index("self._committed_offset.update(committable_offsets)")
    assert "if did_commit" not in source[noted - 60 : noted]


def test_faust_still_clears_the_end_of_recovery_only_in_the_loop_that_the_lane_bypasses() -> None:
    assert "signal_recovery_end.clear()" in inspect.getsource(Recovery._slurp_changelogs.fun)
    assert "signal_recovery_end.clear()" not in inspect.getsource(Recovery._restart_recovery.fun)


def test_faust_still_cannot_list_an_agent_on_several_topics() -> None:
    assert "except NotImplementedError" in inspect.getsource(agents_command._maybe_topic)
    assert "raise ValueError" in inspect.getsource(Topic.get_topic_name)


def test_aiokafka_still_gives_a_batch_up_after_the_time_of_one_request() -> None:
    source = inspect.getsource(aiokafka.AIOKafkaProducer.__init__)
    assert "request_timeout_ms / 1000" in source, "it has a delivery timeout of its own now: use that"


def test_aiokafka_still_stamps_a_fetch_when_its_answer_is_processed() -> None:
    source = inspect.getsource(Fetcher._proc_fetch_request)
    assert source.index("await self._client.send") < source.index("now_ms = int(1000 * time.time())")
