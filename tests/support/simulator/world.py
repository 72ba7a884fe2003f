"""What all in a schedule live in: time, chance, network, broker, group, topics."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import TypeVarTuple, Unpack

from agents.lane.core import Core
from streams.topics import catalogue

from .broker import Broker
from .core import ForgetfulPartition
from .group import Group
from .loop import VirtualLoop
from .network import Network
from .setting import Setting

Ts = TypeVarTuple("Ts")

EPOCH_MS = 1_790_000_000_000
"""The wall clock of all machines when virtual time is 0."""

INPUTS = 2
"""Inputs of the catalogue that are there: each one more costs turns and shows nothing new."""


class World:
    """Of one schedule.

    Args:
        random: Where everything is drawn from, in the order in which it happens.
        setting: What was drawn first.

    Attributes:
        trace: What happened, in order.
    """

    def __init__(self, random: Random, setting: Setting) -> None:
        self.random = random
        self.setting = setting
        self.trace: list[str] = []
        whole = catalogue("sim", setting.partitions)
        self.topics = replace(whole, inputs=whole.inputs[:INPUTS])
        self.loop = VirtualLoop(random)
        self.network = Network(self.loop, random)
        self.broker = Broker(self.wall_ms, self.note)
        self.group = Group(
            self.loop, random, self.broker, setting.partitions, setting.settings.kafka, self.note
        )

    def wall_ms(self) -> int:
        """The clock of all machines."""
        return EPOCH_MS + int(self.loop.time() * 1000)

    def note(self, what: str) -> None:
        """Put something into the trace."""
        self.trace.append(f"{self.loop.time():8.3f} {what}")

    def core(self, number: int) -> Core:
        """The small core of the lane's tests: it sees every record that is lost, repeated or misplaced."""
        return ForgetfulPartition(number, self.topics)

    def later(self, seconds: float, act: Callable[[Unpack[Ts]], object], *args: *Ts) -> None:
        """Do something then, whatever becomes of the process that asks for it."""
        self.loop.call_later(seconds, act, *args, context=self.loop.world.context)

    async def coordinate(self) -> None:
        """Have the coordinator look at its members now and then."""
        while True:
            await asyncio.sleep(0.2)
            self.group.look()
