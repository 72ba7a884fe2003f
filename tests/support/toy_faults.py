"""Faults that a toy worker does to itself, at points that a test chooses.

``TOY_FAULT=<point>:<what>`` prepares one; it happens once, at the first pass after SIGHUP. Several, separated
by commas, happen in that order. With ``TOY_FAULT_AT_ONCE=on`` nobody has to send the signal.

Points, for a cut with rows of customers: ``mutated`` (executed in memory), ``leased`` (the lease was looked
at), ``sent`` (rows handed over), ``acked`` (rows acknowledged), ``effects`` (effects handed over). Others:
``turn`` (the drain loop is about to write cuts), ``cut`` (a cut is handed over), ``claim`` (partitions are
about to be claimed), ``recover`` (the changelog was read).

What: ``stop`` (SIGSTOP, until a test thaws the process), ``kill`` (SIGKILL), ``block`` (keeps the event
loop for ever), ``hang`` (waits for ever), ``cancel`` (the task ends as if cancelled), ``lose`` (drops a
record that waits in an inbox), ``skip`` (has the client fetch on behind records that were not read),
``swallow`` (of a cut only: it never leaves, and nobody is told).
"""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from agents.lane.lane import Lane
from agents.lane.partition import OwnedPartition
from agents.lane.sending import Line, Sent


class SwallowedError(Exception):
    """What should be handed over shall not be."""


SKIPPED = 10
"""Records that a client jumps over."""


class Faults:
    """What will happen.

    Args:
        lane: Of the worker.
        said: The value of ``TOY_FAULT``.
        armed: Whether it may happen before SIGHUP.
    """

    def __init__(self, lane: Lane, said: str, *, armed: bool) -> None:
        self._lane = lane
        self._coming = [fault.split(":") for fault in said.split(",")]
        self._armed = armed
        signal.signal(signal.SIGHUP, lambda *_: self._arm())

    def _arm(self) -> None:
        self._armed = True

    async def at(self, point: str) -> None:
        """Do what is due here."""
        if not self._armed or not self._coming or point != self._coming[0][0]:
            return
        what = self._coming[0][1]
        if what in ("lose", "skip") and not getattr(self, f"_{what}")():
            return  # nothing there to lose yet
        self._coming.pop(0)
        match what:
            case "stop":
                os.kill(os.getpid(), signal.SIGSTOP)
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "block":
                time.sleep(10_000)  # noqa: ASYNC251 - that is the fault
            case "hang":
                await asyncio.Event().wait()
            case "cancel":
                raise asyncio.CancelledError
            case "swallow":
                raise SwallowedError

    def _lose(self) -> bool:
        for owned in self._lane.partitions.values():
            for box in owned.inbox._boxes.values():
                if box:
                    box.pop()
                    return True
        return False

    def _skip(self) -> bool:
        client = self._lane.consumer._thread._ensure_consumer()
        for place in client.assignment():
            state = self._lane.consumer._state(place)
            if state.position + SKIPPED < (state.highwater or 0) and place.topic in self._lane.inputs:
                client.seek(place, state.position + SKIPPED)
                return True
        return False


def install(lane: Lane, faults: Faults) -> None:
    """Put the points in, around what the lane calls."""
    changelog, sender = lane.changelog, lane.sender
    of_customers: dict[int, bool] = {}  # by partition, whether what was handed over last was

    def has_rows(owned: OwnedPartition, rows: Mapping[bytes, bytes | None]) -> bool:
        found = of_customers[owned.number] = any(not key.startswith(b"\x00") for key in rows)
        return found

    def had_rows(owned: OwnedPartition, _sent: object) -> bool:
        return of_customers[owned.number]

    _swallowing(lane, faults)
    _around(changelog, "send", has_rows, before="mutated", after="sent", faults=faults)
    _around(changelog, "settle", had_rows, after="acked", faults=faults)
    _around(sender, "_ship", lambda *given: given[2] == changelog.topic, before="leased", faults=faults)
    _around(lane, "send_effects", lambda *given: bool(given[1]), after="effects", faults=faults)
    _around(lane, "propose", lambda: True, before="turn", faults=faults)
    _around(lane, "claim", lambda *_: True, before="claim", faults=faults)
    _around(lane, "finish_recovery", lambda *_: True, before="recover", faults=faults)


def _swallowing(lane: Lane, faults: Faults) -> None:
    original = lane.sender.send

    async def send(topic: str, partition: int, lines: Iterable[Line]) -> list[Sent]:
        try:
            if topic == lane.catalogue.control.name:
                await faults.at("cut")
        except SwallowedError:
            return [Sent(asyncio.get_running_loop().create_future(), 1)]
        return await original(topic, partition, lines)

    lane.sender.send = send  # type: ignore[method-assign]


def _around(
    owner: object,
    name: str,
    concerns: Callable[..., bool],
    *,
    faults: Faults,
    before: str = "",
    after: str = "",
) -> None:
    original: Callable[..., Awaitable[Any]] = getattr(owner, name)

    async def wrapped(*given: Any) -> Any:  # noqa: ANN401 - whatever the method takes
        meant = concerns(*given)
        if meant:
            await faults.at(before)
        answer = await original(*given)
        if meant:
            await faults.at(after)
        return answer

    setattr(owner, name, wrapped)
