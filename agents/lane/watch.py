"""Hooks on one aiokafka consumer: when its fetches left, and when the group last answered.

aiokafka notes when the *answer* to a fetch was processed; after a freeze that is long after it was true.
And it does not tell of heartbeats. Both hooks replace a method of the instances that belong to this worker,
no class.
"""

import time
from typing import Any

from aiokafka import TopicPartition

from .clock import Hold, wall_ms
from .fence import Lease

Answers = dict[tuple[str, int], tuple[int, int]]
"""By topic and partition: when the last answered fetch was sent (ms), and the high watermark it brought."""


def watch_fetches(fetcher: Any, hold: Hold, answers: Answers) -> None:
    """Note for each partition when its last answered fetch was sent."""
    original = fetcher._proc_fetch_request

    async def proc_fetch_request(assignment: Any, node_id: int, request: Any) -> bool:
        sent = wall_ms()
        has_data: bool = await original(assignment, node_id, request)
        answered = False
        for topic, partitions in request.topics:
            for partition, *_ in partitions:
                try:
                    state = assignment.state_value(TopicPartition(topic, partition))
                except KeyError:
                    continue
                # aiokafka has just stamped what was answered; an older stamp: an error, or a seek in between
                if state.timestamp is not None and state.timestamp >= sent and state.highwater is not None:
                    answers[topic, partition] = (sent, state.highwater)
                    answered = True
        if answered:
            hold.answered(node_id, sent, wall_ms())
        elif assignment.active:
            hold.failed(node_id, sent)
        return has_data

    fetcher._proc_fetch_request = proc_fetch_request


def watch_heartbeats(coordinator: Any, lease: Lease) -> None:
    """Renew the lease with each heartbeat that the group accepted, as of the moment it was sent."""
    original = coordinator._do_heartbeat

    async def do_heartbeat() -> bool:
        sent = time.monotonic()
        accepted: bool = await original()
        if accepted:
            lease.renew(sent)
        return accepted

    coordinator._do_heartbeat = do_heartbeat
